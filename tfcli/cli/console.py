"""The only place that prints. stdout is data, written as bytes; stderr is for people.

What a person sees goes through `safe_tty` first, for it may hold text of a stranger: a file name, a line of input, the
card of a model. Text for a pipe goes out as it is, in UTF-8 whatever the locale.
"""

import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

from tfcli.errors import ResourceError, TfcliError
from tfcli.text.sanitize import redact, safe_tty

_RED, _YELLOW = "31", "33"


@dataclass
class Mode:
    quiet: bool = False
    verbose: bool = False
    color: bool = True


mode = Mode()
"""How talkative this command is; set by the options that every command has."""


def is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def has_color(stream: TextIO | None) -> bool:
    """Whether colour and animation may go to this stream."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return mode.color and not plain and is_terminal(stream)


def print_out(text: str) -> None:
    """Whole lines to stdout, without the last line's end: data for a pipe or a file, made safe for a terminal."""
    write_out(to_bytes(safe_tty(text, keep_newlines=True) if is_terminal(sys.stdout) else text))


def write_out(data: bytes) -> None:
    """Bytes to stdout as they are: they are safe for a terminal, or there is none."""
    if sys.stdout is None:
        raise ResourceError("stdout is closed")
    write_whole(sys.stdout.buffer, data)


def print_path(path: Path) -> None:
    """A path to stdout, byte for byte, so that a script can use it whatever it is called."""
    if is_terminal(sys.stdout):
        print_out(str(path))
    else:
        write_out(os.fsencode(path) + b"\n")


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with straight columns; the last column of a row may be as long as it likes."""
    widths: dict[int, int] = {}
    for row in rows:
        for i, cell in enumerate(row[:-1]):
            widths[i] = max(widths.get(i, 0), len(cell))
    return ["  ".join([*(cell.ljust(widths[i]) for i, cell in enumerate(row[:-1])), row[-1]]) for row in rows]


def count(number: int, thing: str) -> str:
    """1 line, 2,000 lines."""
    return f"{number:,} {thing}{'s' * (number != 1)}"


def to_bytes(text: str) -> bytes:
    """Lines as they are written: UTF-8, the last one ended too."""
    return text.encode("utf-8", "replace") + b"\n"


def write_whole(stream: BinaryIO, data: bytes) -> None:
    """Write and flush, all or nothing as far as a person can interrupt."""
    with signals_held():
        stream.write(data)
        stream.flush()


@contextmanager
def signals_held() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait for the end of the block; a second one does not, for the reader may have stopped."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handlers = {number: handler for number, handler in handlers.items() if callable(handler)}
    held = []

    def hold(number, frame):
        if held:
            handlers[number](number, frame)
        held.append(number)

    for number in handlers:
        signal.signal(number, hold)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    for number in held:
        handlers[number](number, None)


def note(text: str) -> None:
    """Something a person may like to know."""
    if not mode.quiet:
        _write_err(text)


def warn(text: str) -> None:
    """Something a person should know."""
    if not mode.quiet:
        _write_err(text, "warning: ", _YELLOW)


def report(error: TfcliError, cause: BaseException) -> int:
    """What is wrong, then what to do, indented; with -v the traceback of `cause` first. Returns the exit code."""
    if mode.verbose:
        _write_err("".join(traceback.format_exception(cause)).rstrip())
    hint = "".join(f"\n  {line}" for line in error.hint.splitlines())
    _write_err(safe_tty(error.message) + hint, "", _RED)
    return error.exit_code


def _write_err(text: str, prefix: str | None = None, color: str = "") -> None:
    if sys.stderr is None:
        return
    start = ""
    if prefix is not None:
        start = f"tfcli: {prefix}"
        if has_color(sys.stderr):
            start = f"\x1b[{color}m{start}\x1b[0m"
    sys.stderr.write(f"{start}{safe_tty(redact(text), keep_newlines=True)}\n")
    sys.stderr.flush()


def close() -> None:
    """The last flush. A stream that cannot take it goes silent, or the interpreter would complain at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, stream.fileno())
            os.close(devnull)
