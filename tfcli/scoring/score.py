"""What a model says of a pair."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Score:
    """own: loss per target token, in nats, with the pair's own source. other: with the source of another pair of like
    length; NaN if there is none to compare with. tokens: of the target, its end included. cut: the pair is longer than
    the model reads, and judged by its beginning."""

    own: float
    other: float
    tokens: int
    cut: bool = False

    @property
    def explained(self) -> float:
        """The part of the target that its source explains: 1 - own / other. About 0 where the two have nothing to do
        with each other, 1 where the source leaves no doubt. (A pseudo-R² as McFadden 1974 defines it, with a stranger
        in place of the empty model.)"""
        return 1 - self.own / self.other if self.other else math.nan
