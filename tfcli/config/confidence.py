"""How sure a model is of a translation, as a probability: its own score, calibrated where references are known."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Confidence:
    """P(good) = 1 / (1 + exp(-(intercept + slope · score))), by logistic regression (Platt 1999).

    score: mean log-probability of a token. good: a chrF2 of at least `good_chrf` against the reference. threshold:
    translations that are less probably good are flagged. slope 0: not measured.
    """

    intercept: float = 0.0
    slope: float = 0.0
    threshold: float = 0.0
    good_chrf: float = 40.0

    @property
    def is_measured(self) -> bool:
        return self.slope > 0

    def of(self, score: float) -> float:
        """How probably a translation of this score is good, 0 to 1."""
        return 1 / (1 + math.exp(-min(max(self.intercept + self.slope * score, -500), 500)))
