"""Do two sentences say the same? A small lexical model, learned from the corpus itself, can tell when they do not.

Words: runs of letters or digits, and each character of a script without spaces. N word pairs.
"""

import random
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_]+")
_WORDS = 20_000
_LONGEST = 60
_ROUNDS = 4
_FLOOR = 1e-4

Texts = tuple[str, str]


def words(text: str) -> list[str]:
    """The words of a text that the model looks at, at most 60."""
    return _WORD.findall(text.lower())[:_LONGEST]


class Lexicon:
    """t(target word | source word). IBM model 1 without the empty word, Brown et al. 1993."""

    def __init__(self, pairs: Sequence[tuple[list[str], list[str]]]):
        self._sources, self._targets = (_number([pair[side] for pair in pairs]) for side in range(2))
        rows = [(self._ids(src, self._sources), self._ids(tgt, self._targets)) for src, tgt in pairs]
        width = len(self._targets)
        keys_N = np.concatenate([(s[:, None] * width + t[None, :]).ravel() for s, t in rows])
        sums_N = np.concatenate([np.tile(np.arange(len(t)), len(s)) for s, t in rows])
        starts = np.cumsum([0, *(len(t) for _, t in rows)])[:-1]
        sums_N = sums_N + np.repeat(starts, [len(s) * len(t) for s, t in rows])  # which target word, of all pairs
        self._keys, which_N = np.unique(keys_N, return_inverse=True)
        source_of_key = self._keys // width
        chance = np.ones(len(self._keys))
        for _ in range(_ROUNDS):
            share_N = chance[which_N] / np.bincount(sums_N, chance[which_N])[sums_N]
            counts = np.bincount(which_N, share_N)
            chance = counts / np.bincount(source_of_key, counts)[source_of_key]
        likely = chance > _FLOOR
        self._keys, self._chance = self._keys[likely], chance[likely]

    def score(self, source: list[str], target: list[str]) -> float:
        """Mean log-probability of the target words, each by the source word that explains it best; words the lexicon
        does not know are left out. 0.0 if none is left."""
        s, t = self._ids(source, self._sources), self._ids(target, self._targets)
        if not len(s) or not len(t):
            return 0.0
        keys = s[:, None] * len(self._targets) + t[None, :]
        at = np.searchsorted(self._keys, keys).clip(max=len(self._keys) - 1)
        chances = np.where(self._keys[at] == keys, self._chance[at], 0.0)
        return float(np.log(chances.max(0) + _FLOOR).mean())

    @staticmethod
    def _ids(tokens: list[str], numbers: dict[str, int]) -> np.ndarray:
        return np.array([numbers[word] for word in tokens if word in numbers], dtype=np.int64)


def _number(sentences: list[list[str]]) -> dict[str, int]:
    counts = Counter(word for sentence in sentences for word in sentence)
    return {word: i for i, (word, _) in enumerate(counts.most_common(_WORDS))}


class Alignment:
    """Whether a pair fits better than strangers do. sample: pairs to learn from, a few hundred at least."""

    def __init__(self, sample: Sequence[Texts]):
        pairs = [(words(source), words(target)) for source, target in sample]
        self._forth, self._back = Lexicon(pairs), Lexicon([(target, source) for source, target in pairs])
        strangers = list(pairs)
        random.Random(0).shuffle(strangers)
        scores = [self._score(source, other) for (source, _), (_, other) in zip(pairs, strangers, strict=True)]
        self._limit = float(np.median(scores))

    def fits(self, source: str, target: str) -> bool:
        """False if the two have less to do with each other than half of all random pairs have. Short texts fit."""
        src, tgt = words(source), words(target)
        return min(len(src), len(tgt)) < 3 or self._score(src, tgt) >= self._limit

    def _score(self, source: list[str], target: list[str]) -> float:
        return self._forth.score(source, target) + self._back.score(target, source)
