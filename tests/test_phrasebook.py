"""The built-in starter corpus: a translator learns it by heart, so every line must have one clean answer."""

import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

PHRASEBOOK = Path(__file__).parents[1] / "tfcli" / "phrasebook.tsv"
HAN = re.compile("[\u4e00-\u9fff]")
ZH_LINE = re.compile("[\u4e00-\u9fffA-Za-z0-9，。？！、：.%]{1,20}")
EN_LINE = re.compile(r"[A-Z0-9][A-Za-z0-9 ,.?!:'%-]*[.?!]")
FINAL_MARKS = {"。": ".", "？": "?", "！": "!"}


def bare(text: str) -> str:
    """The letters and digits of text alone: two lines that differ in marks and spaces are one question."""
    return "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())


@pytest.fixture(scope="module")
def text() -> str:
    return PHRASEBOOK.read_bytes().decode("utf-8")


@pytest.fixture(scope="module")
def rows(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.removesuffix("\n").split("\n")]


def test_is_plain_text_of_whole_lines(text):
    controls = {char for char in text if unicodedata.category(char).startswith("C")}
    assert controls == {"\t", "\n"}  # a byte order mark or a carriage return would be one more
    assert text.endswith("\n") and not text.endswith("\n\n")


def test_has_at_least_a_thousand_pairs_in_two_columns(rows):
    assert [row for row in rows if len(row) != 2 or not all(row)] == []
    assert len(rows) >= 1000


def test_no_side_begins_or_ends_with_a_blank(rows):
    assert [row for row in rows if any(side != side.strip() for side in row)] == []


def test_no_chinese_line_asks_twice(rows):
    counts = Counter(bare(zh) for zh, _ in rows)
    assert [zh for zh, count in counts.items() if count > 1] == []


def test_has_the_line_of_the_first_lesson(rows):
    assert ["好久不见", "Long time no see."] in rows


def test_chinese_is_han_with_chinese_marks(rows):
    assert [zh for zh, _ in rows if not HAN.search(zh) or not ZH_LINE.fullmatch(zh)] == []


def test_english_is_an_ascii_sentence_of_at_most_fourteen_words(rows):
    assert [en for _, en in rows if not en.isascii() or not EN_LINE.fullmatch(en)] == []
    assert [en for _, en in rows if not 1 <= len(en.split(" ")) <= 14 or "  " in en] == []


def test_final_marks_agree(rows):
    marked = [(zh, en) for zh, en in rows if zh[-1] in FINAL_MARKS]
    assert [pair for pair in marked if pair[1][-1] != FINAL_MARKS[pair[0][-1]]] == []


def test_people_type_with_and_without_a_final_mark(rows):
    marked = sum(zh[-1] in FINAL_MARKS for zh, _ in rows)
    assert 0.4 <= marked / len(rows) <= 0.6
