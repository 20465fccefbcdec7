"""Files that are compressed by the end of their name: .gz, .xz and .zst."""

import gzip
import io
import lzma
import sys
import zlib
from pathlib import Path
from typing import BinaryIO, Protocol

from tfcli.errors import NotFoundError


class Compressor(Protocol):
    """Bytes in, compressed bytes out, now or later; the rest at the end."""

    def compress(self, data: bytes) -> bytes: ...

    def flush(self) -> bytes: ...


def compressor(name: str) -> Compressor | None:
    """What packs the data of a new file of this name; None if it stays as it is."""
    match Path(name).suffix:
        case ".gz":
            return zlib.compressobj(wbits=31)  # with the head and the foot of gzip
        case ".xz":
            return lzma.LZMACompressor()
        case ".zst":
            return _zstandard(name).ZstdCompressor().compressobj()
    return None


def uncompressed(name: str, stream: BinaryIO) -> BinaryIO:
    """The data of a file of this name. Reading raises one of `damages()` where it is damaged."""
    match Path(name).suffix:
        case ".gz":
            return gzip.GzipFile(fileobj=stream)
        case ".xz":
            return lzma.open(stream)
        case ".zst":
            return io.BufferedReader(_zstandard(name).open(stream, "rb"))
    return stream


def damages() -> tuple[type[Exception], ...]:
    """What reading a damaged file raises."""
    zstandard = sys.modules.get("zstandard")
    return (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, *([zstandard.ZstdError] if zstandard else []))


def _zstandard(name: str):
    try:
        import zstandard
    except ImportError:
        raise NotFoundError(f"{name}: .zst files need zstandard", "install it with   pip install zstandard") from None
    return zstandard
