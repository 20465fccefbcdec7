"""Options that several commands have, written once, and those that every command has."""

import functools
import gc
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from tfcli import settings
from tfcli.cli import console
from tfcli.cli.errors import Interrupted
from tfcli.settings import PROTECTED, EncodingErrors, EngineChoice, Normalization, Split


def setting(*names: str, metavar: str | None = None, default: str, help: str) -> Any:
    """An option whose default is found elsewhere: in the settings, the model or the machine."""
    return typer.Option(*names, metavar=metavar, help=f"{help} [default: {default}]", show_default=False)


_MODEL = "A folder, a shipped name, or owner/name already pulled."
_PROTECT = f"Kept as they are: {', '.join(PROTECTED)}, by commas, or none."
_ENCODING = "Bytes that are not UTF-8: replace and say so, or stop."

Model = Annotated[str | None, setting("-m", "--model", metavar="MODEL", default="zh-en", help=_MODEL)]
From = Annotated[
    str | None, typer.Option("--from", metavar="LANG", help="Choose a model that reads this.", show_default=False)
]
To = Annotated[
    str | None, typer.Option("--to", metavar="LANG", help="Choose a model that writes this.", show_default=False)
]
Revision = Annotated[
    str | None, typer.Option("--revision", metavar="R", help="Of a pulled model: a branch, a tag or a commit.")
]
Offline = Annotated[bool, typer.Option("--offline", help="Ask no network: this command never does.")]
ModelArgument = Annotated[
    str | None, typer.Argument(metavar="MODEL", help=f"{_MODEL} [default: zh-en]", show_default=False)
]
Device = Annotated[
    str | None, setting("--device", metavar="auto|cpu|cuda[:i]|mps", default="auto", help="Where to compute.")
]
Dtype = Annotated[settings.Dtype | None, setting("--dtype", default="auto", help="Number format of the weights.")]
Engine = Annotated[EngineChoice | None, setting("--engine", default="auto", help="What computes.")]
Threads = Annotated[int | None, setting("--threads", metavar="N", default="auto", help="CPU threads.")]
Processes = Annotated[
    int | None, setting("--processes", metavar="N", default="as many as threads for long files", help="For files.")
]
BatchTokens = Annotated[
    int | None, setting("--batch-tokens", metavar="N", default="auto", help="Tokens computed at once.")
]
MaxLength = Annotated[
    int | None, setting("--max-length", metavar="N", default="the model's", help="Most tokens of a translation.")
]
LengthRatio = Annotated[
    float | None, setting("--length-ratio", metavar="R", default="2", help="Most tokens per source token.")
]
Beam = Annotated[
    int | None, setting("--beam", metavar="N", default="1, greedy", help="Keep the N best beginnings at every step.")
]
LengthPenalty = Annotated[
    float | None, setting("--length-penalty", metavar="A", default="1", help="Of a beam: more prefers longer ones.")
]
SplitOption = Annotated[
    Split | None, setting("--split", default="auto", help="auto: sentence by sentence, long ones by clauses.")
]
Normalize = Annotated[
    Normalization | None,
    setting("--normalize", default="none", help="t2s: traditional Chinese; tw2sp: also words of Taiwan."),
]
Protect = Annotated[str | None, setting("--protect", metavar="KINDS", default="all", help=_PROTECT)]
Glossary = Annotated[
    list[str] | None, typer.Option("--glossary", metavar="TERMS.tsv", help="Terms and their translations; repeatable.")
]
FlagBelow = Annotated[
    float | None, setting("--flag-below", metavar="P", default="the model's", help="Flag what is less sure, 0 to 1.")
]
EncodingErrorsOption = Annotated[EncodingErrors | None, setting("--encoding-errors", default="replace", help=_ENCODING)]
Output = Annotated[
    str | None, setting("-o", "--output", metavar="FILE", default="stdout", help="Write there, when complete.")
]
OutputDir = Annotated[
    str | None,
    typer.Option("-O", "--output-dir", metavar="DIR", help="Write NAME.en.EXT there for each input, TEXT too."),
]
Recursive = Annotated[bool, typer.Option("--recursive", help="With --output-dir: the documents in folders.")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="NAME", help="Of a table, by name or number from 1; may be repeated."),
]
Encoding = Annotated[
    str | None, typer.Option("--encoding", metavar="NAME", help="Of the input, such as gb18030. [default: found out]")
]
Force = Annotated[bool, typer.Option("--force", help="Replace the output file if it exists.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_EVERYWHERE = {
    "quiet": typer.Option("-q", "--quiet", help="Print results and errors only."),
    "verbose": typer.Option("-v", "--verbose", help="Add the traceback to an error."),
    "no_color": typer.Option("--no-color", help="No colour, also by NO_COLOR=1."),
}


def with_common_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with -q, -v and --no-color, which it need not know of."""

    @functools.wraps(command)
    def run(*, quiet: bool, verbose: bool, no_color: bool, **arguments: Any) -> None:
        if not gc.isenabled():  # see __main__.py
            gc.freeze()
            gc.enable()
        console.mode.quiet, console.mode.verbose, console.mode.color = quiet, verbose, not no_color
        try:
            command(**arguments)
        except KeyboardInterrupt:  # Typer would keep its reason to itself
            raise Interrupted("interrupted") from None

    signature = inspect.signature(command)
    common = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Annotated[bool, option])
        for name, option in _EVERYWHERE.items()
    ]
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *common])
    return run
