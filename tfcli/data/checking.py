"""What is wrong with the lines of a corpus, as text: one function per rule, the first that finds something counts."""

import hashlib
import random
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np

from tfcli.config import CorpusConfig
from tfcli.data.aligned import Alignment
from tfcli.data.corpus import Pair, different_length, read_text
from tfcli.errors import DataError
from tfcli.text.lines import Line as TextLine

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffd\ue000-\uf8ff]")
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff]")
_LONGEST, _RATIO, _ROOM = 1000, 9, 20

Line = tuple[Pair, str | None]
"""A line of a corpus, and what keeps it from being a pair at all."""
Rule = Callable[[Pair], bool]
Foreign = Callable[[str, str], bool]
"""Whether a text is in another script than a language is written in."""


def size(text: str) -> int:
    """Characters, one of a script without letters for two."""
    return len(text) + len(_WIDE.findall(text))


def empty(pair: Pair) -> bool:
    """A side says nothing."""
    return not pair.source.strip() or not pair.target.strip()


def control(pair: Pair) -> bool:
    """A control character, a private one, or U+FFFD, which stands for bytes that were lost."""
    return bool(_CONTROL.search(pair.source) or _CONTROL.search(pair.target))


def identical(pair: Pair) -> bool:
    """Both sides are the same, and no number or name of a few letters."""
    return pair.source.strip() == pair.target.strip() and size(pair.source) > 8


def too_long(pair: Pair) -> bool:
    """A side has more than a thousand characters."""
    return max(len(pair.source), len(pair.target)) > _LONGEST


def uneven(pair: Pair) -> bool:
    """A side is more than nine times as long as the other."""
    shorter, longer = sorted((size(pair.source), size(pair.target)))
    return longer > _RATIO * shorter + _ROOM


def wrong_script(foreign: Foreign, source: str, target: str) -> Rule:
    """A side is in another script than its language."""
    return lambda pair: foreign(pair.source, source) or foreign(pair.target, target)


def misaligned(sample: Sequence[Pair]) -> Rule:
    """The sides have less to do with each other than strangers; see `aligned.py`. A line is judged by what was learned
    from lines of the other kind, odd or even, for a model finds reasons for whatever it has been taught."""
    judges = [Alignment([pair[1:] for pair in sample if pair.number % 2 != parity]) for parity in range(2)]
    return lambda pair: not judges[pair.number % 2].fits(pair.source, pair.target)


class Repeated:
    """The same pair stands earlier, but for spaces. Keeps a byte a line, and forty for a moment. lines: how many were
    looked at."""

    def __init__(self, pairs: Iterable[Pair]):
        hashes = array("Q", (self._hash(pair) for pair in pairs))
        self.lines = len(hashes)
        _, first = np.unique(np.frombuffer(hashes, dtype=np.uint64), return_index=True)
        self._is_first = np.zeros(self.lines + 1, dtype=bool)
        self._is_first[first + 1] = True

    def __call__(self, pair: Pair) -> bool:
        if pair.number > self.lines:
            raise changed(self.lines)
        return not self._is_first[pair.number]

    @staticmethod
    def _hash(pair: Pair) -> int:
        text = "\t".join(" ".join(side.split()) for side in pair[1:])
        return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())


def changed(lines: int) -> DataError:
    """What to raise where a corpus of so many lines has another number of them when it is read again."""
    return DataError(
        f"the corpus had {lines:,} lines, and other lines when it was read again", "wait until it is whole"
    )


class Sample:
    """At most `count` of the pairs that pass through, long ones left out, each with the same chance (Vitter 1985,
    algorithm R)."""

    def __init__(self, count: int):
        self.pairs: list[Pair] = []
        self._count, self._seen, self._rng = count, 0, random.Random(0)

    def draw(self, lines: Iterable[Line]) -> Iterator[Line]:
        """The lines, all of them."""
        for pair, reason in lines:
            if reason is None and not too_long(pair):
                self._seen += 1
                if len(self.pairs) < self._count:
                    self.pairs.append(pair)
                elif (place := self._rng.randrange(self._seen)) < self._count:
                    self.pairs[place] = pair
            yield pair, reason


@dataclass
class Report:
    """Of how many lines, how many each rule found, and the first of them. sure: for a rule that judges, the mean
    probability that it is right about what it found."""

    lines: int = 0
    found: dict[str, int] = field(default_factory=dict)
    first: dict[str, list[int]] = field(default_factory=dict)
    sure: dict[str, float] = field(default_factory=dict)

    def add(self, reason: str | None, number: int) -> None:
        self.lines += 1
        if reason:
            self.found[reason] = self.found.get(reason, 0) + 1
            if len(lines := self.first.setdefault(reason, [])) < 5:
                lines.append(number)


def read_lines(corpus: CorpusConfig) -> Iterator[Line]:
    """Every line of a corpus. Raises as `read_pairs` does, but for what is wrong with a single line."""
    if corpus.target is not None:
        sides = zip_longest(read_text(corpus.path), read_text(corpus.target))
        for number, pair in enumerate(sides, 1):
            if None in pair:
                raise different_length(corpus)
            yield Pair(number, *(side.text.replace("\t", " ") for side in pair)), _unusable(*pair)
    else:
        for line in read_text(corpus.path):
            source, _, target = line.text.partition("\t")
            reason = _unusable(line)
            if reason is None and line.text.count("\t") != 1 and line.text.strip(" "):
                reason = "not two columns"
            yield Pair(line.number, source, target), reason


def _unusable(*lines: TextLine) -> str | None:
    if any(line.replaced for line in lines):
        return "not UTF-8"
    return "too long" if any(line.cut for line in lines) else None


def check(lines: Iterable[Line], rules: dict[str, Rule], report: Report) -> Iterator[Line]:
    """Each pair with what is wrong with it: why it is none, or the name of the first rule that finds something. It is
    counted in `report`."""
    for pair, reason in lines:
        reason = reason or next((name for name, rule in rules.items() if rule(pair)), None)
        report.add(reason, pair.number)
        yield pair, reason
