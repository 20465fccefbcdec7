"""`tfcli evaluate`: how good a model, or a file of translations, is on test sets."""

import dataclasses
import json
import math
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tfcli.cli import challenge as challenges
from tfcli.cli import confidence, console, options
from tfcli.cli.errors import NotMetError
from tfcli.cli.model import describe, load_translator
from tfcli.cli.output import open_output
from tfcli.cli.progress import Progress
from tfcli.cli.records import Reader, Record
from tfcli.cli.windows import full_windows
from tfcli.config import CorpusConfig
from tfcli.data.corpus import read_pairs
from tfcli.errors import UsageError
from tfcli.settings import resolve

if TYPE_CHECKING:
    from tfcli.challenge.sentences import Sentence
    from tfcli.decoding.translation import Translation
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
    reverse: Annotated[bool, typer.Option("--reverse", help="The files have the reference first.")] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, max=sys.maxsize, help="Only the first N lines.")
    ] = None,
    fail_under: Annotated[
        str | None, typer.Option("--fail-under", metavar="bleu=B,...", help="Exit with 1 below these scores.")
    ] = None,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Save the translations there.")
    ] = None,
    force: options.Force = False,
    calibrated: Annotated[
        bool, typer.Option("--calibrate", help="Keep in the model what its scores are worth, by these test sets.")
    ] = False,
    as_json: options.Json = False,
    model: options.Model = None,
    beam: options.Beam = None,
    length_penalty: options.LengthPenalty = None,
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
      tfcli evaluate test.tsv --beam 4
      tfcli evaluate test.tsv --hyp theirs.en
      tfcli evaluate zh-en.tsv -m en-zh --reverse
      tfcli evaluate --src test.zh --ref test.en --fail-under bleu=22,chrf=40
      tfcli evaluate --challenge tests/data/challenge --fail-under challenge=90
      tfcli evaluate dev.tsv -m runs/zh-en --calibrate

    BLEU and chrF2 by sacreBLEU, each with the signature that says how it was measured.
    """
    demands = _parse_demands(fail_under)
    if challenge and (tests or source or reference or reverse):
        raise UsageError("--challenge goes without other test sets")
    sets = [_read_challenge(challenge, limit)] if challenge else _read_sets(tests or [], source, reference, limit)
    if reverse:
        sets = [dataclasses.replace(test, sources=test.references, references=test.sources) for test in sets]
    if (output or hypotheses) and len(sets) > 1:
        raise UsageError("--hyp and --output go with one test set")
    if calibrated and (hypotheses or challenge):
        raise UsageError("--calibrate goes with a model and test sets that have references")
    settings = resolve(
        dict(model=model, device=device, dtype=dtype, engine=engine, threads=threads, batch_tokens=batch_tokens)
        | dict(max_length=max_length, length_ratio=length_ratio, beam=beam, length_penalty=length_penalty)
    ).settings
    translated: list[list[Translation]] = []
    rows = []
    with open_output(output, force) if output else nullcontext() as write:
        translator = None if hypotheses else load_translator(settings)
        for test in sets:
            started = time.monotonic()
            results = _translate(test, translator) if translator else None
            seconds = round(time.monotonic() - started, 3) if translator else None
            lines = [result.translation for result in results] if translator else _read_lines(hypotheses, limit)
            if write and lines:
                write("\n".join(lines))
            if test.challenge:
                judged = _judge(test, lines)
            else:
                judged = _score(test, lines, _languages(translator, settings.model, target))
            if results and not test.challenge:
                judged |= confidence.judge(results, test.references, translator)
            translated += [results] if results else []
            row = judged | {"seconds": seconds}
            rows.append(row)
            if not as_json:
                show = challenges.show if test.challenge else _show
                console.print_out(show(row, describe(translator) if translator else hypotheses))
        if calibrated:
            confidence.calibrate(translated, [test.references for test in sets], translator)
    if as_json:
        console.print_out(json.dumps(rows, ensure_ascii=False, indent=2))
    _check(rows, demands)


def _parse_demands(text: str | None) -> dict[str, float]:
    demands = {}
    for part in filter(None, (text or "").split(",")):
        name, _, value = part.partition("=")
        try:
            demands[_DEMANDS[name.strip().lower()]] = demand = float(value)
            if not math.isfinite(demand):
                raise ValueError
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


def _languages(translator: "Translator | None", model: str, target: str | None) -> tuple[str, str]:
    """Codes of source and target: those of the model, unless the target is given."""
    from tfcli.bundle import locate, read_bundle

    config = (translator.bundle if translator else read_bundle(locate(model))).config
    return config.source, target or config.target


def _translate(test: _TestSet, translator: "Translator") -> "list[Translation]":
    records = [Record(i, text, size=len(text.encode()) + 1) for i, text in enumerate(test.sources, 1)]
    found = []
    total = sum(record.size for record in records)
    with Progress(total, bar=console.is_terminal(sys.stderr), spoken=True) as progress:
        for window in full_windows(records, _WINDOW, first=_WINDOW):
            results = translator.translate_detailed([record.text for record in window])
            found += results
            progress.add(window, results)
    return found


def _score(test: _TestSet, lines: list[str], languages: tuple[str, str]) -> dict[str, Any]:
    from tfcli.evaluation import evaluate

    source, target = languages
    result = evaluate(test.sources, lines, test.references, target, source)
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
    return "\n".join([f"{row['set']}: {row['lines']:,} lines, {what}{speed}", *scores, counts, *confidence.show(row)])


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
