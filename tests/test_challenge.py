"""Judging by what a translation says, not by its words: other words for the right thing count, near misses do not."""

import json

import pytest
from commands import run
from hypothesis import given
from hypothesis import strategies as st

from tfcli.challenge.english_numbers import fold_numbers
from tfcli.challenge.judging import judge, normalize
from tfcli.challenge.result import evaluate_challenge
from tfcli.challenge.sentences import Sentence, read_challenge
from tfcli.errors import DataError, NotFoundError


def sentence(wanted: str, unwanted: str = "") -> Sentence:
    forms = tuple(tuple(part.split("|")) for part in wanted.split(" & "))
    return Sentence("k", "x", forms, tuple(filter(None, unwanted.split("|"))))


@pytest.mark.parametrize(
    ("wanted", "right", "wrong"),
    [
        ("Zhou Ming", "That's Zhou Ming's book.", "Monday's book."),
        ("Wang Xiaoming|Wang Xiao Ming", "WANG XIAO-MING came", "Wang Ming came"),
        ("320 million", "three hundred and twenty million people", "32 million people"),
        ("320 million", "320,000,000 people", "320 people"),
        ("1,208", "1208 books", "1 208 books"),
        ("6.5 percent", "6.5% of it", "6.5 of it"),
        ("6.5 percent", "six point five per cent", "65%"),
        ("20 percent off|20 percent discount", "a twenty percent discount", "20% of the price"),
        ("July 3", "on the 3rd of July", "on July 13"),
        ("July 3", "3 July, Monday", "the third day"),
        ("Oct 3|October 3", "October the third", "3 October 30"),
        ("21st", "the twenty-first floor", "21 floors"),
        ("9th", "she was ninth", "she was nine"),
        ("101", "a hundred and one dogs", "one hundred dogs, one cat"),
        ("1984", "in nineteen eighty-four", "in 84"),
        ("7:15|quarter past 7", "a quarter past seven", "at 7:50"),
        ("3:30 & pm|afternoon", "at 3:30 p.m.", "at 3:30 a.m."),
        ("24 billion", "24,000,000,000 yuan", "2.4 billion yuan"),
        ("60 million dollar", "$60 million", "€60 million"),
        ("700 million & hong kong", "HK$700 million", "700 million dollars"),
        ("120 yuan", "¥120", "120 dollars"),
        ("minus 28", "-28 degrees", "20-28 degrees"),
        ("Maria Garcia", "María García", "Maria Gracia"),
        ("2 & 60", "two of sixty", "two of sixteen"),
        ("007", "agent 007", "agent 7"),
        ("978 7 02", "978-7-02", "978702"),
        ("0.05", "zero point zero five", "0.5"),
        ("Xi'an", "in Xi’an", "in Xian'ning"),
    ],
)
def test_the_right_thing_in_other_words_counts(wanted, right, wrong):
    assert judge(sentence(wanted), right).right
    assert not judge(sentence(wanted), wrong).right
    assert not judge(sentence(wanted), "").right


def test_what_must_not_be_said_is_wrong_and_named():
    verdict = judge(sentence("Wang & dog|puppy", "king|cloud"), "King Wang of the clouds")
    assert (verdict.lacks, verdict.says, verdict.right) == (("dog|puppy",), ("king", "cloud"), False)


def test_a_word_is_not_found_inside_another():
    assert not judge(sentence("Li"), "Lily").right
    assert not judge(sentence("1"), "10 or 21").right
    assert judge(sentence("x", "ill"), "x still").right


