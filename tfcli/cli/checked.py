"""The lines of a corpus with what is wrong with each, for `data check` and `data clean`.

What is repeated, how words correspond and how good the pairs are shows only in the whole, so a corpus is read two or
three times.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tfcli.cli import console
from tfcli.cli.progress import followed
from tfcli.cli.scoring import OtherLanguagesError, is_foreign, make_job
from tfcli.config import CorpusConfig
from tfcli.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from tfcli.data.checking import Line, Report, Rule, Sample
    from tfcli.scoring.stream import Job

_SAMPLE = 50_000
_ENOUGH = 500
"""With fewer good pairs there are too few words to learn an alignment from."""
_QUICK = 5000
"""So many lines are judged by a model without being asked to: it takes a few seconds."""

Judge = Literal["auto", "words", "none"]


@dataclass(frozen=True)
class Wanted:
    """What to look for in a corpus of two languages. judge: of whether sides belong together; a model if one is named.
    keep: the share of the good pairs to keep, the best ones, instead of those that are not misaligned."""

    source: str
    target: str
    judge: Judge = "auto"
    model: str | None = None
    device: str | None = None
    processes: int | None = None
    keep: float | None = None

    def __post_init__(self):
        if self.judge != "auto" and (self.model or self.keep is not None):
            raise UsageError(f"--align {self.judge} asks no model", "leave it out, or --model and --keep")

    def job(self, lines: int) -> "Job | None":
        """Which model judges a corpus of so many lines, and how; None if none does."""
        if self.judge != "auto":
            return None
        is_asked = self.model is not None or self.keep is not None
        if not is_asked and lines > _QUICK:
            console.note("so many pairs are judged by their words alone; slower and better   -m MODEL")
            return None
        try:
            return make_job(self.model, self.device, self.processes, self.source, self.target)[0]
        except (OtherLanguagesError, NotFoundError):
            if is_asked:
                raise
            return None


def checked(corpus: CorpusConfig, wanted: Wanted, report: "Report", bar: bool) -> "Iterator[Line]":
    """Every line, and what is wrong with it, counted in `report`."""
    from tfcli.data import checking

    rules: dict[str, Rule] = {
        "empty side": checking.empty,
        "control characters": checking.control,
        "identical sides": checking.identical,
        "too long": checking.too_long,
        "uneven length": checking.uneven,
        "wrong script": checking.wrong_script(is_foreign, wanted.source, wanted.target),
    }
    sample = checking.Sample(_SAMPLE)
    with followed(checking.read_lines(corpus), "reading", None, bar) as lines:
        repeated = rules["repeated"] = checking.Repeated(pair for pair, _ in sample.draw(lines))
    if job := wanted.job(repeated.lines):
        good = checking.check(checking.read_lines(corpus), rules, checking.Report())
        rules |= _by_model(good, job, wanted.keep, repeated.lines, bar, report)
    elif wanted.judge != "none":
        rules |= _by_words(sample, rules)
    with followed(checking.read_lines(corpus), "checking", repeated.lines, bar) as lines:
        yield from checking.check(lines, rules, report)
    if report.lines != repeated.lines:
        raise checking.changed(repeated.lines)


def _by_words(sample: "Sample", rules: "dict[str, Rule]") -> "dict[str, Rule]":
    """A rule learned from the corpus itself."""
    from tfcli.data.checking import misaligned

    console.note("learning which words correspond")
    good = [pair for pair in sample.pairs if not any(rule(pair) for rule in rules.values())]
    if len(good) >= _ENOUGH:
        return {"misaligned": misaligned(good)}
    console.note(f"{len(good)} good pairs are too few for that")
    return {}


def _by_model(
    good: "Iterator[Line]", job: "Job", keep: float | None, total: int, bar: bool, report: "Report"
) -> "dict[str, Rule]":
    """A rule that knows the scores of all pairs."""
    from tfcli.scoring.judging import Scores, lowest
    from tfcli.scoring.stream import score_lines

    scores = Scores()
    with closing(score_lines(good, job)) as scored, followed(scored, "scoring", total, bar) as lines:
        for _, score in lines:
            scores.add(score)
    if keep is not None:
        is_lowest = lowest(scores.explained_P, keep)
        return {"low score": lambda pair: bool(is_lowest[pair.number - 1])}
    sure_P = scores.sureness()
    is_misaligned = sure_P > 0.5
    if is_misaligned.any():
        report.sure["misaligned"] = round(float(sure_P[is_misaligned].mean()), 2)
    return {"misaligned": lambda pair: bool(is_misaligned[pair.number - 1])}
