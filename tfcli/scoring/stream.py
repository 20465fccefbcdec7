"""Lines of a corpus with their scores, in order and in constant memory.

The lines of a window are compared with one another. Which lines make a window depends on the corpus alone, so no score
depends on how many processes there are.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from tfcli.bundle import read_bundle
from tfcli.data.checking import Line
from tfcli.scoring.processes import Pool, Texts
from tfcli.scoring.score import Score

_LINES = 4096
_CHARS = 2**22


@dataclass(frozen=True)
class Job:
    """How to score: by which model, where, in how many processes of one thread each; threads of a process that is
    alone, None leaves the library's choice. swapped: the corpus has the columns the other way round."""

    model: Path
    device: str = "auto"
    processes: int = 1
    threads: int | None = None
    swapped: bool = False

    def texts(self, line: Line) -> Texts:
        """Source and target of the model."""
        (_, first, second), _ = line
        return (second, first) if self.swapped else (first, second)


def score_lines(lines: Iterable[Line], job: Job) -> Iterator[tuple[Line, Score | None]]:
    """Each line with its score; None for one that has a reason beside it and so is no pair. Raises what reading the
    model raises, and ResourceError if memory does not suffice."""
    asked = ((window, [job.texts(line) for line in window if line[1] is None]) for window in windows(lines))
    for window, scores in _answered(asked, job):
        following = iter(scores)
        for line in window:
            yield line, None if line[1] else next(following)


def windows(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Some four thousand lines at a time, fewer if they are long. The last window holds at least half as many, if there
    are, or its lines would have too few others to be compared with."""
    full: list[Line] = []
    window: list[Line] = []
    chars = 0
    for line in lines:
        window.append(line)
        chars += len(line[0].source) + len(line[0].target)
        if full and len(window) >= _LINES // 2:
            yield full
            full = []
        if len(window) >= _LINES or chars >= _CHARS:
            if full:
                yield full
            full, window, chars = window, [], 0
    if full or window:
        yield full + window


def _answered(asked: Iterator[tuple[list[Line], list[Texts]]], job: Job) -> Iterator[tuple[list[Line], list[Score]]]:
    """Each window with its scores. Of one window nothing can be shared out."""
    first, second = next(asked, None), next(asked, None)
    if second is None or job.processes == 1:
        from tfcli.scoring.scorer import Scorer

        scorer: Scorer | None = None  # a corpus may hold nothing to score
        for window, texts in chain(filter(None, (first, second)), asked):
            if texts and scorer is None:
                scorer = Scorer(read_bundle(job.model), job.device, job.threads)
            yield window, scorer.score(texts) if texts else []
    else:
        with Pool(job.model, job.device, job.processes) as pool:
            yield from pool.score(chain((first, second), asked))