def spell(number: int) -> str:
    """English words of a number below 10^15, with "and" as the British write it."""
    ones = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    ones = [*ones.split(), "seventeen", "eighteen", "nineteen"]
    tens = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
    for size, name in ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand")):
        if number >= size:
            rest = number % size
            return f"{spell(number // size)} {name}" + (f"{' and' * (rest < 100)} {spell(rest)}" if rest else "")
    if number >= 100:
        return f"{spell(number // 100)} hundred" + (f" and {spell(number % 100)}" if number % 100 else "")
    if number >= 20:
        return tens[number // 10] + (f" {ones[number % 10]}" if number % 10 else "")
    return ones[number]


@given(st.integers(0, 10**15 - 1) | st.integers(0, 2000), st.sampled_from(["", "people"]))
def test_numbers_in_words_have_their_value(number, following):
    words = [*spell(number).split(), *following.split()]
    assert fold_numbers(words) == [str(number), *following.split()]


@given(st.integers(1, 999), st.sampled_from([("thousand", 3), ("million", 6), ("billion", 9)]))
def test_digits_with_a_scale_have_their_value(number, scale):
    assert fold_numbers([f"{number / 10}", scale[0]]) == [str(number * 10 ** (scale[1] - 1))]


@given(st.text(max_size=80))
def test_any_text_is_judged(text):
    assert normalize(text) == normalize(text + " ")
    judge(sentence("a", "b"), text)


@given(
    st.lists(st.sampled_from(["two", "hundred", "and", "point", "a", "third", "million", ",", "7", "3.5", "twenty"]))
)
def test_numbers_swallow_no_other_word(words):
    assert [word for word in fold_numbers([*words, "end"]) if word == "end"] == ["end"]


@pytest.mark.parametrize(
    "line", ["names\t周明", "names\t周明\t", "a\tb\tc\td\te", "names 周明 Zhou Ming", "\t周明\tZhou Ming"]
)
def test_a_line_that_is_no_sentence_is_named(line, tmp_path):
    (tmp_path / "set.tsv").write_text(f"names\t周明\tZhou Ming\n{line}\n", "utf-8")
    with pytest.raises(DataError, match="line 2"):
        read_challenge(str(tmp_path))


def test_nothing_to_read(tmp_path):
    with pytest.raises(NotFoundError):
        read_challenge(str(tmp_path / "none.tsv"))
    with pytest.raises(DataError):
        read_challenge(str(tmp_path))
    (tmp_path / "latin.tsv").write_bytes("names\té\tE".encode("latin-1"))
    with pytest.raises(DataError, match="UTF-8"):
        read_challenge(str(tmp_path / "latin.tsv"))


def test_counts_by_kind():
    sentences = [Sentence("b", "1", (("one",),)), Sentence("a", "2", (("two",),)), Sentence("b", "3", (("three",),))]
    result = evaluate_challenge(sentences, ["1", "three", "four"])
    assert (result.right, result.all) == ({"b": 1, "a": 0}, {"b": 2, "a": 1})
    assert [(miss.source, miss.translation, miss.lacks) for miss in result.misses] == [
        ("2", "three", ("two",)),
        ("3", "four", ("three",)),
    ]
    with pytest.raises(DataError, match="3 challenge sentences, 1 translations"):
        evaluate_challenge(sentences, ["1"])


@pytest.fixture
def small_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "set.tsv").write_text("names\t周明来了\tZhou Ming\tMonday\ndates\t十月三日见\tOctober 3\n", "utf-8")
    (tmp_path / "hyp.en").write_text("It is Monday.\nSee you on 3 October.\n", "utf-8")
    return ["evaluate", "--challenge", "set.tsv", "--hyp", "hyp.en"]


def test_the_command_prints_counts_and_misses(small_set):
    text = run(*small_set).text
    assert "names  0/1  0%" in text and "dates  1/1  100%" in text and "all    1/2  50%" in text
    assert "周明来了" in text and "It is Monday." in text and "lacks Zhou Ming, says Monday" in text
    assert "十月三日" not in text


def test_the_command_as_json(small_set):
    (row,) = json.loads(run(*small_set, "--json").text)
    assert (row["right"], row["sentences"], row["kinds"]["names"]) == (1, 2, {"right": 0, "all": 1})
    assert row["misses"][0]["says"] == ["Monday"]


def test_the_command_can_demand(small_set):
    assert run(*small_set, "--fail-under", "challenge=50").code == 0
    ended = run(*small_set, "--fail-under", "challenge=51")
    assert ended.code == 1 and "challenge is 50.00, under 51" in ended.err


def test_the_command_takes_no_other_set_beside_it(small_set):
    assert run(*small_set, "set.tsv").code == 2
    assert run("evaluate", "--challenge", "none.tsv").code == 5


def test_the_command_with_a_model(small_set, tmp_path):
    ended = run("evaluate", "--challenge", "set.tsv", "-o", "out.en", "--limit", "1")
    assert ended.code == 0 and "/1" in ended.text and "/2" not in ended.text
    assert len((tmp_path / "out.en").read_text("utf-8").splitlines()) == 1
