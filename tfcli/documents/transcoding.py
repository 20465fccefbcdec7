"""Lines of text in whatever encoding, as UTF-8: decided from how they begin, before the first of them is read."""

import codecs
import io
import re

from tfcli.documents.encoding import detect, find_bom, known_name, recognise_binary
from tfcli.errors import DataError
from tfcli.text.lines import guess_encoding

SAMPLE = 2**16
"""Bytes that are looked at."""

_SEQUENCES = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+|[\x80-\xff]")
_MANY = 16
"""Fewer bytes that are not UTF-8 are mistakes in a text that is, unless they look like Chinese."""
_ZEROS = 0.05
"""So many of the bytes are zero in UTF-16 and UTF-32, if only for the line ends."""


def find_encoding(sample: bytes, name: str) -> str | None:
    """The encoding of text that begins so; None for UTF-8, also with mistakes in it. DataError for what is no text, and
    for text that is surely not UTF-8, but not surely something else."""
    if kind := recognise_binary(sample):
        raise DataError(f"{name} is {kind}, not text", "save it as text, or name its kind with   --format")
    _, marked = find_bom(sample)
    if marked:
        return None if marked == "utf-8" else marked
    found = _SEQUENCES.findall(sample)
    wrong = sum(len(sequence) == 1 for sequence in found)
    is_zeros = sample.count(0) > max(_ZEROS * len(sample), _MANY // 2)
    if len(found) - wrong >= max(wrong, 1) and not is_zeros:
        return None
    looks_like = guess_encoding(sample) if wrong else None
    if wrong < _MANY and not looks_like and not is_zeros:
        return None
    try:
        return detect(sample, name)
    except DataError:
        if looks_like or is_zeros:
            raise
        return None


class Transcoded(io.RawIOBase):
    """A stream as UTF-8. What cannot be decoded becomes U+FFFD."""

    def __init__(self, stream: io.BufferedReader, encoding: str):
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while not self._ready:
            data = self._stream.read1(SAMPLE)
            self._ready = self._decoder.decode(data, final=not data).encode("utf-8", "replace")
            if not data:
                break
        taken, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


def as_utf_8(stream: io.BufferedReader, encoding: str) -> io.BufferedReader:
    """A stream in this encoding, as UTF-8. UsageError if there is no such encoding."""
    return io.BufferedReader(Transcoded(stream, known_name(encoding)))
