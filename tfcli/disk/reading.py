"""Opening what is there: a regular file of a sane size, or a stream, which is kept where it is read more than once."""

import errno
import io
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import BinaryIO

from tfcli.errors import DataError, ModelError

_spooled: ContextVar[dict[str, BinaryIO] | None] = ContextVar("spooled", default=None)


def read_whole(path: Path, most: int) -> bytes:
    """The bytes of a regular file. ModelError if it is something else, or has more than `most` bytes; OSError."""
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > most:
            raise ModelError(f'"{path}" is larger than {most >> 10:,} KiB')
        return file.read()


def open_regular(path: Path) -> BinaryIO:
    """A regular file, never a pipe, whose other end might be nobody's. ModelError if it is something else; OSError."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ModelError(f'"{path}" is not a regular file')
    return open(descriptor, "rb")


def open_input(path: str | Path, buffer: int = io.DEFAULT_BUFFER_SIZE) -> BinaryIO:
    """A file or a stream with data of a user, to be read from here once. DataError for a device without an end;
    OSError, for a folder too."""
    mode = os.stat(path)
    if stat.S_ISDIR(mode.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    file = open(path, "rb", buffer)  # noqa: SIM115 (closed by the caller)
    if stat.S_ISCHR(mode.st_mode) and not file.isatty() and mode.st_rdev != os.stat(os.devnull).st_rdev:
        file.close()
        raise DataError(f'"{path}" is a device, which has no text and no end')
    return file


def open_again(path: str, buffer: int = io.DEFAULT_BUFFER_SIZE) -> BinaryIO:
    """As `open_input`, but a stream can be opened more than once: all of it is kept in a temporary file until
    `spooling` ends. DataError outside of that."""
    kept = _spooled.get()
    if kept and path in kept:
        return io.BufferedReader(_FromStart(kept[path]), buffer)
    file = open_input(path, buffer)
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    with file:
        if kept is None:
            raise DataError(f'"{path}" is a stream, and has to be read more than once', "write it to a file first")
        copy = tempfile.TemporaryFile()  # noqa: SIM115 (closed by spooling)
        try:
            shutil.copyfileobj(file, copy)
            copy.flush()
        except BaseException:
            copy.close()
            raise
    kept[path] = copy
    return io.BufferedReader(_FromStart(copy), buffer)


@contextmanager
def spooling() -> Iterator[None]:
    """In the block, streams are kept by `open_again`."""
    kept: dict[str, BinaryIO] = {}
    token = _spooled.set(kept)
    try:
        yield
    finally:
        _spooled.reset(token)
        for file in kept.values():
            file.close()


class _FromStart(io.RawIOBase):
    """A file that others read too, each from a position of its own."""

    def __init__(self, file: BinaryIO):
        self._descriptor, self._position = file.fileno(), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        data = os.pread(self._descriptor, len(buffer), self._position)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
