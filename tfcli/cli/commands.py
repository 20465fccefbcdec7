"""The commands by name, and the command line made of all of them or of one.

A command's module is imported when its command is asked for, or all of them: nobody who translates a sentence waits for
the options of training to be read.
"""

from importlib import import_module
from typing import Annotated

import typer

import tfcli
from tfcli.cli import console
from tfcli.cli.options import with_common_options

COMMANDS = {
    "translate": "translate.translate",
    "attention": "attention.attention",
    "explain": "explain.explain",
    "serve": "serve.serve",
    "train": "train.train",
    "evaluate": "evaluate.evaluate",
    "pull": "pull.pull",
    "push": "push.push",
    "info": "info.info",
    "list": "list.list_models",
    "runs": "runs.runs",
    "average": "average.average",
    "export": "export.export",
    "config": "config.config",
    "doctor": "doctor.doctor",
    "tokenizer": "tokenizer.app",
    "data": "data.app",
    "cache": "cache.app",
}
"""Name to module and function, or to module and its group of commands, in the order of --help."""


def make_app(name: str | None = None) -> typer.Typer:
    """The command line with all commands, or, if `name` is one of them, with that one only."""
    app = typer.Typer(
        name="tfcli",
        rich_markup_mode=None,  # plain help: narrow, quick to print, the same in a terminal, a pipe and a log
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,  # a local variable may be a token
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for known in [name] if name in COMMANDS else COMMANDS:
        module, _, attribute = COMMANDS[known].partition(".")
        command = getattr(import_module(f"tfcli.cli.{module}"), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=known)
        else:
            app.command(known)(with_common_options(command))
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        console.print_out(f"tfcli {tfcli.__version__}")
        raise typer.Exit()


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
