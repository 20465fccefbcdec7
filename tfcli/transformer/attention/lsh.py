"""Attention among tokens that a hash function puts together.

Shapes: B batch, H heads, T tokens, K d_head, R rounds of hashing, N half the buckets, C chunks, L tokens of a chunk, W
tokens of two chunks.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from tfcli.config import ModelConfig
from tfcli.transformer.attention.kernel import Kernel, Scores, Weights
from tfcli.transformer.masks import Mask


class LSH(Kernel):
    """Reformer, Kitaev et al. 2020 (2001.04451), section 2: bucket(x) = argmax [xR; -xR], R random; tokens are sorted
    by bucket, and each attends within its chunk of the sorted text and the chunk before it. Queries serve as keys, at
    unit length; a token attends to itself only where it is alone. Rounds are joined by their shares of the weight.

    Departures: padding is sorted to the end and the first chunk does not look at the last one, so that padding changes
    nothing. The buckets are as many as twice the chunks of the longest text. What the layer computes as keys lies idle.
    """

    def __init__(self, config: ModelConfig, layer: int = 0):
        super().__init__(config, layer)
        self.chunk = config.chunk
        half = max(config.max_length // config.chunk, 1)
        rotations = torch.empty(config.num_hashes, config.d_model // config.num_heads, half).normal_()
        self.register_buffer("rotations_RKN", rotations)

    def forward(
        self, q_BHQK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, mask: Mask, scores: Scores | None, need_weights: bool
    ) -> tuple[Tensor, Weights | None]:
        if not need_weights:
            return self.mix(q_BHQK, v_BHMK, mask), None
        # What comes of the unit vectors is the matrix of weights itself.
        one_TT = torch.eye(v_BHMK.size(2), dtype=v_BHMK.dtype, device=v_BHMK.device)
        weights_BHQM = self.mix(q_BHQK, one_TT.expand(*v_BHMK.shape[:2], -1, -1), mask)
        scores_BHQM = q_BHQK @ F.normalize(q_BHQK, dim=-1).transpose(-2, -1) * q_BHQK.size(-1) ** -0.5
        return weights_BHQM @ v_BHMK, Weights(scores_BHQM, weights_BHQM)

    def mix(self, q_BHTK: Tensor, v_BHTK: Tensor, mask: Mask) -> Tensor:
        T = q_BHTK.size(2)
        real_BT = q_BHTK.new_ones(q_BHTK.size(0), T, dtype=torch.bool) if mask.keys_BM is None else mask.keys_BM
        order_BHRT = self.sort(q_BHTK, real_BT)
        q_BHRCLK = self.chunks(q_BHTK[:, :, None], order_BHRT)
        k_BHRCWK = with_previous(F.normalize(q_BHRCLK, dim=-1))
        v_BHRCWK = with_previous(self.chunks(v_BHTK[:, :, None], order_BHRT))
        seen_BHRC1W = with_previous(self.chunks(real_BT[:, None, None, :, None], order_BHRT)).transpose(-2, -1)
        scores_BHRCLW = q_BHRCLK @ k_BHRCWK.transpose(-2, -1) * q_BHTK.size(-1) ** -0.5
        lowest = torch.finfo(scores_BHRCLW.dtype).min
        itself_LW = torch.eye(self.chunk, dtype=torch.bool, device=q_BHTK.device).repeat(1, 2)
        itself_LW[:, : self.chunk] = False
        scores_BHRCLW = scores_BHRCLW.masked_fill(~seen_BHRC1W, lowest).masked_fill(itself_LW, lowest / 2)
        out_BHRCLK = scores_BHRCLW.softmax(-1) @ v_BHRCWK
        total_BHRCL = scores_BHRCLW.logsumexp(-1)
        back_BHRT = order_BHRT.argsort(-1)
        out_BHRTK = out_BHRCLK.flatten(3, 4).take_along_dim(back_BHRT[..., None], 3)
        share_BHRT = total_BHRCL.flatten(3).take_along_dim(back_BHRT, 3).softmax(2)
        return (out_BHRTK * share_BHRT[..., None]).sum(2)

    def sort(self, x_BHTK: Tensor, real_BT: Tensor) -> Tensor:
        """order_BHRT: for each round, the tokens by bucket, within a bucket as they stand, padding behind all."""
        turned_BHRTN = x_BHTK[:, :, None] @ self.rotations_RKN
        bucket_BHRT = torch.cat([turned_BHRTN, -turned_BHRTN], dim=-1).argmax(-1)
        last = 2 * self.rotations_RKN.size(-1)
        return bucket_BHRT.masked_fill(~real_BT[:, None, None], last).argsort(dim=-1, stable=True)

    def chunks(self, x_BHRTK: Tensor, order_BHRT: Tensor) -> Tensor:
        """(B, H, R, C, L, K): the tokens in that order, in chunks, the last one filled up with zeros."""
        sorted_BHRTK = x_BHRTK.take_along_dim(order_BHRT[..., None], 3)
        return F.pad(sorted_BHRTK, (0, 0, 0, -x_BHRTK.size(3) % self.chunk)).unflatten(3, (-1, self.chunk))


def with_previous(x_BHRCLK: Tensor) -> Tensor:
    """(B, H, R, C, 2L, K): the chunk before, zeros before the first, and the chunk itself."""
    return torch.cat([F.pad(x_BHRCLK[:, :, :, :-1], (0, 0, 0, 0, 1, 0)), x_BHRCLK], dim=4)
