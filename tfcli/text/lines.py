"""Bytes in, lines out, bytes out: the one reader and the one writer that keep N lines in equal to N lines out.

`str.splitlines` and text-mode files end lines at up to eleven different characters and depend on the locale, so a file
of N lines may come back as more. Here a line ends at the byte `\\n` and nowhere else, on the way in and on the way out,
and both sides are UTF-8 whatever the locale says.
"""

import codecs
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import BinaryIO

MAX_LINE_BYTES = 64 * 2**20
_SKIP_BYTES = 2**20

_NOT_ONE_LINE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")  # Cc but for the tab, Zl, Zp
_SURROGATE = re.compile("[\ud800-\udfff]")

# Characters of everyday text in each encoding, by their two bytes: GB 2312 punctuation and level 1, Big5 level 1.
_EVERYDAY = {
    "GB18030": re.compile(rb"[\xa1\xa3\xb0-\xd7][\xa1-\xfe]"),
    "Big5": re.compile(rb"[\xa1\xa4-\xc6][\x40-\x7e\xa1-\xfe]"),
}
_BOMS = ((codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF32_BE, "UTF-32"))
_BOMS += ((codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"))  # after UTF-32, whose LE mark begins alike


@dataclass(frozen=True, slots=True)
class Line:
    """One input line without its end.

    number: from 1. text: decoded, without lone surrogates or NUL. replaced: undecodable byte sequences that became
    U+FFFD. byte_offset: where in `raw` the first of them begins, from 0; None if there is none. raw: the bytes of the
    line if some were undecodable, else empty. cut: the line was longer than the reader's limit and only its beginning
    is here.
    """

    number: int
    text: str
    replaced: int = 0
    byte_offset: int | None = None
    raw: bytes = b""
    cut: bool = False


def read_lines(stream: BinaryIO, max_bytes: int = MAX_LINE_BYTES) -> Iterator[Line]:
    """Yield the lines of a buffered binary stream, each as soon as its `\\n` has arrived.

    One `\\r` before the `\\n` and a BOM at the start of the stream are dropped, NUL becomes U+FFFD. The last line needs
    no `\\n`; an empty stream has no lines. A line of more than `max_bytes` before its `\\n` is flagged `cut`; its rest
    is read in small pieces and forgotten. Never raises on content: refusing `replaced` or `cut` is up to the caller.
    """
    for number in count(1):
        raw = stream.readline(max_bytes + 1)
        if not raw:
            return
        cut = len(raw) > max_bytes and not raw.endswith(b"\n")
        if cut:
            raw = raw[:max_bytes]
            while (rest := stream.readline(_SKIP_BYTES)) and not rest.endswith(b"\n"):
                pass
        else:
            raw = raw.removesuffix(b"\n").removesuffix(b"\r")
        text, replaced, byte_offset = _decode(raw, final=not cut)
        if number == 1:
            text = text.removeprefix("\ufeff")
        yield Line(number, text, replaced, byte_offset, raw if replaced else b"", cut)


def write_line(stream: BinaryIO, text: str) -> None:
    """Write `text` as exactly one UTF-8 line, in one call. The stream must be buffered; flushing it is the caller's."""
    stream.write(one_line(text).encode() + b"\n")


def one_line(text: str) -> str:
    """`text` as every tool sees one line: line breaks, separators and control characters become a space each (the tab
    stays), lone surrogates U+FFFD. The result can always be encoded."""
    return _SURROGATE.sub("\ufffd", _NOT_ONE_LINE.sub(" ", text))


def decode_argument(arg: str) -> tuple[str, int]:
    """A command-line argument read as UTF-8 whatever the locale: the text, and the number of sequences replaced."""
    text, replaced, _ = _decode(os.fsencode(arg))
    return text, replaced


def guess_encoding(raw: bytes) -> str | None:
    """A name `iconv -f` knows for bytes that are not UTF-8 (UTF-16, UTF-32, GB18030, Big5), or None. Only a guess."""
    for bom, name in _BOMS:
        if raw.startswith(bom):
            return name
    pairs = re.findall(rb"[\x80-\xff][\x40-\xff]?", raw[:4096])
    if len(pairs) < 2:
        return None  # a single odd byte looks like anything
    share = {name: sum(map(bool, map(everyday.fullmatch, pairs))) / len(pairs) for name, everyday in _EVERYDAY.items()}
    best = max(share, key=share.__getitem__)
    return best if share[best] > 0.8 else None


def _decode(raw: bytes, final: bool = True) -> tuple[str, int, int | None]:
    """Text, replaced sequences, offset of the first. If not `final`, a character cut in two at the end is dropped."""
    decoder = codecs.getincrementaldecoder("utf-8")
    try:
        return decoder("strict").decode(raw, final).replace("\0", "\ufffd"), 0, None
    except UnicodeDecodeError as error:
        text = decoder("replace").decode(raw, final)
        # 0xEF never continues a character, so these bytes are a U+FFFD of the input wherever they stand.
        replaced = text.count("\ufffd") - raw.count(b"\xef\xbf\xbd")
        return text.replace("\0", "\ufffd"), replaced, error.start
