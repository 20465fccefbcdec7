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


def unpacked(name: str, stream: io.BufferedReader) -> BinaryIO:
    """The data of a stream that nothing was read from, uncompressed if it is compressed. Read it in `damage_told`."""
    head = stream.peek(len(_XZ))
    if head.startswith(_GZIP):
        return gzip.GzipFile(fileobj=stream)
    if head.startswith(_XZ):
        return lzma.open(stream)
    if head.startswith(_ZSTD):
        return io.BufferedReader(_zstandard(name).ZstdDecompressor().stream_reader(stream, read_across_frames=True))
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


def _zstandard(name: str):
    try:
        import zstandard
    except ImportError:
        raise NotFoundError(
            f"{name} is compressed by zstd, which needs zstandard", "install it with   pip install 'tfcli[documents]'"
        ) from None
    return zstandard
