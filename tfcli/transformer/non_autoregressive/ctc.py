"""Connectionist temporal classification: a canvas longer than any translation, with nothing at many of its places.

Shapes: B batch, S source, T places, D d_model, V vocabulary.
"""

from itertools import groupby

import torch.nn.functional as F
from torch import Tensor, nn

from tfcli.config import EOS, PAD, ModelConfig
from tfcli.transformer.cross_attention import Memory
from tfcli.transformer.non_autoregressive.model import (
    Canvas,
    CrossEntropy,
    NonAutoregressiveTransformer,
    copy_source,
    number_places,
)

BLANK = EOS
"""The word for "nothing stands here": there is no end to be written."""
_PLACES_PER_TOKEN = 3


class Ctc(NonAutoregressiveTransformer):
    """P(Y | X) = Σ over a in β⁻¹(Y) of Π_t p(a_t | X), where β merges repetitions and then drops blanks, so a word may
    stand wherever there is room. Graves et al. 2006; for translation Libovický & Helcl 2018 (1811.04719), who make
    three places of each encoder state by three projections; here they are three copies of a source embedding, each with
    a vector added that tells them apart.

    No more places than model.max_length. A pair whose target needs more places than there are teaches nothing.
    """

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.copies = nn.Embedding(_PLACES_PER_TOKEN, config.d_model)

    def canvases(self, src_BS: Tensor, memory: Memory, count: int) -> list[Canvas]:
        wanted_B1 = _PLACES_PER_TOKEN * (src_BS != PAD).sum(1, keepdim=True)
        places_B1 = wanted_B1.clamp(max=self.config.max_length)
        places_T = number_places(places_B1)
        copies_BT = places_T * wanted_B1 // places_B1
        sources_BT = (copies_BT // _PLACES_PER_TOKEN).clamp(max=src_BS.size(1) - 1)
        x_BTD = copy_source(self.embed(src_BS), sources_BT) + self.copies(copies_BT % _PLACES_PER_TOKEN)
        return [Canvas(x_BTD, places_T < places_B1)]

    def losses(self, src_BS: Tensor, labels_BT: Tensor, cross_entropy: CrossEntropy) -> tuple[Tensor, Tensor]:
        """-log P(Y | X) twice: there are no words to be scored one by one, nor smoothed."""
        memory = self.encode(src_BS)
        (canvas,) = self.canvases(src_BS, memory, 1)
        logprobs_BTV = self.logits(self.read(canvas, memory)).float().log_softmax(-1)
        if not len(src_BS):  # ctc_loss refuses a process without a row, which must train along
            return logprobs_BTV.sum(), logprobs_BTV.sum().detach()
        nll = F.ctc_loss(
            logprobs_BTV.transpose(0, 1),
            labels_BT,
            canvas.real_BT.sum(1),
            ((labels_BT != PAD) & (labels_BT != EOS)).sum(1),
            blank=BLANK,
            reduction="sum",
            zero_infinity=True,
        )
        return nll, nll.detach()

    def restrict(self, logits_BTV: Tensor, real_BT: Tensor) -> None:
        """Everything may stand everywhere."""

    def transcribe(self, tokens: list[int], scores: list[float]) -> tuple[list[int], float, bool]:
        ids = collapse(tokens)
        return ids, sum(scores) / (len(ids) + 1), True


def collapse(tokens: list[int]) -> list[int]:
    """β: repetitions become one, then blanks vanish; a blank between two equal words keeps both."""
    return [token for token, _ in groupby(tokens) if token != BLANK]
