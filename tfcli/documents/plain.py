"""Plain text in paragraphs, which blank lines part; lines broken at a margin are joined to sentences."""

import re
import textwrap
from collections.abc import Iterator

from tfcli.documents.cues import width
from tfcli.documents.encoding import decode
from tfcli.documents.reading import Reading
from tfcli.documents.segment import Segment, has_text
from tfcli.documents.splice import Slot, Spliced
from tfcli.documents.words import joint

_LINE = re.compile(r"[^\n]+")
_ITEM = re.compile(r"\s*(?:[-*+•·●○■□◆▪–—]|\(?\d{1,3}[.)、]|[（(]?[一二三四五六七八九十]{1,3}[、）)]|\u3000\u3000)\s*")
_ENDED = '。！？!?….：:；;”』」"'
_LEAST_MARGIN = 30
_FULL = 0.8
"""A line that fills so much of the widest of its paragraph was broken at the margin."""


def open_paragraphs(data: bytes, reading: Reading) -> Spliced:
    decoded = decode(data, reading.name, reading.encoding)
    text = decoded.text
    line_end = "\r\n" if "\r\n" in text else "\n"
    slots = []
    for lines in _blocks(text):
        margin = max(width(text[start:end]) for start, end in lines)
        for group in _join_lines(text, lines, margin):
            first, last = group[0], group[-1]
            item = _ITEM.match(text, first[0], first[1])
            start = item.end() if item and item.end() < first[1] else first[0]
            words = text[start : group[0][1]].strip()
            start += len(text[start : first[1]]) - len(text[start : first[1]].lstrip())
            for a, b in group[1:]:
                following = text[a:b].strip()
                words += joint(words, following) + following
            if has_text(words):
                end = last[0] + len(text[last[0] : last[1]].rstrip())
                writer = _wrapper(margin, _indent(text, group[1]), line_end) if len(group) > 1 else _on_one_line
                slots.append(Slot(start, end, Segment(words), writer))
    return Spliced(decoded, slots)


def open_lines(data: bytes, reading: Reading) -> Spliced:
    """Plain text, line for line."""
    decoded = decode(data, reading.name, reading.encoding)
    slots = []
    for match in _LINE.finditer(decoded.text):
        words = match[0].strip()
        if has_text(words):
            start = match.start() + len(match[0]) - len(match[0].lstrip())
            slots.append(Slot(start, start + len(words), Segment(words), _on_one_line))
    return Spliced(decoded, slots)


def _blocks(text: str) -> Iterator[list[tuple[int, int]]]:
    """The lines, without their ends, between two blank ones."""
    block: list[tuple[int, int]] = []
    at = 0
    for line in re.split("(?<=\n)", text):
        if line.strip():
            block.append((at, at + len(line.rstrip("\r\n"))))
        elif block:
            yield block
            block = []
        at += len(line)
    if block:
        yield block


def _join_lines(text: str, lines: list[tuple[int, int]], margin: int) -> Iterator[list[tuple[int, int]]]:
    """Lines that belong together: the one before is full, does not end a sentence, and no new item begins."""
    group: list[tuple[int, int]] = []
    for start, end in lines:
        before = text[group[-1][0] : group[-1][1]].rstrip() if group else ""
        goes_on = margin >= _LEAST_MARGIN and width(before) >= _FULL * margin
        ends = before[-1:] in set(_ENDED) and width(before) < margin - 4
        if group and (not goes_on or ends or _ITEM.match(text, start, end)):
            yield group
            group = []
        group.append((start, end))
    yield group


def _indent(text: str, line: tuple[int, int]) -> int:
    return len(text[slice(*line)]) - len(text[slice(*line)].lstrip())


def _on_one_line(segment: Segment) -> str:
    return segment.text


def _wrapper(margin: int, indent: int, line_end: str):
    """A writer that breaks lines at the margin that the paragraph had, indented as its second line was."""

    def write(segment: Segment) -> str:
        lines = textwrap.wrap(segment.text, max(margin - indent, _LEAST_MARGIN), break_long_words=False)
        return (line_end + " " * indent).join(lines or [segment.text])

    return write
