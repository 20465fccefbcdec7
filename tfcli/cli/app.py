"""Assembles the commands, and is the one place where errors end up."""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated

import typer

import tfcli
from tfcli.cli import (
    attention,
    average,
    config,
    console,
    data,
    doctor,
    errors,
    evaluate,
    explain,
    info,
    list,
    pull,
    push,
    runs,
    tokenizer,
    train,
    translate,
)
from tfcli.cli.options import with_common_options

_CLOSED_PIPE = 141

app = typer.Typer(
    name="tfcli",
    rich_markup_mode=None,  # plain help: narrow, quick to print, the same in a terminal, a pipe and a log
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,  # a local variable may be a token
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        console.print_out(f"tfcli {tfcli.__version__}")
        raise typer.Exit()


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """A translator to use, train, look inside and share.

    \b
    Examples:
      tfcli translate "好久不见"
      cat news.zh | tfcli translate > news.en
      tfcli train
      tfcli evaluate test.tsv

    \b
    Exit codes:
      0  done                               7  network, Hub busy, offline
      1  unexpected failure, or --strict    8  conflict: the remote changed
         or --fail-under not met            9  disk, memory, locked run
      2  usage                             10  training diverged
      3  bad input data                   130  Ctrl-C
      4  bad model, checkpoint or config  141  closed pipe
      5  not found                        143  SIGTERM
      6  authentication or permission
    """


_COMMANDS = {
    "translate": translate.translate,
    "attention": attention.attention,
    "explain": explain.explain,
    "train": train.train,
    "evaluate": evaluate.evaluate,
    "pull": pull.pull,
    "push": push.push,
    "info": info.info,
    "list": list.list_models,
    "runs": runs.runs,
    "average": average.average,
    "config": config.config,
    "doctor": doctor.doctor,
}
for _name, _command in _COMMANDS.items():
    app.command(_name)(with_common_options(_command))
app.add_typer(tokenizer.app, name="tokenizer")
app.add_typer(data.app, name="data")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line, by default this process's, and returns its exit code."""
    # Threads that wait for work must sleep: spinning, as OpenMP does by default, makes PyTorch crawl on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    signal.signal(signal.SIGTERM, _terminate)
    console.mode = console.Mode()
    _stand_where_torch_can_start()
    try:
        try:
            with _no_signal_lost():
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
        return app(arguments or ["--help"], prog_name="tfcli", standalone_mode=False) or 0
    except SystemExit as error:  # how Typer ends on a closed pipe, and our SIGTERM
        if isinstance(error.__context__, BrokenPipeError):
            raise BrokenPipeError from None
        return error.code


def _stand_where_torch_can_start() -> None:
    """In a folder that is gone, oneMKL ends the process while it is loaded, and a part of PyTorch that optimizers need
    cannot be imported; later neither minds. So both come from elsewhere, and relative paths fail as they should."""
    try:
        os.getcwd()
    except FileNotFoundError:
        here = os.open(".", os.O_RDONLY)
        os.chdir("/")
        import_module("torch._dynamo")
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
