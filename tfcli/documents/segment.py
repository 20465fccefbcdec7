"""A stretch of a document to translate: its text as a model reads it, and the marks in it.

A mark is a span (bold, a link), a point (a bookmark, a comment) or an atom (a code span, a picture): something inside
a sentence that is not text. In the text an atom is one private-use character of its own, see `atom`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

Span = tuple[int, int]
"""First character and the one after the last, from 0."""

ATOM = re.compile("[\U000f0000-\U000ffffd]")
_MOST_ATOMS = 0xFFFE


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at text[start:end]. before, after: what the document writes at its two ends.

    A mark with start == end is a point. Where `is_atom`, the mark stands for the one character it covers, and `after`
    is empty. Any other mark without `before` began in front of the segment, and without `after` ends behind it: that
    end stays at the edge of the segment.
    """

    start: int
    end: int
    before: str
    after: str = ""
    is_atom: bool = False

    @property
    def is_point(self) -> bool:
        return self.start == self.end


@dataclass(frozen=True, slots=True)
class Segment:
    """marks: in the order in which they begin in the document. Two spans lie one in the other or apart, and no span
    begins or ends inside an atom."""

    text: str
    marks: tuple[Mark, ...] = ()

    @property
    def spans(self) -> tuple[Mark, ...]:
        return tuple(mark for mark in self.marks if not mark.is_point and not mark.is_atom)

    @property
    def points(self) -> tuple[Mark, ...]:
        return tuple(mark for mark in self.marks if mark.is_point)


def atom(number: int) -> str:
    """The character that stands for the atom of this number, from 0, in the text of its segment."""
    return chr(0xF0000 + number % _MOST_ATOMS)


def has_text(text: str) -> bool:
    """Whether there is a letter in it, and not only atoms, digits and signs."""
    return any(char.isalpha() for char in text)


Event = tuple[Literal["text", "open", "close", "point", "atom"], str, Mark | None]
"""What happened, the text of it (of a mark: what is written there), the mark."""


def walk(segment: Segment) -> Iterator[Event]:
    """The segment from left to right: stretches of text between the beginnings and ends of marks, properly nested."""
    at, opened = 0, []
    order = {id(mark): place for place, mark in enumerate(segment.marks)}
    waiting = sorted(segment.marks, key=lambda mark: (mark.start, order[id(mark)]))
    for mark in [*waiting, None]:
        start = len(segment.text) if mark is None else mark.start
        # A span ends before a point that stands at its end, but not before one where it has just begun.
        while opened and opened[-1].end <= start:
            yield from _stretch(segment.text[at : opened[-1].end])
            at = max(at, opened[-1].end)
            ended = opened.pop()
            yield "close", ended.after, ended
        yield from _stretch(segment.text[at:start])
        at = max(at, start)
        if mark is None:
            continue
        if mark.is_atom:
            yield "atom", mark.before, mark
            at = mark.end
        elif mark.is_point:
            yield "point", mark.before + mark.after, mark
        else:
            yield "open", mark.before, mark
            opened.append(mark)


def _stretch(text: str) -> Iterator[Event]:
    if text:
        yield "text", text, None


def cut(segment: Segment, places: Sequence[int]) -> list[Segment]:
    """The parts of a segment between these places, which ascend. A span over a place is in both parts, whole in each; a
    point at a place is in the part behind it."""
    edges = [0, *places, len(segment.text)]
    parts = []
    for is_last, (start, end) in zip([*[False] * len(places), True], pairwise(edges), strict=True):
        inside = [
            replace(mark, start=max(mark.start, start) - start, end=min(mark.end, end) - start)
            for mark in segment.marks
            if (_holds_point(mark, start, end, is_last) if mark.is_point else _meets(mark, start, end))
        ]
        parts.append(Segment(segment.text[start:end], tuple(inside)))
    return parts


def _holds_point(mark: Mark, start: int, end: int, is_last: bool) -> bool:
    return start <= mark.start < end or (is_last and mark.start == end)


def _meets(mark: Mark, start: int, end: int) -> bool:
    """Whether a span is in a part; one with a single end is where that end is."""
    if not mark.before:
        return start < mark.end <= end
    if not mark.after:
        return start <= mark.start < end
    return mark.start < end and start < mark.end
