"""A corpus as ids, flat in memory: two bytes a token, or four of a large vocabulary, however many pairs."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np

from tfcli.config import EOS, DataConfig
from tfcli.data.cleaning import why_dropped

_CHUNK = 20_000
Encode = Callable[[Sequence[str]], list[list[int]]]
"""Texts to ids, many at once: Tokenizer.encode_batch."""


@dataclass(frozen=True)
class Side:
    """Sequences end to end: number i is tokens[offsets[i]:offsets[i + 1]], and ends with EOS."""

    tokens: np.ndarray
    offsets: np.ndarray

    @cached_property  # every batch asks
    def lengths(self) -> np.ndarray:
        return np.diff(self.offsets)

    def sequence(self, number: int) -> np.ndarray:
        return self.tokens[self.offsets[number] : self.offsets[number + 1]]

    def padded(self, rows: np.ndarray, width: int, fill: int) -> np.ndarray:
        """Sequences `rows` as an int64 array (len(rows), width), filled up with `fill`."""
        columns = np.arange(width)
        starts, lengths = self.offsets[rows], self.offsets[rows + 1] - self.offsets[rows]
        inside = columns < lengths[:, None]
        index = np.where(inside, starts[:, None] + columns, 0)
        return np.where(inside, self.tokens[index], fill).astype(np.int64)


@dataclass(frozen=True)
class EncodedPairs:
    """Pairs as ids, and how many were left out by which rule."""

    src: Side
    tgt: Side
    dropped: Counter[str]

    def __len__(self) -> int:
        return len(self.src.offsets) - 1

    def select(self, rows: np.ndarray) -> "EncodedPairs":
        """The pairs of some numbers, in their order."""
        sides = []
        for side in (self.src, self.tgt):
            tokens = [side.sequence(row) for row in rows]
            sides.append(Side(np.concatenate(tokens), np.concatenate([[0], np.cumsum([*map(len, tokens)])])))
        return EncodedPairs(*sides, Counter())


def encode_pairs(texts: Iterable[tuple[str, str]], encode: Encode, config: DataConfig) -> EncodedPairs:
    """Ids of all pairs that no cleaning rule drops, in order."""
    texts, dropped = iter(texts), Counter()
    tokens: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    lengths: tuple[list[int], list[int]] = ([], [])
    while chunk := list(islice(texts, _CHUNK)):
        pairs = zip(encode([source for source, _ in chunk]), encode([target for _, target in chunk]), strict=True)
        kept = [pair for pair in pairs if not why_dropped(*pair, config, dropped)]
        for side in range(2):
            ids = [[*pair[side], EOS] for pair in kept]
            flat = np.fromiter((i for row in ids for i in row), dtype=np.int32)
            tokens[side].append(flat.astype(np.min_scalar_type(max(int(flat.max(initial=0)), 256))))
            lengths[side].extend(map(len, ids))
    sides = []
    for ids, counts in zip(tokens, lengths, strict=True):
        offsets = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        sides.append(Side(np.concatenate([np.zeros(0, np.uint16), *ids]), offsets))
    return EncodedPairs(*sides, dropped)


def concatenate(corpora: Sequence[EncodedPairs]) -> EncodedPairs:
    """Several corpora as one; pair numbers run on from corpus to corpus."""

    def join(sides: list[Side]) -> Side:
        lengths = np.concatenate([side.lengths for side in sides])
        return Side(np.concatenate([side.tokens for side in sides]), np.concatenate([[0], np.cumsum(lengths)]))

    dropped = sum((corpus.dropped for corpus in corpora), Counter())
    return EncodedPairs(join([c.src for c in corpora]), join([c.tgt for c in corpora]), dropped)
