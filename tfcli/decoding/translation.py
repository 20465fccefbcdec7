"""What a reader gets for one text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from tfcli.decoding.hypothesis import Hypothesis

Flag = Literal[
    "loop", "cut", "empty", "split", "placeholder", "number", "glossary", "unsure", "unknown", "encoding", "error"
]
FLAGS: tuple[Flag, ...] = get_args(Flag)


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of several translations of a text. score: mean log-probability per target token."""

    translation: str
    score: float


@dataclass(frozen=True, slots=True)
class Translation:
    """One text and what became of it.

    score: mean log-probability per target token, 0.0 if the model was not asked. confidence: how probably it is good,
    of the sentence where that is least; None if nobody measured what scores are worth. source_tokens, target_tokens:
    without control tokens. unknown_tokens: so many of the source. flags: what a reader should know, in the order of
    FLAGS. `cut` is said of a translation that ran into the length limit, and of a source that was too long: cut
    within a word, or at its end if splitting is off; `placeholder` if a name that should come back as it is did not,
    `number` if a number did not, or one came out that did not go in, `glossary` if a term did not come out as the
    glossary has it, `unsure` if the confidence of a sentence is below the threshold; `error` of a line that could not
    be read or translated, by who reads the lines. alternatives: if several were asked for, those that were found, this
    one the first.
    """

    source: str
    translation: str
    score: float = 0.0
    source_tokens: int = 0
    target_tokens: int = 0
    flags: tuple[Flag, ...] = ()
    unknown_tokens: int = 0
    confidence: float | None = None
    alternatives: tuple[Alternative, ...] = ()


def read_translation(values: Mapping[str, Any]) -> Translation:
    """A translation that was written down by `dataclasses.asdict`, and JSON."""
    alternatives = tuple(Alternative(**other) for other in values["alternatives"])
    return Translation(**{**values, "flags": tuple(values["flags"]), "alternatives": alternatives})


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text as the model read it. src: ids without EOS. hypothesis: its answer. spans: what the placeholders
    in both stand for, the first for the first."""

    src: list[int]
    hypothesis: Hypothesis
    spans: tuple[str, ...]
