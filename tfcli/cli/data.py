"""`tfcli data`: what is wrong with a corpus, and the rest of it."""

import json
import sys
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Annotated

import typer

from tfcli.cli import console, options
from tfcli.cli.checked import Judge, Wanted, checked
from tfcli.cli.output import open_output
from tfcli.cli.scoring import Corpus, Target, score
from tfcli.config import CorpusConfig, Recipe

if TYPE_CHECKING:
    from tfcli.data.checking import Report

app = typer.Typer(help="Look at a corpus, score it, and clean it.", rich_markup_mode=None, no_args_is_help=True)

_BLOCK = 2000

Source = Annotated[str, typer.Option("--source", metavar="CODE", help="The language of the source side.")]
To = Annotated[str, typer.Option("--to", metavar="CODE", help="The language of the target side.")]
Align = Annotated[
    Judge,
    typer.Option(
        "--align",
        help="Who looks for pairs that do not say the same; auto: a model if one is named, or the corpus is small.",
    ),
]
Model = Annotated[
    str | None,
    typer.Option("-m", "--model", metavar="MODEL", help="Let this model judge whether the sides belong together."),
]


def check(
    corpus: Corpus,
    target: Target = None,
    source_language: Source = Recipe.source,
    target_language: To = Recipe.target,
    align: Align = "auto",
    model: Model = None,
    device: options.Device = None,
    processes: options.Processes = None,
    as_json: options.Json = False,
) -> None:
    """Count what is wrong with the lines of a corpus, by rule, with the numbers of the first.

    \b
    Examples:
      tfcli data check corpus.tsv
      tfcli data check corpus.zh corpus.en --json
      tfcli data check large.tsv -m zh-en

    Whether a pair is misaligned, a model tells best, and says how sure it is of those that it found: one that is named,
    or for up to 5,000 lines the default one if it knows the two languages. Else a lexicon learned from the corpus tells
    about half of them.
    """
    from tfcli.data.checking import Report

    report, bar = Report(), console.is_terminal(sys.stderr)
    wanted = Wanted(source_language, target_language, align, model, device, processes)
    for _ in checked(CorpusConfig(corpus, target), wanted, report, bar):
        pass
    _print(report, as_json)


def clean(
    corpus: Corpus,
    target: Target = None,
    output: options.Output = None,
    rejects: Annotated[str | None, typer.Option(metavar="FILE", help="The others, with number and reason.")] = None,
    force: options.Force = False,
    source_language: Source = Recipe.source,
    target_language: To = Recipe.target,
    align: Align = "auto",
    model: Model = None,
    keep: Annotated[
        float | None,
        typer.Option(metavar="SHARE", min=0, max=1, help="Keep this share of the good pairs, the best by the model."),
    ] = None,
    device: options.Device = None,
    processes: options.Processes = None,
) -> None:
    """Write the good pairs of a corpus as a TSV.

    \b
    Examples:
      tfcli data clean corpus.tsv -o cleaned.tsv --rejects rejects.tsv
      tfcli data clean corpus.zh corpus.en > cleaned.tsv
      tfcli data clean corpus.tsv --model zh-en --keep 0.85 -o cleaned.tsv

    With --keep, pairs that a rule rejects are not counted: 0.85 of the others stay, those whose source explains most of
    their target (see tfcli data score --help).
    """
    from tfcli.data.checking import Report

    report = Report()
    bar = console.is_terminal(sys.stderr) and bool(output or not console.is_terminal(sys.stdout))
    with ExitStack() as stack:
        write = stack.enter_context(open_output(output, force))
        reject = stack.enter_context(open_output(rejects, force)) if rejects else None
        kept: list[str] = []
        wanted = Wanted(source_language, target_language, align, model, device, processes, keep)
        for pair, reason in stack.enter_context(closing(checked(CorpusConfig(corpus, target), wanted, report, bar))):
            if reason is None:
                kept.append(f"{pair.source}\t{pair.target}")
            elif reject:
                reject(f"{pair.number}\t{reason}\t{pair.source}\t{pair.target}")
            if len(kept) == _BLOCK:
                write("\n".join(kept))
                kept.clear()
        if kept:
            write("\n".join(kept))
    console.note("\n".join(_lines(report)))


def _print(report: "Report", as_json: bool) -> None:
    if as_json:
        found = {reason: {"lines": n, "first": report.first[reason]} for reason, n in report.found.items()}
        for reason, sure in report.sure.items():
            found[reason]["sure"] = sure
        console.print_out(json.dumps({"lines": report.lines, "found": found}, ensure_ascii=False, indent=2))
    else:
        console.print_out("\n".join(_lines(report)))


def _lines(report: "Report") -> list[str]:
    good = report.lines - sum(report.found.values())
    rows = [("lines", f"{report.lines:,}", ""), ("good", f"{good:,}", "")]
    for reason, number in sorted(report.found.items(), key=lambda item: -item[1]):
        sure = f" ({report.sure[reason]:.0%} sure)" if reason in report.sure else ""
        rows.append((reason, f"{number:,}", f"lines {', '.join(map(str, report.first[reason]))}{sure}"))
    width = max(len(row[1]) for row in rows)
    return [line.rstrip() for line in console.align([(name, count.rjust(width), where) for name, count, where in rows])]


for _name, _command in {"check": check, "clean": clean, "score": score}.items():
    app.command(_name)(options.with_common_options(_command))
