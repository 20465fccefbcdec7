"""Fertility: how many words of the translation each source token is worth.

Shapes: B batch, S source, T target, D d_model, U distinct target tokens of a batch, C classes.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfcli.config import PAD, ModelConfig
from tfcli.transformer.cross_attention import Memory
from tfcli.transformer.non_autoregressive.model import (
    Canvas,
    CrossEntropy,
    NonAutoregressiveTransformer,
    copy_source,
    is_last,
    number_places,
)

_CLASSES = 16
_DIAGONAL = 4.0


class Aligner(nn.Module):
    """Which source token each target token comes from, learned beside the model instead of an external aligner:

        p(y_t, a_t = s | X) ∝ exp(-4 |s/S - t/T|) · softmax_y(E_y · W E_{x_s})

    IBM model 2 (Brown et al. 1993) with the diagonal prior of Dyer et al. 2013. The translation table is made of the
    model's own embeddings, and its softmax is over the target tokens of the batch: enough to tell them apart.
    """

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.translate = nn.Linear(config.d_model, config.d_model, bias=False)

    def forward(self, embedding: nn.Embedding, src_BS: Tensor, labels_BT: Tensor) -> tuple[Tensor, Tensor]:
        """(-log p(Y | X) of the alignment model, summed; the best alignment's source numbers_BT)."""
        # PAD is always one of the words: how far a batch is padded changes nothing.
        words_U, index_N = F.pad(labels_BT.flatten(), (0, 1), value=PAD).unique(return_inverse=True)
        logits_BSU = F.linear(self.translate(embedding(src_BS)), embedding(words_U)).float()
        index_BST = index_N[:-1].view_as(labels_BT)[:, None].expand(-1, src_BS.size(1), -1)
        joint_BST = logits_BSU.log_softmax(-1).gather(2, index_BST) + _diagonal(src_BS != PAD, labels_BT != PAD)
        nll = -joint_BST.logsumexp(1)[labels_BT != PAD].sum()
        return nll, joint_BST.argmax(1)


def _diagonal(src_real_BS: Tensor, tgt_real_BT: Tensor) -> Tensor:
    """log p(a_t = s)_BST: near the diagonal, and only real source tokens."""

    def middles(real: Tensor) -> Tensor:
        return (torch.arange(real.size(1), device=real.device) + 0.5) / real.sum(1, keepdim=True)

    distance_BST = (middles(src_real_BS)[:, :, None] - middles(tgt_real_BT)[:, None, :]).abs()
    return (-_DIAGONAL * distance_BST).masked_fill(~src_real_BS[:, :, None], -torch.inf).log_softmax(1)


class Fertility(NonAutoregressiveTransformer):
    """P(Y, f | X) = Π_s p(f_s | X) Π_t p(y_t | x copied f_s times each). The decoder reads the source embeddings, each
    as often as its fertility f_s says: Σ f_s = |Y|. Gu et al. 2018 (1711.02281).

    The fertilities to learn from count the words that `Aligner` gives each source token. The first source token and EOS
    are worth one word at least.
    """

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.aligner = Aligner(config)
        self.fertility = nn.Linear(config.d_model, _CLASSES)

    def canvases(self, src_BS: Tensor, memory: Memory, count: int) -> list[Canvas]:
        fertility_BS = self.fertility(memory.states_BSD[-1]).argmax(-1)
        least_BS = is_last(src_BS != PAD).long()
        least_BS[:, 0] = 1
        return [self._copy(src_BS, fertility_BS.masked_fill(src_BS == PAD, 0).maximum(least_BS))]

    def losses(self, src_BS: Tensor, labels_BT: Tensor, cross_entropy: CrossEntropy) -> tuple[Tensor, Tensor]:
        memory, real_BT = self.encode(src_BS), labels_BT != PAD
        aligner_nll, sources_BT = self.aligner(self.embedding, src_BS, labels_BT)
        fertility_BS = torch.zeros_like(src_BS).scatter_add_(1, sources_BT, real_BT.long())
        canvas = self._copy(src_BS, fertility_BS)
        loss, nll = cross_entropy(self.read(canvas, memory)[canvas.real_BT], labels_BT[real_BT])
        logits_NC = self.fertility(memory.states_BSD[-1])[src_BS != PAD].float()
        fertility_N = fertility_BS[src_BS != PAD].clamp(max=_CLASSES - 1)
        fertility_nll = F.cross_entropy(logits_NC, fertility_N, reduction="sum")
        return loss + fertility_nll + aligner_nll, nll + fertility_nll.detach()

    def _copy(self, src_BS: Tensor, fertility_BS: Tensor) -> Canvas:
        """Each source embedding as often as its fertility says."""
        ends_BS = fertility_BS.cumsum(1)
        places_T = number_places(ends_BS[:, -1].clamp(max=self.config.max_length))
        sources_BT = torch.searchsorted(ends_BS, places_T.expand(len(src_BS), -1).contiguous(), right=True)
        x_BTD = copy_source(self.embed(src_BS), sources_BT.clamp(max=src_BS.size(1) - 1))
        return Canvas(x_BTD, places_T < ends_BS[:, -1:])
