"""Writes that survive a power failure."""

import errno
import os
from pathlib import Path
from typing import BinaryIO

_BLOCK = 1 << 16


def make_folder(folder: Path) -> None:
    """The folder, and those it lies in, under names that survive a power failure."""
    if not folder.exists():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def write_synced(path: Path, data: bytes) -> None:
    """A new file that survives a power failure, once its folder is synced too."""
    with open(path, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def append_line(path: Path, line: bytes) -> None:
    """Adds a line to a file, whole or not at all; the end of one that was cut off goes. Follows no link."""
    with open(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666), "r+b", buffering=0) as file:
        end = _end_of_lines(file)
        try:
            file.truncate(end)
            if os.pwrite(file.fileno(), line, end) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        except OSError:
            file.truncate(end)
            raise


def _end_of_lines(file: BinaryIO) -> int:
    """Where the last whole line ends."""
    start = end = file.seek(0, os.SEEK_END)
    while start:
        start = max(start - _BLOCK, 0)
        file.seek(start)
        if (newline := file.read(end - start).rfind(b"\n")) >= 0:
            return start + newline + 1
        end = start
    return 0
