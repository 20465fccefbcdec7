"""Compressed input, recognised by how it begins, whatever its name: gzip, xz, zstd."""

import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from tfcli.errors import DataError, NotFoundError

_GZIP, _XZ, _ZSTD = b"\x1f\x8b\x08", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"
_PIECE = 2**12
"""Bytes of compressed data that are read at once: zeros are packed to a thousandth and less."""


def unpacked(name: str, stream: io.BufferedReader) -> BinaryIO:
    """The data of a stream that nothing was read from, uncompressed if it is compressed. Read it in `damage_told`."""
    head = stream.peek(len(_XZ))
    if head.startswith(_GZIP):
        return gzip.GzipFile(fileobj=stream)
    if head.startswith(_XZ):
        return lzma.open(stream)
    if head.startswith(_ZSTD):
        return io.BufferedReader(_Zstd(stream, _zstandard(name)))
    return stream


@contextmanager
def damage_told(name: str) -> Iterator[None]:
    """In the block, a compressed file that is damaged is a DataError that names it."""
    zstandard = sys.modules.get("zstandard")
    damages = (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, *([zstandard.ZstdError] if zstandard else []))
    try:
        yield
    except damages as error:
        raise DataError(f"{name}: the compressed file is damaged: {error}") from None


class _Zstd(io.RawIOBase):
    """The data of one frame after the other. The library's own reader takes a file that was cut off for a whole one."""

    def __init__(self, stream: io.BufferedReader, zstandard):
        self._stream, self._zstandard = stream, zstandard
        self._frame = None
        self._packed = self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while not self._ready and (packed := self._packed or self._stream.read1(_PIECE)):
            self._frame = self._frame or self._zstandard.ZstdDecompressor().decompressobj()
            self._ready, self._packed = self._frame.decompress(packed), b""
            if self._frame.eof:
                self._packed, self._frame = self._frame.unused_data, None
        if not self._ready and self._frame:
            raise EOFError("it ends within a frame")
        taken, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


def _zstandard(name: str):
    try:
        import zstandard
    except ImportError:
        raise NotFoundError(
            f"{name} is compressed by zstd, which needs zstandard", "install it with   pip install 'tfcli[documents]'"
        ) from None
    return zstandard
