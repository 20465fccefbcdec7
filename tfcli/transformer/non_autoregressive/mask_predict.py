"""Mask-predict: write everything, cover the words least believed in, write those again.

Shapes: B batch, T target.
"""

import torch
from torch import Tensor

from tfcli.config import BOS, PAD
from tfcli.transformer.non_autoregressive.lengths import Parallel
from tfcli.transformer.non_autoregressive.model import CrossEntropy


class MaskPredict(Parallel):
    """Conditional masked language model: P(Y_masked | X, Y_seen) = Π over masked t of p(y_t | X, Y_seen). In training n
    words are masked, n uniform in 1..|Y|; a translation begins with all masked and is gone over in `rounds`.
    Ghazvininejad et al. 2019 (1904.09324). BOS, which no translation contains, is the mask.

    The loss of n masked words is scaled to that of |Y|. In evaluation all words are masked: the score is that of the
    first round, and it draws no random numbers.
    """

    rounds = 10

    def losses(self, src_BS: Tensor, labels_BT: Tensor, cross_entropy: CrossEntropy) -> tuple[Tensor, Tensor]:
        memory, real_BT = self.encode(src_BS), labels_BT != PAD
        lengths_B = real_BT.sum(1)
        masked_BT = draw_masks(real_BT) if self.training else real_BT
        hidden_BTD = self.decode(labels_BT.masked_fill(masked_BT, BOS), memory)
        loss, nll = cross_entropy(hidden_BTD[masked_BT], labels_BT[masked_BT])
        scale = lengths_B.sum() / masked_BT.sum().clamp(min=1)
        length_nll = self.length.nll(memory, lengths_B)
        return loss * scale + length_nll, nll * scale + length_nll.detach()


def draw_masks(real_BT: Tensor) -> Tensor:
    """masked_BT: in each row n places, n uniform from 1 to its length, every choice of n places equally probable."""
    lengths_B1 = real_BT.sum(1, keepdim=True)
    counts_B1 = (torch.rand(lengths_B1.shape, device=real_BT.device) * lengths_B1).long() + 1
    draws_BT = torch.rand(real_BT.shape, device=real_BT.device).masked_fill(~real_BT, torch.inf)
    return draws_BT.argsort(1).argsort(1) < counts_B1
