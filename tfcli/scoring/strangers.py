"""For each pair of a window another one, of like length, that says something else: what it is compared with."""

import random
from collections.abc import Sequence

IdPair = tuple[Sequence[int], Sequence[int]]
"""Source and target ids of a pair, without control tokens."""

_TRIES = 32
_ALIKE = 0.5
"""Sentences that share so much of their vocabulary, on either side, may be two versions of one."""


def by_length(pairs: Sequence[IdPair]) -> list[int]:
    """The numbers of the pairs, by length of the source, then of the target. Equally long ones are shuffled: neighbours
    in a text are about the same."""
    places = list(range(len(pairs)))
    random.Random(0).shuffle(places)
    return sorted(places, key=lambda i: (len(pairs[i][0]), len(pairs[i][1])))


def choose_strangers(pairs: Sequence[IdPair], order: Sequence[int]) -> list[int | None]:
    """For each pair the number of the nearest in `order` with which neither side shares half of its vocabulary; None if
    none of the thirty-two nearest is such a one."""
    words = [(frozenset(source), frozenset(target)) for source, target in pairs]
    strangers: list[int | None] = [None] * len(pairs)
    for place, number in enumerate(order):
        for step in range(2, _TRIES + 2):
            near = place + (step // 2 if step % 2 else -(step // 2))  # one place before, one after, two before, ...
            if 0 <= near < len(order) and not _alike(words[number], words[order[near]]):
                strangers[number] = order[near]
                break
    return strangers


def _alike(one: tuple[frozenset[int], ...], other: tuple[frozenset[int], ...]) -> bool:
    return any(len(a & b) >= _ALIKE * len(a | b) for a, b in zip(one, other, strict=True))
