"""`tfcli attention`: what the model looked at."""

import json
import math
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tfcli.cli import console, options
from tfcli.cli.model import load_translator
from tfcli.cli.output import open_file
from tfcli.cli.records import STDIN, Reader, Record
from tfcli.config import MapFormat, MapKind, Stage
from tfcli.errors import DataError, UsageError
from tfcli.settings import resolve
from tfcli.text.lines import decode_argument

if TYPE_CHECKING:
    from tfcli.attention_maps.attention_map import AttentionMap
    from tfcli.attention_maps.view import View
    from tfcli.looking import Translator

_PAINTED = ("table", "heat")
_BINARY = ("npz", "png")
_STDOUT = "-"
_COLUMNS = 80
_FORMAT = "what -o ends in, else table on a terminal, tsv off it"


def attention(
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT", help="One sentence; none, or -, is stdin.", show_default=False)
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", metavar="TEXT", help="Look at this translation, and score it.")
    ] = None,
    kind: Annotated[
        Literal[MapKind, "all"], typer.Option("--kind", help="Target to source, or one side to itself.")
    ] = "cross",
    stage: Annotated[Stage, typer.Option("--stage", help="scores: before mask and softmax.")] = "weights",
    layer: Annotated[
        str | None, options.setting("--layer", metavar="N|all|mean", default="the one that aligns best", help="From 1.")
    ] = None,
    head: Annotated[
        str | None, options.setting("--head", metavar="N|all|mean|max", default="mean", help="From 1.")
    ] = None,
    words: Annotated[bool, typer.Option("--words", help="Merge pieces into words.")] = False,
    output_format: Annotated[
        MapFormat | None, options.setting("--format", default=_FORMAT, help="How to show it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    summary: Annotated[bool, typer.Option("--summary", help="Name the habit of every head.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Walk through one query, number by number.")] = False,
    query: Annotated[str, typer.Option("--query", metavar="N|TOKEN", help="Whose walk --explain takes, from 0.")] = "0",
    threshold: Annotated[
        float | None,
        options.setting("--threshold", metavar="W", default="only the best", help="pharaoh: least weight of a link."),
    ] = None,
    pairs: Annotated[
        bool, typer.Option("--pairs", help="pharaoh: lines are SOURCE, tab, TARGET; nothing is translated.")
    ] = False,
    max_tokens: Annotated[int, typer.Option("--max-tokens", metavar="N", help="Refuse longer sentences.")] = 60,
    output: options.Output = None,
    force: options.Force = False,
    model: options.Model = None,
    beam: options.Beam = None,
    length_penalty: options.LengthPenalty = None,
    device: options.Device = None,
    dtype: options.Dtype = None,
    engine: options.Engine = None,
    threads: options.Threads = None,
    protect: options.Protect = None,
) -> None:
    """Show what the model looked at: every layer and head of its three attentions.

    \b
    Examples:
      tfcli attention "好久不见"
      tfcli attention "好久不见" -o map.html
      tfcli attention "好久不见" --format heat --layer all --head all
      tfcli attention "好久不见" --explain --query see
      tfcli attention "好久不见" --target "Long time no see."
      tfcli attention --format pharaoh --words < news.zh > links.txt

    The tokens are those that translate prints with the same options. html and npz hold all kinds, layers and heads.
    pharaoh writes a line for each line: links source-target, tokens counted from 0, read where the model aligns best
    unless --layer or --head say otherwise.
    """
    from tfcli.attention_maps.view import View
    from tfcli.looking import Translator

    chosen = "json" if as_json else output_format or _default_format(output)
    if (pairs or threshold is not None) and chosen != "pharaoh":
        raise UsageError("--pairs and --threshold are for --format pharaoh")
    if threshold is not None and not math.isfinite(threshold):
        raise UsageError(f"--threshold {threshold} is no weight")
    view = View(kind, stage, layer, head, threshold, *_paper(output))
    settings = resolve(
        dict(model=model, beam=beam, length_penalty=length_penalty, protect=protect)
        | dict(device=device, dtype=dtype, engine=engine, threads=threads)
    ).settings
    lines = Reader("text", "", settings.encoding_errors).read(texts or [STDIN], arguments=bool(texts))
    with _destination(output, force, chosen) as write:
        translator = load_translator(settings, kind=Translator)
        if not texts and console.is_terminal(sys.stdin):
            console.note("Type a line and press Enter.")
        if chosen == "pharaoh":
            for line in lines:
                write(_links(translator, line, pairs, words, view))
        else:
            whole = translator.attention(_single(lines), _decoded(target), max_tokens)
            write(_render(whole, view, chosen, words, query if explain else None, summary, as_json))


def _render(
    whole: "AttentionMap", view: "View", chosen: MapFormat, words: bool, query: str | None, summary: bool, as_json: bool
) -> bytes:
    from tfcli.attention_maps import WRITERS
    from tfcli.attention_maps.attention_map import why_missing
    from tfcli.attention_maps.habits import summarize
    from tfcli.attention_maps.steps import write_summary, write_walk
    from tfcli.attention_maps.walk import start_walk
    from tfcli.attention_maps.words import merge_words

    whole = merge_words(whole) if words else whole
    for kind, kernel in whole.kernels.items():
        if view.kind == "all" and kind not in whole.attentions:
            console.warn(f"{why_missing(kind, kernel)}; the others are shown")
    if query is not None:
        return console.to_bytes(write_walk(whole, start_walk(whole, view, query)))
    if summary and as_json:
        return console.to_bytes(json.dumps([vars(habit) for habit in summarize(whole)], indent=2))
    if summary:
        return console.to_bytes(write_summary(whole))
    return WRITERS[chosen](whole, view)


def _links(translator: "Translator", line: Record, pairs: bool, words: bool, view: "View") -> bytes:
    """One line of links for one line of text, or of text and translation."""
    from tfcli.attention_maps.text import pharaoh_line
    from tfcli.attention_maps.words import merge_words

    if pairs:
        source, tab, target = line.text.partition("\t")
        if not tab:
            raise DataError(f"line {line.number} has no tab", "with --pairs a line is   SOURCE<tab>TARGET")
        maps = [translator.attention(source, target)] if source.strip() and target.strip() else []
    else:
        maps = translator.attention_parts(line.text)
    return pharaoh_line([merge_words(part) if words else part for part in maps], view)


def _decoded(target: str | None) -> str | None:
    return None if target is None else decode_argument(target)[0]


def _single(lines: Iterator[Record]) -> str:
    texts = [line.text for line in islice(lines, 2)]
    if len(texts) > 1:
        raise UsageError("attention shows one sentence at a time", "many lines go into   --format pharaoh")
    return texts[0] if texts else ""


def _default_format(output: str | None) -> MapFormat:
    from tfcli.attention_maps.view import format_of

    return (format_of(output) if output else None) or ("table" if _to_terminal(output) else "tsv")


def _to_terminal(output: str | None) -> bool:
    return output in (None, _STDOUT) and console.is_terminal(sys.stdout)


def _paper(output: str | None) -> tuple[int, bool]:
    """Columns, and whether there is colour."""
    if not _to_terminal(output):
        return _COLUMNS, False
    return shutil.get_terminal_size().columns, console.has_color(sys.stdout)


@contextmanager
def _destination(output: str | None, force: bool, chosen: MapFormat) -> Iterator[Callable[[bytes], None]]:
    """Where a map goes. What is not made for terminals is made safe before it goes to one; binary data does not."""
    if output not in (None, _STDOUT):
        with open_file(output, force) as write:
            yield write
    elif not _to_terminal(output) or chosen in _PAINTED:
        yield console.write_out
    elif chosen in _BINARY:
        raise UsageError(f"{chosen} is nothing for a terminal", f"write it to a file   -o map.{chosen}")
    else:
        yield lambda data: console.print_out(data.decode().removesuffix("\n"))
