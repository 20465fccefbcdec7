"""Where a translation ends, if its words are written at once: asked beforehand, or found out by writing.

Shapes: B batch, S source, T target, D d_model, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from tfcli.config import BOS, EOS, PAD, ModelConfig
from tfcli.transformer.cross_attention import Memory
from tfcli.transformer.length import LengthPredictor
from tfcli.transformer.non_autoregressive.model import (
    Canvas,
    CrossEntropy,
    NonAutoregressiveTransformer,
    begin,
)


class Parallel(NonAutoregressiveTransformer):
    """P(Y | X) = p(|Y| | X) Π_t p(y_t | X, |Y|): first the length, then every word of it at once. Gu et al. 2018
    (1711.02281), with the length classifier of `LengthPredictor` for its fertilities."""

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.length = LengthPredictor(config)

    def reads(self, ids: Sequence[int]) -> list[int] | None:
        return [BOS] * len(ids)

    def canvases(self, src_BS: Tensor, memory: Memory, count: int) -> list[Canvas]:
        lengths_BN, logprobs_BN = self.length.most_probable(memory, count)
        return [
            replace(self.canvas(begin(lengths_B)), logprobs_B=logprobs_B)
            for lengths_B, logprobs_B in zip(lengths_BN.unbind(1), logprobs_BN.unbind(1), strict=True)
        ]

    def losses(self, src_BS: Tensor, labels_BT: Tensor, cross_entropy: CrossEntropy) -> tuple[Tensor, Tensor]:
        memory, real_BT = self.encode(src_BS), labels_BT != PAD
        hidden_BTD = self.decode(torch.where(real_BT, BOS, PAD), memory)
        loss, nll = cross_entropy(hidden_BTD[real_BT], labels_BT[real_BT])
        length_nll = self.length.nll(memory, real_BT.sum(1))
        return loss + length_nll, nll + length_nll.detach()


class ManyBegin(NonAutoregressiveTransformer):
    """P(Y | X) = Π_t p(y_t | X, t) on a canvas that is surely long enough: many BEGIN symbols go in, and what comes out
    is cut at the first END. p(END at t) is learned from the translations that reach t, so no length is predicted; what
    the places behind END say is never looked at. The model of Gu et al. 2018 (1711.02281) without its fertilities."""

    def canvases(self, src_BS: Tensor, memory: Memory, count: int) -> list[Canvas]:
        return [self.canvas(self._many_begins(src_BS))]

    def losses(self, src_BS: Tensor, labels_BT: Tensor, cross_entropy: CrossEntropy) -> tuple[Tensor, Tensor]:
        """Labels that stand beyond the canvas are passed over."""
        begins_BT = self._many_begins(src_BS)
        hidden_BTD = self.decode(begins_BT, self.encode(src_BS))
        T = min(begins_BT.size(1), labels_BT.size(1))
        scored_BT = (labels_BT[:, :T] != PAD) & (begins_BT[:, :T] != PAD)
        return cross_entropy(hidden_BTD[:, :T][scored_BT], labels_BT[:, :T][scored_BT])

    def _many_begins(self, src_BS: Tensor) -> Tensor:
        return begin((2 * (src_BS != PAD).sum(1) + 8).clamp(max=self.config.max_length))

    def restrict(self, logits_BTV: Tensor, real_BT: Tensor) -> None:
        """Everything may stand everywhere."""

    def transcribe(self, tokens: list[int], scores: list[float]) -> tuple[list[int], float, bool]:
        ids = tokens[: tokens.index(EOS)] if EOS in tokens else tokens
        chosen = scores[: len(ids) + 1]
        return ids, sum(chosen) / len(chosen), EOS in tokens
