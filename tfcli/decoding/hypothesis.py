"""What a search leaves behind."""

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
