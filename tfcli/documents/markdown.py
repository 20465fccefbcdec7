"""Markdown (CommonMark with tables, strikethrough, footnotes, formulas, front matter), by markdown-it-py.

Translated are paragraphs, headings, list items, table cells and footnotes; code, formulas, HTML blocks, link targets
and front matter stay. A translated paragraph comes out on one line, which means the same.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import NamedTuple

from markdown_it.token import Token

from tfcli.documents.collecting import Collector
from tfcli.documents.encoding import decode
from tfcli.documents.html import find_slots
from tfcli.documents.markdown_inline import ESCAPED, Found, find_marks, parser
from tfcli.documents.reading import Reading
from tfcli.documents.segment import Segment, has_text, walk
from tfcli.documents.splice import Slot, Spliced
from tfcli.documents.words import is_unspaced
from tfcli.errors import DataError

_ATOMS = {"code_inline", "image", "autolink", "footnote_ref", "math_inline", "math_inline_double"}
_ENDS = {"*": "em", "**": "strong", "_": "em", "__": "strong", "~~": "del"}
_BREAK = re.compile(r"\s*\n\s*")
_SPECIAL = re.compile(r"[\\`*_\[\]<>~$]|&(?=#?\w+;)")
_BLOCK_START = re.compile(r"(\d{1,9})?(?=[#>+=~|:.)\-])")
_TAG_NAME = re.compile(r"</?([A-Za-z][A-Za-z0-9\-]*)")


def open_markdown(data: bytes, reading: Reading) -> Spliced:
    """The document; DataError if it is nested too deep to be read."""
    decoded = decode(data, reading.name, reading.encoding)
    text, env = decoded.text, {}
    lines = re.split("(?<=\n)", text)
    starts = [0, *accumulate(map(len, lines))]
    try:
        tokens = parser().parse(_as_read(text), env)
        slots = [slot for inline in _inline_tokens(tokens, lines, starts) for slot in _slots(inline, env)]
    except RecursionError:
        raise DataError(f"{reading.name} is nested too deep to be read") from None
    return Spliced(decoded, slots + [slot for token in tokens for slot in _html_slots(token, text, starts)])


def _html_slots(token: Token, text: str, starts: list[int]) -> Iterator[Slot]:
    if token.type == "html_block" and token.map:
        start, end = (starts[line] for line in token.map)
        for slot in find_slots(text[start:end]):
            yield replace(slot, start=start + slot.start, end=start + slot.end)


def _as_read(text: str) -> str:
    """The text with one character for one, as the parser wants it: \\r\\n is two characters of a file, one line end."""
    return text.replace("\r\n", " \n").replace("\r", " ")


def _inline_tokens(tokens: list[Token], lines: list[str], starts: list[int]) -> Iterator["_Inline"]:
    """Inline content with a letter in it, and where in the file each of its characters stands."""
    row, at = -1, 0
    for token, before in zip(tokens[1:], tokens, strict=False):
        if token.type != "inline" or token.map is None or not has_text(token.content):
            continue
        if before.type in ("th_open", "td_open"):
            number, content = token.map[0], token.content.replace("|", "\\|")
            column = lines[number].find(content, at if number == row else 0)
            row, at = number, column + len(content)
            if column >= 0:
                yield _Inline(content, range(starts[number] + column, starts[number] + at + 1), True)
            continue
        places: list[int] = []
        for content, number in zip(token.content.split("\n"), range(*token.map), strict=False):
            column = lines[number].rfind(content.strip())
            if column < 0:
                break
            column -= len(content) - len(content.lstrip())
            places += range(starts[number] + column, starts[number] + column + len(content) + 1)
        else:
            yield _Inline(token.content, places, False)


class _Inline(NamedTuple):
    """places: where each character of the content stands in the file. is_cell: it is in a table."""

    content: str
    places: Sequence[int]
    is_cell: bool


def _slots(inline: _Inline, env: dict) -> Iterator[Slot]:
    """One slot, or several where hard line breaks part it."""
    content, places, is_cell = inline
    found = _without_doubles(find_marks(content, env))
    edges = [(mark.start, mark.end) for mark in found if mark.kind == "hardbreak"]
    start = 0
    for end, after in [*edges, (len(content), len(content))]:
        inside = [mark for mark in found if start <= mark.start and mark.end <= end]
        start, stop, inside = _peel(content, start, end, inside)
        if start < stop:
            segment = _collect(content, start, stop, inside)
            if has_text(segment.text):
                yield Slot(places[start], places[stop - 1] + 1, segment, _Writer(env, is_cell))
        start = after


def _without_doubles(found: list[Found]) -> list[Found]:
    return [mark for i, mark in enumerate(found) if i == 0 or mark.start >= found[i - 1].end]


def _peel(content: str, start: int, end: int, found: list[Found]) -> tuple[int, int, list[Found]]:
    """The stretch without white space and atoms at its ends, and without marks around all of it."""
    while True:
        stretch = content[start:end]
        start, end = start + len(stretch) - len(stretch.lstrip()), end - len(stretch) + len(stretch.rstrip())
        if found and found[0].start == start and found[0].kind in _ATOMS:
            start, found = found[0].end, found[1:]
        elif found and found[-1].end == end and found[-1].kind in _ATOMS:
            end, found = found[-1].start, found[:-1]
        elif found and found[0].start == start and found[-1].end == end and _is_around(found):
            start, end, found = found[0].end, found[-1].start, found[1:-1]
        else:
            return start, max(start, end), found


def _is_around(found: list[Found]) -> bool:
    depth = 0
    for i, mark in enumerate(found):
        depth += mark.kind.endswith("_open") - mark.kind.endswith("_close")
        if depth == 0:
            return i == len(found) - 1 and i > 0
    return False


def _collect(content: str, start: int, end: int, found: list[Found]) -> Segment:
    collector, at = Collector(), start
    for mark in found:
        collector.add_text(_plain(content, at, mark.start))
        written = content[mark.start : mark.end]
        name, _, side = mark.kind.rpartition("_")
        if mark.kind in _ATOMS:
            collector.add_atom(written)
        elif mark.kind == "softbreak":
            collector.add_text(_softbreak(content, mark))
        elif mark.kind == "html_inline":
            _add_tag(collector, written)
        elif side == "open":
            collector.open(name, written)
        else:
            collector.close(name, written.replace("\n", " "))
        at = mark.end
    collector.add_text(_plain(content, at, end))
    return collector.finish()


def _plain(content: str, start: int, end: int) -> str:
    """Text without its escapes and entities."""
    stretch = content[start:end]
    if content[end : end + 1] == "\n":
        stretch = stretch.rstrip()
    unescaped = ESCAPED.sub(lambda match: f"&#{ord(match[1])};", stretch)
    return html.unescape(unescaped.lstrip() if content[:start].endswith("\n") else unescaped)


def _softbreak(content: str, mark: Found) -> str:
    before, after = content[: mark.start].rstrip()[-1:], content[mark.end :].lstrip()[:1]
    return "" if before and after and is_unspaced(before) and is_unspaced(after) else " "


def _add_tag(collector: Collector, written: str) -> None:
    name = _TAG_NAME.match(written)
    if not name or written.endswith("/>"):
        collector.add_point(written)
    elif written.startswith("</"):
        collector.close(name[1].lower(), written)
    else:
        collector.open(name[1].lower(), written)


class _Writer:
    """Writes a segment so that it is read again as it is: with as few escapes as that takes."""

    def __init__(self, env: dict, in_table: bool):
        self._env, self._in_table = env, in_table

    def __call__(self, segment: Segment) -> str:
        tries = (_join(segment, escape, tags) for tags in (False, True) for escape in (_as_it_is, _escape))
        written = ""
        for written in tries:
            if self._reads_as(written, segment):
                break
        if not _is_paragraph(written) and (start := _BLOCK_START.match(written)):
            written = f"{start[0]}\\{written[start.end() :]}"
        return re.sub(r"(?<!\\)\|", r"\\|", written) if self._in_table else written

    def _reads_as(self, written: str, segment: Segment) -> bool:
        found = _without_doubles(find_marks(written, self._env))
        if any(mark.kind in ("softbreak", "hardbreak") for mark in found):
            return False
        read = _collect(written, 0, len(written), found)
        return read.text == segment.text and len(read.marks) == len(segment.marks)


def _join(segment: Segment, escape, tags: bool) -> str:
    """tags: emphasis as HTML, which has no rules about the characters around it."""
    parts = []
    for kind, text, _ in walk(segment):
        if kind == "text":
            text = escape(text)
        elif tags and kind in ("open", "close") and text in _ENDS:
            text = f"<{'/' * (kind == 'close')}{_ENDS[text]}>"
        parts.append(text)
    return "".join(parts)


def _as_it_is(text: str) -> str:
    return text


def _escape(text: str) -> str:
    return _SPECIAL.sub(lambda match: "\\" + match[0], text)


def _is_paragraph(written: str) -> bool:
    tokens = parser().parse(written)
    return tokens[:1] != [] and tokens[0].type == "paragraph_open" and tokens[1].content == written
