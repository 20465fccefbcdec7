"""From the scores of a corpus to its verdicts: which pairs are misaligned, how sure that is, and which are the worst.

P pairs, or lines.
"""

from array import array
from dataclasses import dataclass, field

import numpy as np

from tfcli.scoring.score import Score

# log-odds that a pair is misaligned, if half of the pairs were: _LEVEL + (_SLOPE + _GROWTH * log tokens) * explained.
# Fitted to 5,000 pairs that the shipped model was not trained on, a fifth of them with the translation of a neighbour.
_LEVEL, _SLOPE, _GROWTH = 7.1, -9.7, -5.2

_ROUNDS = 30
_USUAL, _WEIGHT = 0.03, 50.0
"""The share of misaligned pairs that is expected of a corpus, as firmly as if so many pairs had shown it."""


def sureness(explained_P: np.ndarray, tokens_P: np.ndarray) -> np.ndarray:
    """The probability that each pair is misaligned, sure_P; 0 where `explained` is NaN.

    It depends on how many misaligned pairs there are, which is found from the corpus itself by expectation maximization
    (Saerens et al. 2002, Adjusting the outputs of a classifier to new a priori probabilities).
    """
    scored = ~np.isnan(explained_P)
    odds_P = np.zeros(len(explained_P), dtype=np.float32)
    slope_P = _SLOPE + _GROWTH * np.log(tokens_P[scored].astype(np.float32))
    odds_P[scored] = np.exp(np.clip(_LEVEL + slope_P * explained_P[scored], -30, 30))
    share, count = _USUAL, scored.sum()
    for _ in range(_ROUNDS):
        sure_P = _with_prior(odds_P, share)
        share = (sure_P.sum(dtype=np.float64) + _USUAL * _WEIGHT) / (count + _WEIGHT)
    return sure_P


def _with_prior(odds_P: np.ndarray, share: float) -> np.ndarray:
    odds_P = odds_P * np.float32(share / (1 - share))
    return odds_P / (1 + odds_P)


def lowest(explained_P: np.ndarray, keep: float) -> np.ndarray:
    """True for the worst pairs, so many that the share `keep` of all those with a score stays; of equal ones the first
    stay."""
    count = np.count_nonzero(~np.isnan(explained_P))
    drop = count - round(keep * count)
    backwards = np.argsort(explained_P[::-1], kind="stable")  # NaN comes last
    is_lowest = np.zeros(len(explained_P), dtype=bool)
    is_lowest[len(explained_P) - 1 - backwards[:drop]] = True
    return is_lowest


@dataclass
class Scores:
    """What is kept of the scores of a corpus: six bytes a line."""

    explained: array = field(default_factory=lambda: array("f"))
    tokens: array = field(default_factory=lambda: array("H"))

    def add(self, score: Score | None) -> None:
        """That of the next line."""
        self.explained.append(score.explained if score else np.nan)
        self.tokens.append(min(score.tokens, 2**16 - 1) if score else 1)

    @property
    def explained_P(self) -> np.ndarray:
        return np.frombuffer(self.explained, dtype=np.float32)

    def sureness(self) -> np.ndarray:
        """That each line is misaligned, sure_P."""
        return sureness(self.explained_P, np.frombuffer(self.tokens, dtype=np.uint16))
