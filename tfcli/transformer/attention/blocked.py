"""Attention to some of the keys only, computed block by block so that its cost grows with the text and not its square.

Shapes: B batch, H heads, Q queries, M keys, K d_head, C blocks, L tokens of a block, N blocks that a block looks into.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from tfcli.config import ModelConfig
from tfcli.transformer.attention.full import Full, attend
from tfcli.transformer.attention.kernel import Scores, Weights
from tfcli.transformer.masks import Mask


class Blocked(Full):
    """Softmax attention where a rule says which keys a query sees. A subclass sets `size` and gives the rule twice: for
    two positions (`sees`), and as the blocks in which a block of queries finds all the keys it sees (`blocks`).

    Two paths, equal up to rounding. On short texts, where somebody wants the whole matrix of scores, or with a cache,
    the rule is a mask over full attention. Else each block of queries meets the keys of its few blocks.
    """

    size: int

    def sees(self, i: Tensor, j: Tensor) -> Tensor:
        """Whether the query at position i sees the key at position j, for all pairs that i and j broadcast to."""
        raise NotImplementedError

    def blocks(self, c_C1: Tensor, causal: bool) -> Tensor:
        """index_CN: the numbers of the blocks that each block c looks into; one that does not exist is passed over."""
        raise NotImplementedError

    def forward(
        self, q_BHQK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, mask: Mask, scores: Scores | None, need_weights: bool
    ) -> tuple[Tensor, Weights | None]:
        num_queries, num_keys = q_BHQK.size(2), k_BHMK.size(2)
        if scores is not None or need_weights or num_queries != num_keys or num_keys <= 4 * self.size:
            return super().forward(q_BHQK, k_BHMK, v_BHMK, mask, scores, need_weights)
        return self.by_blocks(q_BHQK, k_BHMK, v_BHMK, mask), None

    def allowed(self, mask: Mask, num_queries: int, num_keys: int, device: torch.device) -> Tensor:
        i = torch.arange(num_keys - num_queries, num_keys, device=device)[:, None]
        return self.pairs(mask, i, torch.arange(num_keys, device=device)[None], num_keys)

    def pairs(self, mask: Mask, i: Tensor, j: Tensor, num_keys: int) -> Tensor:
        """Boolean, of the shape of i and j together, behind (B, 1) if the mask knows of padding. A token always sees
        itself: padding may have nothing else in its window, and a row without any key has no softmax."""
        allowed = self.sees(i, j) & (j < num_keys)
        if mask.causal:
            allowed = allowed & (j <= i)
        if mask.keys_BM is not None:
            allowed = allowed & mask.keys_BM[:, None, j.clamp(max=num_keys - 1)]
        return allowed | (i == j)

    def by_blocks(self, q_BHMK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, mask: Mask) -> Tensor:
        num_keys, L = q_BHMK.size(2), self.size
        C = -(-num_keys // L)
        index_CN = self.blocks(torch.arange(C, device=q_BHMK.device)[:, None], mask.causal)
        # A block that does not exist, or comes twice, becomes block C, in which nothing is allowed.
        index_CN = torch.where((index_CN < 0) | (index_CN > C), C, index_CN).sort(-1).values
        again = F.pad(index_CN[:, 1:] == index_CN[:, :-1], (1, 0))
        index_CN = torch.where(again, C, index_CN)
        i_CL = torch.arange(C * L, device=q_BHMK.device).view(C, L)
        j_CM = (index_CN[..., None] * L + torch.arange(L, device=q_BHMK.device)).flatten(1)
        allowed = self.pairs(mask, i_CL[:, :, None], j_CM[:, None, :], num_keys)
        q, k, v = (
            F.pad(x, (0, 0, 0, (C + 1) * L - num_keys)).unflatten(2, (C + 1, L)) for x in (q_BHMK, k_BHMK, v_BHMK)
        )
        out_BHCLK, _ = attend(q[:, :, :C], k[:, :, index_CN].flatten(3, 4), v[:, :, index_CN].flatten(3, 4), allowed)
        return out_BHCLK.flatten(2, 3)[:, :, :num_keys]


class Local(Blocked):
    """A sliding window: query i sees key j if |i - j| <= w. Beltagy et al. 2020 (2004.05150), section 3.1. Words more
    than w tokens apart meet through the layers between."""

    def __init__(self, config: ModelConfig, layer: int = 0):
        super().__init__(config, layer)
        self.size = config.window

    def sees(self, i: Tensor, j: Tensor) -> Tensor:
        return (i - j).abs() <= self.size

    def blocks(self, c_C1: Tensor, causal: bool) -> Tensor:
        return c_C1 + torch.arange(-1, 1 if causal else 2, device=c_C1.device)


class Chunked(Blocked):
    """Blocks of c tokens: query i sees key j if j stands in the block of i or the one before it. The plain chunks of
    Kitaev et al. 2020 (2001.04451), without their hashing, which is "lsh"."""

    def __init__(self, config: ModelConfig, layer: int = 0):
        super().__init__(config, layer)
        self.size = config.chunk

    def sees(self, i: Tensor, j: Tensor) -> Tensor:
        back = i // self.size - j // self.size
        return (back == 0) | (back == 1)

    def blocks(self, c_C1: Tensor, causal: bool) -> Tensor:
        return c_C1 + torch.arange(-1, 1, device=c_C1.device)
