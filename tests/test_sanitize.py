"""Nothing untrusted reaches a terminal as a command, and table cells can be read back."""

import random
import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.text.sanitize import parse_cell, safe_cell, safe_tty

FLAG_OF_SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
HOSTILE = [
    *map(chr, [*range(0x20), *range(0x7F, 0xA0)]),
    *"\xad\u061c\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202e\u2060\u2066\u2069\ufeff\ufff9\U000e0001",
    *"\U000e0041\U000e007f\U0001f3f4\ud800\udfff\\[]x1;m~好é",
    *["\x1b]52;c;", "\x1b[6n", "\x1b]8;;http://a\x07", "\x9b2J", "👩‍👩‍👧", FLAG_OF_SCOTLAND, "[bold]", "[/nope]"],
]


def is_harmless(text: str) -> bool:
    """No character that a terminal obeys or hides, by the Unicode categories, region flags set aside."""
    left = re.sub("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f", "", text)
    return not any(
        unicodedata.category(char) in ("Cc", "Cs", "Cf", "Zl", "Zp") and char not in "\t\u200c\u200d" for char in left
    )


def test_fuzzed_strings_are_harmless():
    rng = random.Random(2)
    harmful = 0
    for _ in range(10_000):
        text = "".join(rng.choices(HOSTILE, k=rng.randrange(1, 20)))
        harmful += not is_harmless(text)
        assert is_harmless(safe_tty(text)), ascii(text)
        assert is_harmless(safe_tty(text, keep_newlines=True).replace("\n", "")), ascii(text)
        assert safe_tty(safe_tty(text)) == safe_tty(text), ascii(text)
    assert harmful > 5_000


def test_every_character():
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        shown = safe_tty(char)
        assert shown == char if is_harmless(char) else shown.isascii() and shown.isprintable(), ascii(char)


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_ordinary_text_stays(text):
    assert safe_tty(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b2J\0\x7f", r"\x9b2J\x00\x7f"),
        ("abc\u202edcb", r"abc\u202edcb"),
        ("\U000e0001\U000e0041", r"\U000e0001\U000e0041"),
        ("a\ud83d", r"a\ud83d"),
        ("a\tb\nc\rd\u2028", "a\tb" + r"\nc\rd\u2028"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("می\u200cخواهم 👨‍👩‍👧 ❤️ 👍🏽 🇨🇳", "می\u200cخواهم 👨‍👩‍👧 ❤️ 👍🏽 🇨🇳"),
        (FLAG_OF_SCOTLAND, FLAG_OF_SCOTLAND),
        (FLAG_OF_SCOTLAND[1:], "".join(map("\\U{:08x}".format, map(ord, FLAG_OF_SCOTLAND[1:])))),
        ("[bold]a[/nope] [link=http://a] :smile: [0]", "[bold]a[/nope] [link=http://a] :smile: [0]"),
    ],
)
def test_shown(text, shown):
    assert safe_tty(text) == shown


def test_newlines_on_request():
    assert safe_tty("a\nb\r\x0b", keep_newlines=True) == "a\nb\\r\\x0b"


@given(st.text(st.sampled_from("\\\t\n\rtnr 好\u2028")) | st.text())
def test_cells_can_be_read_back(text):
    cell = safe_cell(text)
    assert not re.search("[\t\n\r]", cell)
    assert parse_cell(cell) == text


def test_cells():
    assert safe_cell("a\tb\\n\r\n") == r"a\tb\\n\r\n"
    assert parse_cell("\\x\\") == "\\x\\"
