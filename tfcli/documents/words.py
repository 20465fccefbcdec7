"""Where a mark may begin or end: at the edges of words, or between any two characters of a script without spaces."""

import re
from unicodedata import category

from tfcli.documents.segment import Span

# Chinese, Japanese, Thai, Lao, Burmese and Khmer put no space between words.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_WORD = re.compile(rf"[^\W{_UNSPACED}]+(?:['’\-][^\W{_UNSPACED}]+)*|\S")
_WIDE = re.compile(f"[{_UNSPACED}]")


def find_words(text: str) -> list[Span]:
    """The words of a text, signs and characters of unspaced scripts each by itself; white space is in none."""
    return [match.span() for match in _WORD.finditer(text)]


def widen(text: str, span: Span, within: Span) -> Span:
    """The span with the words whole that it begins or ends in, as far as `within` goes."""
    start, end = span
    for left, right in find_words(text):
        if left < start < right:
            start = left
        if left < end < right:
            end = right
    return max(start, within[0]), min(end, within[1])


def trim(text: str, span: Span) -> Span:
    """The span without white space at its ends."""
    start, end = span
    inside = text[start:end]
    return start + len(inside) - len(inside.lstrip()), max(start, end - len(inside) + len(inside.rstrip()))


def is_punctuation(char: str) -> bool:
    return category(char).startswith("P")


def is_unspaced(char: str) -> bool:
    """Whether no space stands before or after this character."""
    return bool(_WIDE.match(char))


def joint(before: str, after: str) -> str:
    """What stands between two texts that become one: a space, or nothing where a script without spaces meets."""
    if not before or not after or before[-1].isspace() or after[0].isspace():
        return ""
    return "" if is_unspaced(before[-1]) or is_unspaced(after[0]) else " "


def scale(place: float, source: Span, target: Span) -> float:
    """Where a place in one stretch would be in another, in proportion."""
    share = (place - source[0]) / max(source[1] - source[0], 1)
    return target[0] + min(max(share, 0), 1) * (target[1] - target[0])
