"""What a search leaves behind."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A decoded target sentence.

    ids: without BOS and EOS, a forced beginning included. score: mean log-probability of the tokens the model chose,
    EOS among them. finished: the model said EOS before its limit. looped: it repeated itself; one copy is left.
    """

    ids: list[int]
    score: float
    finished: bool
    looped: bool


def mean_score(hypotheses: Sequence[Hypothesis]) -> float:
    """The score of several hypotheses as one; 0.0 of none."""
    lengths = [len(hypothesis.ids) + 1 for hypothesis in hypotheses]
    total = sum(h.score * length for h, length in zip(hypotheses, lengths, strict=True))
    return total / max(sum(lengths), 1)
