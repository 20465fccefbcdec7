"""What is looked at beside the words: numbers, scripts, traditional characters."""

import sys

import pytest
from commands import run

from tfcli.text.numbers import has_lost_number
from tfcli.text.scripts import count_letters, foreign


@pytest.mark.parametrize(
    "source, translation",
    [
        ("2024年", "in 2024"),
        ("电话是13800138000", "Call 13800138000."),
        ("一共12345元", "12,345 yuan"),
        ("12，345元", "12345 yuan"),
        ("5000万人", "50 million people"),
        ("人口１４００万", "14 million"),
        ("只有123个", "only 7"),  # short numbers are not looked at
        ("没有数字", "no number"),
        ("3.14159", "3.14159"),
    ],
)
def test_numbers_that_are_kept(source, translation):
    assert not has_lost_number(source, translation)


@pytest.mark.parametrize(
    "source, translation",
    [
        ("2024年", "in 2042"),
        ("2024年", "in twenty"),
        ("从1999年到1999年", "from 1999"),  # it stood there twice
        ("5000万人", "5000 people"),
        ("13800138000", "1380013800"),
        ("3.14159", "3.1416"),
    ],
)
def test_numbers_that_are_lost(source, translation):
    assert has_lost_number(source, translation)


@pytest.mark.parametrize(
    "text, language, looks_like",
    [
        ("How are you today?", "zh", "English"),
        ("今天天气很好。", "zh", None),
        ("今天用 Python 写程序", "zh", None),
        ("今日はとても暑いですね", "zh", "Japanese"),
        ("안녕하세요 여러분", "zh", "Korean"),
        ("Привет, как дела", "zh", "Cyrillic script"),
        ("今天天气很好。", "en", "Chinese"),
        ("1234 !?", "zh", None),
        ("How are you", "xx", None),
    ],
)
def test_scripts(text, language, looks_like):
    assert foreign(count_letters(text), language) == looks_like


def test_a_text_of_another_script_gets_one_warning():
    lines = "How are you today?\nI am fine, thank you.\n"
    ended = run("translate", stdin=lines.encode())
    assert ended.code == 0 and ended.out.count(b"\n") == 2
    assert ended.err.count("the input looks like English; this model reads Chinese (zh → en)") == 1
    assert "looks like" not in run("translate", stdin="你好，今天天气怎么样？\nOK\n".encode()).err


def test_a_lost_number_is_flagged():
    ended = run("translate", "--json", "--max-length", "2", "我生于1987年3月21日，电话13800138000")
    assert '"number"' in ended.text


def test_traditional_characters_are_made_simplified():
    pytest.importorskip("opencc")
    simplified = run("translate", "--json", "这是我们的书")
    traditional = run("translate", "--json", "--normalize", "t2s", "這是我們的書")
    assert traditional.text.replace("這是我們的書", "这是我们的书") == simplified.text


def test_without_opencc_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "opencc", None)
    ended = run("translate", "--normalize", "t2s", "好")
    assert ended.code == 5 and "tfcli[zh]" in ended.err
