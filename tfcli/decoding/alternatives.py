"""Other translations of a text, where a search found several."""

from collections.abc import Callable, Iterator

from tfcli.decoding.hypothesis import mean_score
from tfcli.decoding.segments import Job, keeps_spans
from tfcli.decoding.translation import Alternative


def list_alternatives(job: Job, count: int, write: Callable[[Job], str]) -> tuple[Alternative, ...]:
    """Up to `count` translations of a text, the chosen one first, none twice; none at all if one is enough.

    The others differ from the chosen one in what one reading became: in a text of one reading they come in the order of
    the search, else by their scores. None has lost a protected span.
    """
    if count == 1 or not job.readings:
        return ()
    others = list(_others(job, write))
    if len(job.readings) > 1:
        others.sort(key=lambda other: -other.score)
    found: dict[str, Alternative] = {}
    for one in (_read(job, write), *others):
        found.setdefault(one.translation, one)
    return tuple(found.values())[:count]


def _others(job: Job, write: Callable[[Job], str]) -> Iterator[Alternative]:
    for segment in job.segments:
        for reading in segment.readings:
            chosen = reading.hypothesis, reading.masked
            for other in reading.others:
                reading.hypothesis, reading.masked = other
                if segment.parts or keeps_spans(job.marked, segment, reading):
                    yield _read(job, write)
            reading.hypothesis, reading.masked = chosen


def _read(job: Job, write: Callable[[Job], str]) -> Alternative:
    return Alternative(write(job), mean_score([reading.hypothesis for reading in job.readings]))
