"""Runs a command line, and is the one place where errors end up."""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module

from tfcli.cli import console, errors
from tfcli.cli.commands import make_app
from tfcli.disk import spooling

_CLOSED_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line, by default this process's, and returns its exit code."""
    # Threads that wait for work must sleep: spinning, as OpenMP does by default, makes PyTorch crawl on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    signal.signal(signal.SIGTERM, _terminate)
    console.mode = console.Mode()
    _stand_where_torch_can_start()
    try:
        try:
            with _no_signal_lost(), spooling():
                code = _run(sys.argv[1:] if arguments is None else arguments)
        except (Exception, KeyboardInterrupt) as error:
            if isinstance(error, BrokenPipeError):
                raise
            code = console.report(errors.explain(error), error)
    except BrokenPipeError:
        code = _CLOSED_PIPE  # nobody reads on, as in `| head`: not an error, and nobody to tell
    console.close()
    return code


def _run(arguments: Sequence[str]) -> int:
    try:
        app = make_app(arguments[0] if arguments else None)
        return app(arguments or ["--help"], prog_name="tfcli", standalone_mode=False) or 0
    except SystemExit as error:  # how Typer ends on a closed pipe, and our SIGTERM
        if isinstance(error.__context__, BrokenPipeError):
            raise BrokenPipeError from None
        return error.code


def _stand_where_torch_can_start() -> None:
    """In a folder that is gone, oneMKL ends the process while it is loaded, and a part of PyTorch that optimizers need
    cannot be imported; later neither minds. So they come from elsewhere, and relative paths fail as they should."""
    try:
        os.getcwd()
    except FileNotFoundError:
        here = os.open(".", os.O_RDONLY)
        os.chdir("/")
        for library in ("ctranslate2", "torch._dynamo"):
            with suppress(ImportError):  # the command that needs it says so
                import_module(library)
        os.fchdir(here)


@contextmanager
def _no_signal_lost() -> Iterator[None]:
    """Where Python cannot raise, as in a callback of a weak reference, it says so and goes on; importing is full of
    such places. A signal that comes just then is sent again."""
    previous = sys.unraisablehook

    def send_again(lost: "sys.UnraisableHookArgs") -> None:
        match lost.exc_value:
            case KeyboardInterrupt():
                number = signal.SIGINT
            case SystemExit():
                number = signal.SIGTERM
            case _:
                return previous(lost)
        threading.Timer(0.2, os.kill, (os.getpid(), number)).start()

    sys.unraisablehook = send_again
    try:
        yield
    finally:
        sys.unraisablehook = previous


def _terminate(number: int, frame: object) -> None:
    raise SystemExit(128 + number)
