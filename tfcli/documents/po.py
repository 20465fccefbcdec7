"""Messages of a program (gettext .po), by polib: what is not translated yet, or only guessed (`fuzzy`), is translated.

Translated messages, obsolete ones, comments and the order stay to the byte. Placeholders and tags in a message are
kept. A message whose nameless placeholders changed their order stays marked as fuzzy, for a program would mix them up.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import polib

from tfcli.documents.collecting import Collector
from tfcli.documents.encoding import Decoded, decode
from tfcli.documents.reading import Reading
from tfcli.documents.segment import Segment, has_text, walk
from tfcli.errors import DataError

_DECLARED = re.compile(rb"charset=([A-Za-z0-9_\-]+)")
_CHARSET = re.compile(r"(charset=)[A-Za-z0-9_\-]+")
_PLURALS = re.compile(r"nplurals\s*=\s*(\d)")
_PLACEHOLDER = re.compile(
    r"%(?:\([A-Za-z0-9_]+\)|\d+\$)?[-+#0 ]*\d*(?:\.\d+)?(?:hh?|ll?|[jztLq])?[sdiufFgGxXocre@]"
    r"|%%|\$?\{[^{}\s]*\}|%[A-Z_]+%"
)
_NAMELESS = re.compile(r"%[-+#0 ]*\d*(?:\.\d+)?(?:hh?|ll?|[jztLq])?[sdiufFgGxXocre@]|\{\}")
_TAG = re.compile(r"</?([A-Za-z][\w:.\-]*)[^<>]*>")
_INLINE = re.compile(f"{_PLACEHOLDER.pattern}|{_TAG.pattern}")
_MSGSTR = re.compile(r'[ \t]*msgstr(?:\[\d+\])?[ \t]*"[^\n]*\n?(?:[ \t]*"[^\n]*(?:\n|\Z))*')

# polib ends a line at each of these; a file of messages does at \n only.
_NO_LINE_ENDS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_HIDE = {ord(char): 0x10F000 + ord(char) % 0x1000 for char in _NO_LINE_ENDS}
_SHOW = {hidden: shown for shown, hidden in _HIDE.items()}


@dataclass(slots=True)
class _Message:
    """text[start:end] of the file. forms: the source of each msgstr, as lines; places: where in the segments of the
    document each line with something to translate is."""

    start: int
    end: int
    is_plural: bool
    forms: list[list[str]]
    places: dict[tuple[int, int], int] = field(default_factory=dict)


class Po:
    """A .po file; its segments are the lines of the messages that need a translation."""

    def __init__(self, decoded: Decoded, messages: Sequence[_Message]):
        self._decoded, self._messages = decoded, messages
        self.segments: list[Segment] = []
        for message in messages:
            for i, form in enumerate(message.forms):
                for j, line in enumerate(form):
                    segment = _collect(line.strip())
                    if has_text(segment.text):
                        message.places[i, j] = len(self.segments)
                        self.segments.append(segment)

    def render(self, segments: Sequence[Segment]) -> bytes:
        """The file with these translations; a message whose segments are all unchanged stays as it is."""
        text, at, parts = self._decoded.text, 0, []
        assert len(segments) == len(self.segments)
        for message in self._messages:
            if all(segments[place] == self.segments[place] for place in message.places.values()):
                continue
            forms = [
                "\n".join(
                    _put_between(line, _write(segments[message.places[i, j]])) if (i, j) in message.places else line
                    for j, line in enumerate(form)
                )
                for i, form in enumerate(message.forms)
            ]
            parts += [text[at : message.start], self._write(message, forms)]
            at = message.end
        whole = "".join([*parts, text[at:]])
        try:
            whole.encode(self._decoded.encoding)
        except UnicodeEncodeError:  # it will be written in UTF-8
            whole = _CHARSET.sub(r"\1UTF-8", whole, count=1)
        return self._decoded.encode(whole)

    def _write(self, message: _Message, forms: list[str]) -> str:
        block, end = self._decoded.text[message.start : message.end], _line_end(self._decoded.text)
        sources = ["\n".join(form) for form in message.forms]
        swapped = any(
            _NAMELESS.findall(form) != _NAMELESS.findall(source) for form, source in zip(forms, sources, strict=True)
        )
        found = list(_MSGSTR.finditer(block))
        strings = [
            f"msgstr{f'[{i}]' if message.is_plural else ''} {_quote(form, end)}{end}" for i, form in enumerate(forms)
        ]
        head, tail = block[: found[0].start()], block[found[-1].end() :]
        if not block[: found[-1].end()].endswith("\n"):
            strings[-1] = strings[-1].removesuffix(end)
        return _mark(head, swapped, end) + "".join(strings) + tail


def open_po(data: bytes, reading: Reading) -> Po:
    """The document; DataError where polib cannot read it, with the line."""
    declared = _DECLARED.search(data[:8192])
    name = declared[1].decode() if declared and declared[1] != b"CHARSET" else None
    decoded = decode(data, reading.name, reading.encoding, name)
    return Po(decoded, list(_find_messages(decoded.text, reading.name)))


def _find_messages(text: str, name: str) -> Iterator[_Message]:
    lines = re.split("(?<=\n)", text)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    try:
        po = polib.pofile(text.translate(_HIDE).replace("\r", "") + "\n")
    except (OSError, ValueError, IndexError, AttributeError) as error:
        words = re.sub(r"\s*\(line (\d+)\)", r", line \1", str(error)).removeprefix("Syntax error in po file")
        raise DataError(f"{name} is not a .po file: {words.strip(' ,:') or 'it ends too early'}") from None
    plurals = _PLURALS.search(po.metadata.get("Plural-Forms", ""))
    places = [starts[max(entry.linenum - 1, 0)] for entry in po] + [len(text)]
    for entry, (start, end) in zip(po, pairwise(places), strict=True):
        strings = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
        if entry.obsolete or not entry.msgid or (all(strings) and not entry.fuzzy):
            continue
        if not _MSGSTR.search(text, start, end):
            continue
        count = int(plurals[1]) if plurals and entry.msgid_plural else len(strings)
        sources = [entry.msgid] if count > 1 or not entry.msgid_plural else []
        sources += [entry.msgid_plural] * (count - len(sources)) if entry.msgid_plural else []
        forms = [source.translate(_SHOW).split("\n") for source in sources]
        yield _Message(start, end, bool(entry.msgid_plural), forms)


def _collect(line: str) -> Segment:
    collector, at = Collector(), 0
    for match in _INLINE.finditer(line):
        collector.add_text(line[at : match.start()])
        tag = _TAG.fullmatch(match[0])
        if not tag:
            collector.add_atom(match[0])
        elif match[0].endswith("/>"):
            collector.add_point(match[0])
        elif match[0].startswith("</"):
            collector.close(tag[1], match[0])
        else:
            collector.open(tag[1], match[0])
        at = match.end()
    collector.add_text(line[at:])
    return collector.finish()


def _write(segment: Segment) -> str:
    return "".join(text for _, text, _ in walk(segment))


def _put_between(line: str, words: str) -> str:
    """Words between the white space that a line begins and ends with: a program counts on it."""
    head = line[: len(line) - len(line.lstrip())]
    return head + words + line[len(line.rstrip()) :]


def _quote(text: str, line_end: str) -> str:
    lines = re.split("(?<=\n)", text)
    lines = lines[:-1] if not lines[-1] else lines
    quoted = [f'"{polib.escape(line)}"' for line in lines] or ['""']
    return quoted[0] if len(quoted) == 1 else line_end.join(['""', *quoted])


def _mark(head: str, fuzzy: bool, line_end: str) -> str:
    """What is before the msgstr, marked as fuzzy or not; a message that is not has no older version to compare with."""
    marked, lines = False, []
    for line in re.split("(?<=\n)", head):
        if line.lstrip().startswith("#,"):
            flags = [flag.strip() for flag in line.lstrip()[2:].split(",")]
            flags = [flag for flag in flags if flag and flag != "fuzzy"]
            if fuzzy and not marked:
                flags.insert(0, "fuzzy")
                marked = True
            line = f"#, {', '.join(flags)}{line_end}" if flags else ""
        elif line.lstrip().startswith("#|") and not fuzzy:
            line = ""
        elif fuzzy and not marked and re.match(r"\s*msg(ctxt|id)\b", line):
            line, marked = f"#, fuzzy{line_end}{line}", True
        lines.append(line)
    return "".join(lines)


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
