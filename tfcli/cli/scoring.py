"""`tfcli data score`, and the model that judges pairs for the other commands of `data`."""

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from tfcli.cli import console, options
from tfcli.cli.output import open_output
from tfcli.cli.progress import followed
from tfcli.config import CorpusConfig
from tfcli.errors import UsageError
from tfcli.settings import resolve
from tfcli.text.scripts import count_letters, foreign

if TYPE_CHECKING:
    from tfcli.data.checking import Line, Rule
    from tfcli.scoring.score import Score
    from tfcli.scoring.stream import Job

_BLOCK = 500
_DIGITS = 3
_WRONG_SCRIPT = "wrong script"

Corpus = Annotated[str, typer.Argument(metavar="FILE", help="A TSV, or the source side; plain, .gz, .xz or .zst.")]
Target = Annotated[str | None, typer.Argument(metavar="TARGET", help="The target side, if it is a file of its own.")]


def score(
    corpus: Corpus,
    target: Target = None,
    model: options.Model = None,
    output: options.Output = None,
    force: options.Force = False,
    source_language: Annotated[
        str | None,
        options.setting("--source", metavar="CODE", default="the model's", help="The language of the first column."),
    ] = None,
    target_language: Annotated[
        str | None, options.setting("--to", metavar="CODE", default="the model's", help="The language of the second.")
    ] = None,
    device: options.Device = None,
    processes: options.Processes = None,
) -> None:
    """Score the pairs of a corpus by a model: how much of the target does the source explain?

    \b
    Examples:
      tfcli data score corpus.tsv -m zh-en -o scored.tsv
      tfcli data score corpus.zh corpus.en > scored.tsv
      tfcli data score corpus.tsv | awk -F'\\t' '$3 >= 0.2' | cut -f 1,2 > good.tsv

    A line comes out for each line, in order, with six columns: source; target; explained = 1 - own / other, about 0 for
    two sentences that have nothing to do with each other; own, the loss per token of the target, in nats; other, the
    same with the source of another pair of like length; a note. The note is "cut" for a pair that is longer than the
    model reads, and judged by its beginning; "alone" if there was no other pair to compare it with. A line that is no
    pair, is empty on a side or in the wrong script has no numbers, and the note says why.
    """
    from tfcli.data import checking
    from tfcli.scoring.judging import Scores
    from tfcli.scoring.stream import score_lines

    pair = CorpusConfig(corpus, target)
    job, source, to = make_job(model, device, processes, source_language, target_language)
    bar = console.is_terminal(sys.stderr) and bool(output or not console.is_terminal(sys.stdout))
    rules: dict[str, Rule] = {
        "empty side": checking.empty,
        _WRONG_SCRIPT: checking.wrong_script(is_foreign, source, to),
    }
    scores, strange = Scores(), 0
    with open_output(output, force) as write:
        with followed(checking.read_lines(pair), "reading", None, bar) as lines:
            total = sum(1 for _ in lines)
        good = checking.check(checking.read_lines(pair), rules, checking.Report())
        block = []
        with closing(score_lines(good, job)) as scored, followed(scored, "scoring", total, bar) as results:
            for line, result in results:
                scores.add(result)
                strange += line[1] == _WRONG_SCRIPT
                block.append(_row(line, result))
                if len(block) == _BLOCK:
                    write("\n".join(block))
                    block.clear()
            if block:
                write("\n".join(block))
    _say(scores)
    if strange > total // 2:
        console.warn(f"most lines are not {source} → {to}; columns the other way round   --source {to} --to {source}")


class OtherLanguagesError(UsageError):
    """A model does not read what a corpus holds."""


def make_job(
    model: str | None, device: str | None, processes: int | None, source: str | None, target: str | None
) -> "tuple[Job, str, str]":
    """How to score a corpus of these languages (None: those of the model), and the languages. OtherLanguagesError if
    the model does not translate between them, in either direction."""
    from tfcli.bundle import locate, read_bundle
    from tfcli.hardware import choose_device
    from tfcli.scoring.processes import count_cores
    from tfcli.scoring.stream import Job

    settings = resolve({"model": model, "device": device, "processes": processes}).settings
    bundle = read_bundle(locate(settings.model))
    own = bundle.config.source, bundle.config.target
    languages = source or own[0], target or own[1]
    if languages not in (own, own[::-1]):
        raise OtherLanguagesError(
            f'the model "{settings.model}" translates {" → ".join(own)}; the corpus is {" → ".join(languages)}',
            f"say what its columns are   --source {own[0]} --to {own[1]}\nor name another model      -m MODEL",
        )
    place = choose_device(settings.device)
    shared = settings.processes or (count_cores() if place == "cpu" else 1)
    return Job(bundle.folder, place, shared, settings.threads, swapped=languages != own), *languages


def is_foreign(text: str, language: str) -> bool:
    """Whether a text has letters enough to tell that it is in another script than a language."""
    letters = count_letters(text)
    return letters.total() >= 4 and foreign(letters, language) is not None


def _row(line: "Line", score: "Score | None") -> str:
    (_, source, target), reason = line
    numbers, note = ["", "", ""], reason or ""
    if score:
        values = score.explained, score.own, score.other
        numbers = ["" if value != value else f"{value:.{_DIGITS}f}" for value in values]  # NaN is no number
        note = "alone" if score.other != score.other else "cut" * score.cut
    return "\t".join([source, target.replace("\t", " "), *numbers, note])


def _say(scores) -> None:
    sure_P = scores.sureness()
    scored = int((scores.explained_P == scores.explained_P).sum())
    few = f"{sure_P.sum() / max(scored, 1):.1%}"
    console.note(f"{console.count(scored, 'pair')} scored, about {round(float(sure_P.sum())):,} misaligned ({few})")
