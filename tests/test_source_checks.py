"""What is looked at beside the words: numbers, scripts, traditional characters."""

import sys

import pytest
from commands import run

from tfcli.text.scripts import count_letters, foreign


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
    ended = run("translate", "-m", "zh-en", stdin=lines.encode())
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
