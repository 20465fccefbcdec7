"""A window, a few tokens that everybody sees, and a few links at random.

Shapes: B batch, H heads, M keys, K d_head, C blocks, N blocks that a block looks into, G global tokens.
"""

import torch
from torch import Tensor

from tfcli.config import ModelConfig
from tfcli.transformer.attention.blocked import Local
from tfcli.transformer.attention.full import attend
from tfcli.transformer.masks import Mask

_MIX = (2654435761, 40503, 2246822519, 3266489917)
"""Odd numbers without pattern, as hash functions use them."""


class Sparse(Local):
    """Query i sees key j if |i - j| <= w, if i or j is one of the first g tokens, or if the block of j was drawn for
    the block of i. Zaheer et al. 2020 (2007.14062), section 2; without the draw Beltagy et al. 2020 (2004.05150).

    Departure: blocks are drawn from those before a block, so that the draw depends neither on padding nor on what a
    decoder has yet to write; the global tokens are what leads forward. The draw is a hash of layer and block number:
    the same in training, after loading, on every machine.
    """

    def __init__(self, config: ModelConfig, layer: int = 0):
        super().__init__(config, layer)
        self.layer, self.num_global, self.num_random = layer, config.num_global, config.num_random

    def drawn(self, block: Tensor) -> Tensor:
        """The blocks drawn for each block, along a new last dimension: numbers below its own, 0 for block 0."""
        r = torch.arange(self.num_random, device=block.device)
        mixed = (block[..., None] + 1) * _MIX[0] + (r + 1) * _MIX[1] + (self.layer + 1) * _MIX[2]
        mixed = ((mixed & 0xFFFFFFFF) ^ ((mixed & 0xFFFFFFFF) >> 15)) * _MIX[3] & 0xFFFFFFFF
        return (mixed >> 8) % block[..., None].clamp(min=1)

    def sees(self, i: Tensor, j: Tensor) -> Tensor:
        is_drawn = (self.drawn(i // self.size) == (j // self.size)[..., None]).any(-1)
        return super().sees(i, j) | (i < self.num_global) | (j < self.num_global) | is_drawn

    def blocks(self, c_C1: Tensor, causal: bool) -> Tensor:
        num_global_blocks = -(-self.num_global // self.size)
        first = torch.arange(num_global_blocks, device=c_C1.device).expand(c_C1.size(0), -1)
        return torch.cat([super().blocks(c_C1, causal), first, self.drawn(c_C1[:, 0])], dim=-1)

    def by_blocks(self, q_BHMK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, mask: Mask) -> Tensor:
        """The first g queries see every block and are computed by themselves."""
        out_BHMK = super().by_blocks(q_BHMK, k_BHMK, v_BHMK, mask)
        positions = torch.arange(k_BHMK.size(2), device=k_BHMK.device)
        allowed_GM = self.pairs(mask, positions[: self.num_global, None], positions[None], k_BHMK.size(2))
        first_BHGK, _ = attend(q_BHMK[:, :, : self.num_global], k_BHMK, v_BHMK, allowed_GM)
        return torch.cat([first_BHGK, out_BHMK[:, :, self.num_global :]], dim=2)
