"""How good one translation is, as a number that can be learned from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tfcli import evaluation
from tfcli.config import EOS, RewardMetric


def spell(ids: Sequence[int]) -> str:
    """Text for ids without a tokenizer: each is a word of one character; control tokens say nothing."""
    return " ".join(chr(0x10000 + i) for i in ids if i > EOS)


@dataclass(frozen=True)
class Reward:
    """A sentence metric between 0 and 1. decode: ids to text. language: of that text."""

    metric: RewardMetric
    decode: Callable[[Sequence[int]], str] = spell
    language: str = ""

    def __call__(self, hypotheses: Sequence[Sequence[int]], references: Sequence[Sequence[int]]) -> list[float]:
        """One reward for each hypothesis, both sides as ids."""
        texts = ([self.decode(ids) for ids in side] for side in (hypotheses, references))
        return [score / 100 for score in evaluation.sentence_scores(self.metric, *texts, self.language)]
