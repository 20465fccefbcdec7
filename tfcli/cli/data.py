"""`tfcli data`: what is wrong with a corpus, and the rest of it."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Annotated

import typer

from tfcli.cli import console, options
from tfcli.cli.output import open_output
from tfcli.cli.progress import followed
from tfcli.config import CorpusConfig, Recipe
from tfcli.text.scripts import count_letters, foreign

if TYPE_CHECKING:
    from tfcli.data.checking import Line, Report, Rule

app = typer.Typer(help="Look at a corpus, and clean it.", rich_markup_mode=None, no_args_is_help=True)

_SAMPLE = 50_000
_ENOUGH = 500
"""With fewer good pairs there is nothing to learn an alignment from."""
_BLOCK = 2000

Corpus = Annotated[str, typer.Argument(metavar="FILE", help="A TSV, or the source side; plain, .gz, .xz or .zst.")]
Target = Annotated[str | None, typer.Argument(metavar="TARGET", help="The target side, if it is a file of its own.")]
Source = Annotated[str, typer.Option("--source", metavar="CODE", help="The language of the source side.")]
To = Annotated[str, typer.Option("--to", metavar="CODE", help="The language of the target side.")]
Align = Annotated[bool, typer.Option("--align/--no-align", help="Look for pairs that do not say the same.")]


def check(
    corpus: Corpus,
    target: Target = None,
    source_language: Source = Recipe.source,
    target_language: To = Recipe.target,
    align: Align = True,
    as_json: options.Json = False,
) -> None:
    """Count what is wrong with the lines of a corpus, by rule, with the numbers of the first.

    \b
    Examples:
      tfcli data check corpus.tsv
      tfcli data check corpus.zh corpus.en --json
    """
    from tfcli.data.checking import Report

    report, bar = Report(), console.is_terminal(sys.stderr)
    for _ in _checked(CorpusConfig(corpus, target), source_language, target_language, align, report, bar):
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
    align: Align = True,
) -> None:
    """Write the good pairs of a corpus as a TSV.

    \b
    Examples:
      tfcli data clean corpus.tsv -o cleaned.tsv --rejects rejects.tsv
      tfcli data clean corpus.zh corpus.en > cleaned.tsv
    """
    from tfcli.data.checking import Report

    report = Report()
    bar = console.is_terminal(sys.stderr) and bool(output or not console.is_terminal(sys.stdout))
    with ExitStack() as stack:
        write = stack.enter_context(open_output(output, force))
        reject = stack.enter_context(open_output(rejects, force)) if rejects else None
        kept: list[str] = []
        checked = _checked(CorpusConfig(corpus, target), source_language, target_language, align, report, bar)
        for pair, reason in stack.enter_context(closing(checked)):
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


def _checked(
    corpus: CorpusConfig, source: str, target: str, align: bool, report: "Report", bar: bool
) -> "Iterator[Line]":
    """Reads the corpus twice: what is repeated, and how words correspond, shows only in the whole."""
    from tfcli.data import checking

    rules: dict[str, Rule] = {
        "empty side": checking.empty,
        "control characters": checking.control,
        "identical sides": checking.identical,
        "too long": checking.too_long,
        "uneven length": checking.uneven,
        "wrong script": checking.wrong_script(_is_foreign, source, target),
    }
    sample = checking.Sample(_SAMPLE)
    with followed(checking.read_lines(corpus), "reading", None, bar) as lines:
        repeated = rules["repeated"] = checking.Repeated(pair for pair, _ in sample.draw(lines))
    if align:
        console.note("learning which words correspond")
        good = [pair for pair in sample.pairs if not any(rule(pair) for rule in rules.values())]
        if len(good) >= _ENOUGH:
            rules["misaligned"] = checking.misaligned(good)
        else:
            console.note(f"{len(good)} good pairs are too few for that")
    with followed(checking.read_lines(corpus), "checking", repeated.lines, bar) as lines:
        yield from checking.check(lines, rules, report)


def _is_foreign(text: str, language: str) -> bool:
    letters = count_letters(text)
    return letters.total() >= 4 and foreign(letters, language) is not None


def _print(report: "Report", as_json: bool) -> None:
    if as_json:
        found = {reason: {"lines": n, "first": report.first[reason]} for reason, n in report.found.items()}
        console.print_out(json.dumps({"lines": report.lines, "found": found}, ensure_ascii=False, indent=2))
    else:
        console.print_out("\n".join(_lines(report)))


def _lines(report: "Report") -> list[str]:
    good = report.lines - sum(report.found.values())
    rows = [("lines", f"{report.lines:,}", ""), ("good", f"{good:,}", "")]
    for reason, number in sorted(report.found.items(), key=lambda item: -item[1]):
        rows.append((reason, f"{number:,}", f"lines {', '.join(map(str, report.first[reason]))}"))
    width = max(len(row[1]) for row in rows)
    return [line.rstrip() for line in console.align([(name, count.rjust(width), where) for name, count, where in rows])]


for _name, _command in {"check": check, "clean": clean}.items():
    app.command(_name)(options.with_common_options(_command))
