"""HTML: the text between its tags, and what its attributes say to a reader."""

import html
import re

from tfcli.documents.collecting import Collector
from tfcli.documents.encoding import decode
from tfcli.documents.html_pieces import Piece, read_pieces
from tfcli.documents.peeling import peel
from tfcli.documents.reading import Reading
from tfcli.documents.segment import Segment, has_text
from tfcli.documents.splice import Slot, Spliced, write_escaped
from tfcli.documents.words import is_unspaced

_INLINE = {
    "a",
    "abbr",
    "acronym",
    "b",
    "bdi",
    "bdo",
    "big",
    "cite",
    "del",
    "dfn",
    "em",
    "font",
    "i",
    "ins",
    "mark",
    "q",
    "s",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
}
_INLINE |= {"label", "time", "tt", "u", "ruby", "rb"}
_ATOMS = {"code", "kbd", "samp", "var", "svg", "math", "img", "rt", "rp", "input", "select", "button"}
"""Inside a sentence, but not to be translated, with all that is in them."""
_POINTS = {"wbr"}
_SKIPPED = {
    "script",
    "style",
    "pre",
    "textarea",
    "template",
    "iframe",
    "object",
    "canvas",
    "noframes",
    "xmp",
    "plaintext",
}

_ATTRIBUTE = re.compile(r"""\s(?:alt|title|placeholder|aria-label)\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')""", re.I)
_DESCRIPTION = re.compile(r"""\sname\s*=\s*["']?(?:description|keywords)\b""", re.I)
_CONTENT = re.compile(r"""\scontent\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')""", re.I)
_DECLARED = re.compile(rb"""<meta\b[^>]{0,200}?\bcharset\s*=\s*["']?([A-Za-z0-9_\-]+)""", re.I)
_SPACE = re.compile(r"\s+")
_MOST_PIECES = 500
"""A sentence of more tags than this is none: each text in it stands for itself."""


def open_html(data: bytes, reading: Reading) -> Spliced:
    """The document: a segment for each stretch of text and inline tags between two tags of blocks."""
    declared = _DECLARED.search(data[:4096])
    decoded = decode(data, reading.name, reading.encoding, declared[1].decode() if declared else None)
    return Spliced(decoded, find_slots(decoded.text))


def find_slots(text: str) -> list[Slot]:
    """The slots of a text with tags, of sentences and of attributes."""
    slots: list[Slot] = []
    run: list[Piece] = []
    for piece in [*_join_atoms(read_pieces(text)), Piece("break", len(text), len(text))]:
        if piece.kind != "break":
            run.append(piece)
            continue
        slots.extend(_collect(text, run))
        run = []
    return slots + _attributes(text, slots)


def _join_atoms(events: list[Piece]) -> list[Piece]:
    """Elements that are not translated as one piece each, and what parts two texts as a break."""
    joined: list[Piece] = []
    within, depth = Piece("", 0, 0), 0
    for event in events:
        if depth:
            if event.name == within.name and event.kind in ("open", "close"):
                depth += -1 if event.kind == "close" else 1
            joined[-1] = joined[-1]._replace(end=event.end)
        elif event.kind == "open" and (event.is_fixed or event.name in _ATOMS | _SKIPPED):
            inline = event.name in _ATOMS | _INLINE
            within, depth = event, 1
            joined.append(Piece("atom" if inline else "break", event.start, event.end))
        elif event.kind == "void":
            kind = "atom" if event.name in _ATOMS else "point" if event.name in _POINTS | _INLINE else "break"
            joined.append(Piece(kind, event.start, event.end))
        elif event.kind in ("open", "close") and event.name not in _INLINE:
            joined.append(Piece("break", event.start, event.end))
        else:
            joined.append(event._replace(kind="point") if event.kind == "comment" else event)
    return joined


def _collect(text: str, run: list[Piece]) -> list[Slot]:
    """The slot of a run of text and inline tags: from its first word to its last, without tags around all of it."""
    run = peel(text, run)
    if len(run) > _MOST_PIECES:
        return [slot for piece in run if piece.kind == "text" for slot in _collect(text, [piece])]
    if not has_text("".join(_words(text, event) for event in run if event.kind == "text")):
        return []
    start, end = run[0].start, run[-1].end
    if run[0].kind == "text":
        start += _leading_space(text[run[0].start : run[0].end])
    if run[-1].kind == "text":
        end -= _leading_space(text[run[-1].start : run[-1].end][::-1])
    collector = Collector()
    for event in run:
        written = text[event.start : event.end]
        match event.kind:
            case "text":
                collector.add_text(_words(text, event._replace(start=max(start, event.start), end=min(end, event.end))))
            case "open":
                collector.open(event.name, written)
            case "close":
                collector.close(event.name, written)
            case "atom":
                collector.add_atom(written)
            case "point":
                collector.add_point(written)
    return [Slot(start, end, collector.finish(), _write)]


def _words(text: str, event: Piece) -> str:
    """Text as a browser shows it."""
    return _SPACE.sub(_as_shown, html.unescape(text[event.start : event.end]))


def _as_shown(match: re.Match[str]) -> str:
    """A line break between two characters of a script without spaces is none to a reader."""
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    if "\n" in match[0] and before and after and is_unspaced(before) and is_unspaced(after):
        return ""
    return "\xa0" if "\xa0" in match[0] else " "


def _leading_space(text: str) -> int:
    return len(text) - len(text.lstrip())


def _escape(text: str) -> str:
    return html.escape(text, quote=False).replace("\xa0", "&nbsp;")


_write = write_escaped(_escape)


def _write_attribute(segment: Segment) -> str:
    return html.escape(segment.text)


def _attributes(text: str, slots: list[Slot]) -> list[Slot]:
    """What attributes say, where their tag is not part of a sentence."""
    found: list[Slot] = []
    taken = iter([*((slot.start, slot.end) for slot in slots), (len(text) + 1, len(text) + 1)])
    start, end = next(taken)
    for event in read_pieces(text):
        while end <= event.start:
            start, end = next(taken)
        if event.kind not in ("open", "void") or start <= event.start:
            continue
        tag = text[event.start : event.end]
        pattern = _CONTENT if event.name == "meta" and _DESCRIPTION.search(tag) else _ATTRIBUTE
        for match in pattern.finditer(tag):
            group = 1 if match[1] is not None else 2
            value = html.unescape(match[group])
            if has_text(value) and value == value.strip():
                place = event.start + match.start(group), event.start + match.end(group)
                found.append(Slot(*place, Segment(value), _write_attribute))
    return found
