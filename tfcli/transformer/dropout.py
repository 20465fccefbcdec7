"""Dropout, with random numbers that a CPU can afford.

PyTorch draws a number for each element, which took a tenth of a training step on a CPU. Sixteen bits of one are enough:
each random 64-bit number decides four elements.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_VALUES = 1 << 16
_PER_NUMBER = 4


class Dropout(nn.Dropout):
    """y = x · m / (1 - p) in training, m = 0 with probability p and else 1. Srivastava et al. 2014.

    On a CPU p is rounded to a multiple of 1/65536. Other devices draw as PyTorch does.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.p or x.device.type != "cpu":
            return F.dropout(x, self.p, self.training)
        dropped = round(self.p * _VALUES)
        numbers = torch.empty(-(-x.numel() // _PER_NUMBER), dtype=torch.int64).random_(-(1 << 63), None)
        draws = numbers.view(torch.int16)[: x.numel()].view(x.shape)
        mask = (draws >= dropped - _VALUES // 2).to(x.dtype)
        return x * mask.mul_(_VALUES / max(_VALUES - dropped, 1))
