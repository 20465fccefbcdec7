"""Where results go: stdout, a pipe or a device, or a file that appears when it is complete."""

import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tfcli.cli import console
from tfcli.disk import Draft, compressor
from tfcli.errors import NotFoundError, UsageError
from tfcli.text.sanitize import safe_tty

Write = Callable[[str], None]
_STDOUT = (None, "-")
_OWN_DESCRIPTOR = re.compile(r"/dev/(?:std(out|err)|fd/(\d+))|/proc/self/fd/(\d+)")
_STANDARD = {"out": 1, "err": 2}


@contextmanager
def open_output(name: str | None, force: bool) -> Iterator[Write]:
    """A function that writes lines, the last without its end, to the file `name`, or to stdout for None and "-". What
    goes to a .gz, .xz or .zst is compressed."""
    if name in _STDOUT:
        yield console.print_out
        return
    with open_file(name, force) as write:
        if not (packed := compressor(name)):
            yield lambda text: write(console.to_bytes(text))
            return
        began = False

        def pack(text: str) -> None:
            nonlocal began
            began = True
            write(packed.compress(console.to_bytes(text)))

        try:
            yield pack
        except BaseException:
            if began:  # what is there of it can be read
                write(packed.flush())
            raise
        write(packed.flush())


@contextmanager
def open_file(name: str, force: bool) -> Iterator[Callable[[bytes], None]]:
    """A function that writes to the file `name`, which gets its name only if the block ends well.

    Until then the data is in NAME.MARK.partial, which stays if the block fails after something was written. A device or
    a pipe is written to directly. Raises UsageError, before anything is written, if the file exists and `force` is not
    given, NotFoundError if its folder does not, ResourceError if another process is writing it.
    """
    if stream := _open_stream(name):
        with stream:
            yield lambda data: console.write_whole(stream, _shown(data) if stream.isatty() else data)
        return
    path = Path(os.path.realpath(name))  # through a link, so that the link stays one
    if not path.parent.is_dir():
        raise NotFoundError(f'there is no folder "{path.parent}" to write {path.name} into')
    with console.signals_held():
        draft = Draft(path, force)
    try:
        yield lambda data: console.write_whole(draft.stream, data)
        with console.signals_held():
            draft.complete()
    except BaseException:
        if draft.abandon(keep=True):
            console.note(f"the finished lines are in {draft.place}")
        raise


def _open_stream(name: str) -> BinaryIO | None:
    """What is no file but takes data: a pipe, a terminal, /dev/null, /dev/stdout. None for a file, there or not."""
    if own := _OWN_DESCRIPTOR.fullmatch(name):  # whatever it is: opening it by name would truncate a file
        number = next(filter(None, own.groups()))
        try:
            return open(os.dup(_STANDARD.get(number) or int(number)), "wb")
        except (OSError, OverflowError):
            raise NotFoundError(f'"{name}" is not open') from None
    try:
        mode = os.stat(name).st_mode
    except FileNotFoundError:
        if name.endswith("/"):
            raise NotFoundError(f'there is no folder "{name}"') from None
        return None
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISDIR(mode):
        raise UsageError(f'"{name}" is a folder, not a file')
    if not (stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)):
        raise UsageError(f'"{name}" is no file, and nothing to write to')
    return open(os.open(name, os.O_WRONLY), "wb")


def _shown(data: bytes) -> bytes:
    """What a terminal may get of it."""
    return safe_tty(data.decode("utf-8", "replace"), keep_newlines=True).encode()
