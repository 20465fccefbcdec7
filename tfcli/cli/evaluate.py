"""`tfcli evaluate`: how good a model, or a file of translations, is on test sets."""

import dataclasses
import json
import sys
import time
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tfcli.cli import challenge as challenges
from tfcli.cli import console, options
from tfcli.cli.errors import NotMetError
from tfcli.cli.model import describe, load_translator
from tfcli.cli.output import open_output
from tfcli.cli.progress import Progress
from tfcli.cli.records import Reader, Record
from tfcli.cli.windows import full_windows
from tfcli.config import CorpusConfig
from tfcli.data.corpus import read_pairs
from tfcli.errors import UsageError
from tfcli.settings import Settings, resolve

if TYPE_CHECKING:
    from tfcli.challenge.sentences import Sentence
    from tfcli.decoding.translator import Translator

_WINDOW = 2**18
_DEMANDS = {"bleu": "BLEU", "chrf": "chrF2", "challenge": "challenge"}


@dataclass(frozen=True)
class _TestSet:
    name: str
    sources: list[str]
    references: list[str]
    challenge: "list[Sentence] | None" = None


def evaluate(
    tests: Annotated[
        list[str] | None, typer.Argument(metavar="TEST.tsv", help="Lines of source<TAB>reference.", show_default=False)
    ] = None,
    source: Annotated[str | None, typer.Option("--src", metavar="FILE", help="Sources, one a line.")] = None,
    reference: Annotated[str | None, typer.Option("--ref", metavar="FILE", help="Their references.")] = None,
    challenge: Annotated[
        str | None, typer.Option("--challenge", metavar="DIR", help="Count what is right in a challenge set (or file).")
    ] = None,
    hypotheses: Annotated[
        str | None, typer.Option("--hyp", metavar="FILE", help="Score these translations, not a model.")
    ] = None,
    target: Annotated[
        str | None, options.setting("--target", metavar="LANG", default="the model's", help="Language of --hyp.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="Only the first N lines.")] = None,
    fail_under: Annotated[
        str | None, typer.Option("--fail-under", metavar="bleu=B,...", help="Exit with 1 below these scores.")
    ] = None,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Save the translations there.")
    ] = None,
    force: options.Force = False,
    as_json: options.Json = False,
    model: options.Model = None,
    max_length: options.MaxLength = None,
    length_ratio: options.LengthRatio = None,
    device: options.Device = None,
    dtype: options.Dtype = None,
    engine: options.Engine = None,
    threads: options.Threads = None,
    batch_tokens: options.BatchTokens = None,
) -> None:
    """Score a model, or translations in a file, on test sets.

    \b
    Examples:
      tfcli evaluate test.tsv
      tfcli evaluate news.tsv talks.tsv -m runs/zh-en --json
      tfcli evaluate test.tsv --hyp theirs.en
      tfcli evaluate --src test.zh --ref test.en --fail-under bleu=22,chrf=40
      tfcli evaluate --challenge tests/data/challenge --fail-under challenge=90

    BLEU and chrF2 by sacreBLEU, each with the signature that says how it was measured.
    """
    demands = _parse_demands(fail_under)
    if challenge and (tests or source or reference):
        raise UsageError("--challenge goes without other test sets")
    sets = [_read_challenge(challenge, limit)] if challenge else _read_sets(tests or [], source, reference, limit)
    if (output or hypotheses) and len(sets) > 1:
        raise UsageError("--hyp and --output go with one test set")
    settings = resolve(
        dict(model=model, device=device, dtype=dtype, engine=engine, threads=threads, batch_tokens=batch_tokens)
        | dict(max_length=max_length, length_ratio=length_ratio)
    ).settings
    translator = None if hypotheses else load_translator(settings)
    rows = []
    for test in sets:
        started = time.monotonic()
        lines = _translate(test, translator) if translator else _read_lines(hypotheses, limit)
        seconds = round(time.monotonic() - started, 3) if translator else None
        judged = _judge(test, lines) if test.challenge else _score(test, lines, target or _target(translator, settings))
        row = judged | {"seconds": seconds}
        rows.append(row)
        if output:
            with open_output(output, force) as write:
                write("\n".join(lines))
        if not as_json:
            show = challenges.show if test.challenge else _show
            console.print_out(show(row, describe(translator) if translator else hypotheses))
    if as_json:
        console.print_out(json.dumps(rows, ensure_ascii=False, indent=2))
    _check(rows, demands)


def _parse_demands(text: str | None) -> dict[str, float]:
    demands = {}
    for part in filter(None, (text or "").split(",")):
        name, _, value = part.partition("=")
        try:
            demands[_DEMANDS[name.strip().lower()]] = float(value)
        except (KeyError, ValueError):
            raise UsageError(f'--fail-under {part}: write it as "bleu=22,chrf=40"') from None
    return demands


def _read_sets(tests: list[str], source: str | None, reference: str | None, limit: int | None) -> list[_TestSet]:
    if (source is None) != (reference is None):
        raise UsageError("--src and --ref belong together")
    corpora = [CorpusConfig(test) for test in tests] + ([CorpusConfig(source, reference)] if source else [])
    if not corpora:
        raise UsageError("there is no test set", "give TSV files, or --src and --ref")
    sets = []
    for corpus in corpora:
        pairs = list(islice(read_pairs(corpus), limit))
        sets.append(_TestSet(corpus.path, [pair.source for pair in pairs], [pair.target for pair in pairs]))
    return sets


def _read_challenge(path: str, limit: int | None) -> _TestSet:
    from tfcli.challenge.sentences import read_challenge

    sentences = read_challenge(path)[:limit]
    return _TestSet(path, [sentence.source for sentence in sentences], [], sentences)


def _read_lines(path: str, limit: int | None) -> list[str]:
    records = Reader("text", "", "strict").read([path], arguments=False)
    return [record.text for record in islice(records, limit)]


def _target(translator: "Translator | None", settings: Settings) -> str:
    from tfcli.bundle import locate, read_bundle

    bundle = translator.bundle if translator else read_bundle(locate(settings.model))
    return bundle.config.target


def _translate(test: _TestSet, translator: "Translator") -> list[str]:
    records = [Record(i, text, size=len(text.encode()) + 1) for i, text in enumerate(test.sources, 1)]
    lines = []
    total = sum(record.size for record in records)
    with Progress(total, bar=console.is_terminal(sys.stderr), spoken=True) as progress:
        for window in full_windows(records, _WINDOW, first=_WINDOW):
            results = translator.translate_detailed([record.text for record in window])
            lines += [result.translation for result in results]
            progress.add(window, results)
    return lines


def _score(test: _TestSet, lines: list[str], target: str) -> dict[str, Any]:
    from tfcli.evaluation import evaluate

    result = evaluate(test.sources, lines, test.references, target)
    return {"set": test.name, **dataclasses.asdict(result)}


def _judge(test: _TestSet, lines: list[str]) -> dict[str, Any]:
    from tfcli.challenge.result import evaluate_challenge

    return challenges.as_row(test.name, evaluate_challenge(test.challenge, lines))


def _show(row: dict[str, Any], what: str) -> str:
    speed = f", {row['lines'] / row['seconds']:.1f} lines/s" if row["seconds"] else ""
    scores = [
        f"  {score['name']:6}{score['value']:6.2f}   {score['signature']}" for score in (row["bleu"], row["chrf"])
    ]
    digits = "" if row["digits"] is None else f", {row['digits']:.1%} of the numbers kept"
    counts = f"  length {row['length_ratio']:.2f} of the references{digits}, {row['loops']} loops, {row['empty']} empty"
    return "\n".join([f"{row['set']}: {row['lines']:,} lines, {what}{speed}", *scores, counts])


def _check(rows: list[dict[str, Any]], demands: dict[str, float]) -> None:
    for row in rows:
        for name, value in _values(row).items():
            if value < demands.get(name, 0):
                raise NotMetError(f"{row['set']}: {name} is {value:.2f}, under {demands[name]:g}")


def _values(row: dict[str, Any]) -> dict[str, float]:
    """What --fail-under can ask of a row."""
    if "kinds" in row:
        return {"challenge": 100 * row["right"] / row["sentences"]}
    return {score["name"]: score["value"] for score in (row["bleu"], row["chrf"])}
