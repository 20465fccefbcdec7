"""Subtitles: SubRip (.srt), WebVTT (.vtt), Advanced SubStation Alpha (.ass). Only the words of the cues change.

pysubs2, which reads them all, numbers the cues anew and forgets notes, styles, voices, colours and positions of .srt
and .vtt, so the words are found here and the rest of the file stays to the byte; in the tests pysubs2 reads what comes
out and has to find the same times and styles.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise, zip_longest
from typing import NamedTuple

from tfcli.documents.collecting import Collector
from tfcli.documents.cues import cut_places, group_cues, width, wrap_places
from tfcli.documents.encoding import Decoded, decode
from tfcli.documents.peeling import Piece, peel
from tfcli.documents.reading import Reading
from tfcli.documents.segment import Segment, cut, has_text, walk
from tfcli.documents.words import joint, trim
from tfcli.errors import DataError

_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[,.](\d{1,3})"
_ARROW = re.compile(rf"^[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}[^\n]*(?:\n|\Z)", re.M)
_BLANK = re.compile(r"^[ \t\r]*$", re.M)
_NEXT_NUMBER = re.compile(r"(?:\n[ \t\r]*)+\n[ \t]*\d+[ \t\r]*\n?\Z")
_ASS_TIME = re.compile(r"\s*(\d+):(\d+):(\d+)[.:](\d+)\s*")
_SPEAKER = re.compile(r"\s*[-–—]\s*(?=\S)")
_TAGS = r"\{[^{}\n]*\}|</?[A-Za-z][^<>\n]*>|<[\d:.]+>"
_TAG = re.compile(_TAGS)
_NAME = re.compile(r"</?([A-Za-z]+)")
_SWITCH = re.compile(r"\{\\([ibus])(\d*)\}")
_BREAK = re.compile(r"(?:(?<!\s)\s*)?(?:\n|\\[Nn])\s*")
_EDGE_SPACE = re.compile(rf"\A((?:{_TAGS})*)\s+|\s+((?:{_TAGS})*)\Z")
_DRAWING = re.compile(r"\\p[1-9]")
_NEAR = 200


@dataclass(frozen=True, slots=True)
class _Syntax:
    """line_end: how two lines of a cue are parted. escape, unescape: of characters that mean something else."""

    line_end: str
    escape: Callable[[str], str] = str
    unescape: Callable[[str], str] = str


class _Cue(NamedTuple):
    """text[start:end] of the file is what is shown in these seconds."""

    start: int
    end: int
    time: tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Part:
    """text[start:end] of the file: the words of a cue, or of one of the two who speak in it (`is_whole` is False)."""

    start: int
    end: int
    time: tuple[float, float]
    segment: Segment
    is_whole: bool


class Subtitles:
    """Cues, joined where a sentence runs over several of them."""

    def __init__(self, decoded: Decoded, cues: Iterable[_Cue], syntax: _Syntax):
        self._decoded, self._syntax = decoded, syntax
        parts = [part for cue in cues for part in _read_cue(decoded.text, cue, syntax)]
        texts, times = [part.segment.text for part in parts], [part.time for part in parts]
        groups = group_cues(texts, times, [part.is_whole for part in parts])
        self._groups = [[parts[i] for i in group] for group in groups]
        self.segments = [reduce(_join, (part.segment for part in group)) for group in self._groups]

    def render(self, segments: Sequence[Segment]) -> bytes:
        """The file with these sentences in the place of its own, one for each, in order."""
        text, at, written = self._decoded.text, 0, []
        for group, old, new in zip(self._groups, self.segments, segments, strict=True):
            if new == old:
                continue
            shares = [max(width(part.segment.text), 1) for part in group]
            for part, words in zip(group, cut(new, cut_places(new.text, shares)), strict=True):
                written += [text[at : part.start], self._write(words)]
                at = part.end
        return self._decoded.encode("".join([*written, text[at:]]))

    def _write(self, segment: Segment) -> str:
        lines = []
        for line in cut(segment, wrap_places(segment.text)):
            marked = "".join(self._syntax.escape(text) if kind == "text" else text for kind, text, _ in walk(line))
            lines.append(_EDGE_SPACE.sub(r"\1\2", marked))
        return self._syntax.line_end.join(lines)


def open_srt(data: bytes, reading: Reading) -> Subtitles:
    decoded = decode(data, reading.name, reading.encoding)
    return Subtitles(decoded, _arrow_cues(decoded.text, reading.name), _Syntax(_line_end(decoded)))


def open_vtt(data: bytes, reading: Reading) -> Subtitles:
    decoded = decode(data, reading.name, reading.encoding)
    if not decoded.text.startswith("WEBVTT"):
        raise DataError(f"{reading.name} does not begin with WEBVTT", "is it another kind?   --format srt")
    syntax = _Syntax(_line_end(decoded), lambda text: html.escape(text, quote=False), html.unescape)
    return Subtitles(decoded, _arrow_cues(decoded.text, reading.name, ends_at_blank=True), syntax)


def open_ass(data: bytes, reading: Reading) -> Subtitles:
    decoded = decode(data, reading.name, reading.encoding)
    return Subtitles(decoded, _dialogue_cues(decoded.text, reading.name), _Syntax(r"\N"))


def _line_end(decoded: Decoded) -> str:
    return "\r\n" if "\r\n" in decoded.text else "\n"


def _arrow_cues(text: str, name: str, ends_at_blank: bool = False) -> Iterator[_Cue]:
    """Cues after lines with two times and an arrow, up to a blank line, or up to the number of the next cue."""
    arrows = list(_ARROW.finditer(text))
    if not arrows and text.strip() not in ("", "WEBVTT"):
        raise DataError(f"{name} has no times of subtitles", "a cue begins   00:00:01,000 --> 00:00:03,500")
    for arrow, following in zip_longest(arrows, arrows[1:]):
        start, end = arrow.end(), following.start() if following else len(text)
        if ends_at_blank:
            blank = _BLANK.search(text, start, end)
            end = blank.start() if blank else end
        elif following and (number := _NEXT_NUMBER.search(text, start - 1, end)):
            end = max(start, number.start())
        yield _Cue(start, end, (_seconds(arrow.groups()[:4]), _seconds(arrow.groups()[4:])))


def _dialogue_cues(text: str, name: str) -> Iterator[_Cue]:
    """The text fields of the Dialogue lines, without drawings."""
    fields: list[str] = []
    at = 0
    for line in re.split("(?<=\n)", text):
        kind, _, rest = line.partition(":")
        if kind.strip() == "Format":
            fields = [field.strip() for field in rest.split(",")]
        elif kind.strip() == "Dialogue":
            values = rest.split(",", max(len(fields) - 1, 0))
            row = dict(zip(fields, values, strict=False))
            times = [_ASS_TIME.fullmatch(row.get(field, "")) for field in ("Start", "End")]
            if len(values) != len(fields) or fields[-1:] != ["Text"] or not all(times):
                raise DataError(f"{name}: line {text[:at].count(chr(10)) + 1} is no Dialogue of the Format before it")
            if not _DRAWING.search(row["Text"]):
                words = row["Text"].rstrip("\r\n")
                start = at + len(line) - len(row["Text"])
                yield _Cue(start, start + len(words), tuple(_seconds(time.groups()) for time in times))
        at += len(line)


def _seconds(groups: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = (group or "0" for group in groups)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction}")


def _read_cue(text: str, cue: _Cue, syntax: _Syntax) -> Iterator[_Part]:
    """One part; or one for each line, where every line has a dash for who speaks."""
    edges = [cue.start, *(match.end() for match in _BREAK.finditer(text, cue.start, cue.end)), cue.end]
    lines = [(start, end) for start, end in pairwise(edges) if text[start:end].strip()]
    dashes = [_SPEAKER.match(text, start, end) for start, end in lines]
    if len(lines) < 2 or not all(dashes):
        lines, dashes = [(cue.start, cue.end)], [None]
    for (start, end), dash in zip(lines, dashes, strict=True):
        part = _read_part(text, dash.end() if dash else start, end, syntax)
        if part and has_text(part[2].text):
            yield _Part(part[0], part[1], cue.time, part[2], dash is None)


def _read_part(text: str, start: int, end: int, syntax: _Syntax) -> tuple[int, int, Segment] | None:
    run = peel(text, _pieces(text, start, end))
    if not run:
        return None
    start, end = trim(text, (run[0].start, run[-1].end))
    while text[end - 2 : end] in (r"\N", r"\n"):
        start, end = trim(text, (start, end - 2))
    collector = Collector()
    for piece in run:
        written = text[piece.start : piece.end]
        match piece.kind:
            case "text":
                words = text[max(piece.start, start) : min(piece.end, end)]
                collector.add_text(syntax.unescape(_unbroken(text, max(piece.start, start), words)))
            case "open":
                collector.open(piece.name, written)
            case "close":
                collector.close(piece.name, written)
            case "point":
                collector.add_point(written)
    return start, end, collector.finish()


def _pieces(text: str, start: int, end: int) -> list[Piece]:
    pieces, at = [], start
    for match in _TAG.finditer(text, start, end):
        if match.start() > at:
            pieces.append(Piece("text", at, match.start()))
        name, switch = _NAME.match(match[0]), _SWITCH.fullmatch(match[0])
        if switch:
            kind = "open" if switch[2] not in ("", "0") else "close"
        else:
            kind = "point" if not name else "close" if match[0].startswith("</") else "open"
        label = switch[1] if switch else name[1].lower() if name else ""
        pieces.append(Piece(kind, match.start(), match.end(), label))
        at = match.end()
    return [*pieces, Piece("text", at, end)] if at < end else pieces


def _unbroken(text: str, start: int, words: str) -> str:
    """Words without line breaks: a space for each, or nothing in scripts without spaces."""

    def bridge(match: re.Match[str]) -> str:
        here = start + match.start()
        before = _TAG.sub("", text[max(here - _NEAR, 0) : here]).rstrip()
        after = _TAG.sub("", text[here + len(match[0]) : here + _NEAR]).lstrip()
        return joint(before[-1:], after[:1])

    return _BREAK.sub(bridge, words).replace(r"\h", "\xa0")


def _join(one: Segment, other: Segment) -> Segment:
    text = one.text + joint(one.text, other.text)
    moved = (replace(mark, start=mark.start + len(text), end=mark.end + len(text)) for mark in other.marks)
    return Segment(text + other.text, (*one.marks, *moved))
