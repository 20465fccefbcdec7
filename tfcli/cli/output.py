"""Where results go: stdout, or a file that appears by one rename when it is complete."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tfcli.cli import console
from tfcli.disk import sync_folder
from tfcli.errors import NotFoundError, UsageError

Write = Callable[[str], None]


@contextmanager
def open_output(name: str | None, force: bool) -> Iterator[Write]:
    """A function that writes lines, the last without its end, to the file `name`, or to stdout for None and "-"."""
    if name in (None, "-"):
        yield console.print_out
    else:
        with open_file(name, force) as write:
            yield lambda text: write(console.to_bytes(text))


@contextmanager
def open_file(name: str, force: bool) -> Iterator[Callable[[bytes], None]]:
    """A function that writes to the file `name`, which gets its name only if the block ends well.

    Until then the data is in NAME.partial, which stays if the block fails after something was written. A device or a
    named pipe is written to directly. Raises UsageError, before anything is written, if the file exists and `force` is
    not given, NotFoundError if its folder does not.
    """
    path = Path(os.path.realpath(name))  # through a link, so that the link stays one
    if path.exists() and not path.is_file():
        with open(path, "wb") as stream:
            yield lambda data: console.write_whole(stream, data)
        return
    if path.exists() and not force:
        raise UsageError(f'"{name}" exists already', "replace it with   --force")
    if not path.parent.is_dir():
        raise NotFoundError(f'there is no folder "{path.parent}" to write {path.name} into')
    partial = _Partial(path)
    try:
        yield partial.write
        partial.complete()
    except BaseException:
        partial.abandon()
        raise


class _Partial:
    """A file under another name, made at the first write, so that a command which fails early leaves nothing."""

    def __init__(self, path: Path):
        self._path = path
        self._partial = path.with_name(path.name + ".partial")
        self._stream: BinaryIO | None = None

    def write(self, data: bytes) -> None:
        console.write_whole(self._open(), data)

    def complete(self) -> None:
        with self._open() as stream:
            os.fsync(stream.fileno())
        os.replace(self._partial, self._path)
        sync_folder(self._path.parent)

    def abandon(self) -> None:
        if self._stream is not None:
            self._stream.close()
            console.note(f"the finished lines are in {self._partial}")

    def _open(self) -> BinaryIO:
        if self._stream is None:
            self._stream = open(self._partial, "wb")  # noqa: SIM115 (closed by complete or abandon)
        return self._stream
