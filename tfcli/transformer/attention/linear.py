"""Attention without softmax: the sums over keys are taken once for all queries.

Shapes: B batch, H heads, T tokens, Q queries, M keys, K d_head, C blocks, L tokens of a block, P features, V values.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfcli.config import ModelConfig
from tfcli.transformer.attention.kernel import Kernel, Scores, Weights
from tfcli.transformer.cache import LayerCache
from tfcli.transformer.masks import Mask

_BLOCK = 64
_EPS = 1e-6


class Linear(Kernel):
    """out_i = φ(q_i)ᵀ S_i / φ(q_i)ᵀ z_i, S_i = Σ_j φ(k_j) v_jᵀ, z_i = Σ_j φ(k_j), φ(x) = elu(x) + 1; j runs over all
    keys, or over j <= i in a decoder. Katharopoulos et al. 2020 (2006.16236), section 3.

    The cost grows with the text, not its square, and a decoder is an RNN whose state is S and z: its cache never grows.
    z is carried as one more column of S, belonging to a value that is always 1.
    """

    def queries(self, q_BHTK: Tensor) -> Tensor:
        """φ(q), (B, H, T, P)."""
        return F.elu(q_BHTK) + 1

    def keys(self, k_BHTK: Tensor) -> Tensor:
        """φ(k), (B, H, T, P)."""
        return F.elu(k_BHTK) + 1

    def forward(
        self, q_BHQK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, mask: Mask, scores: Scores | None, need_weights: bool
    ) -> tuple[Tensor, Weights | None]:
        if not need_weights:
            return self.mix(q_BHQK, k_BHMK, v_BHMK, mask)[0], None
        # What comes of the unit vectors is the matrix of weights itself.
        one_MM = torch.eye(v_BHMK.size(2), dtype=v_BHMK.dtype, device=v_BHMK.device)
        weights_BHQM = self.mix(q_BHQK, k_BHMK, one_MM.expand(*v_BHMK.shape[:2], -1, -1), mask)[0]
        scores_BHQM = self.queries(q_BHQK) @ self.keys(k_BHMK).transpose(-2, -1)
        return weights_BHQM @ v_BHMK, Weights(scores_BHQM, weights_BHQM)

    def extend(
        self,
        q_BHTK: Tensor,
        k_BHTK: Tensor,
        v_BHTK: Tensor,
        mask: Mask,
        scores: Scores | None,
        need_weights: bool,
        store: LayerCache,
        start: int,
    ) -> tuple[Tensor, Weights | None]:
        """Weights over tokens that are no longer there cannot be told: None."""
        out_BHTK, store.tensors["state"] = self.mix(q_BHTK, k_BHTK, v_BHTK, mask, store.tensors.get("state"))
        return out_BHTK, None

    def mix(
        self, q_BHQK: Tensor, k_BHMK: Tensor, v_BHMV: Tensor, mask: Mask, state_BHPV: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """(out_BHQV, S and z after the last token), beginning from those of earlier tokens if there are any."""
        q_BHQP, k_BHMP = self.queries(q_BHQK), self.keys(k_BHMK)
        v_BHMV = F.pad(v_BHMV, (0, 1), value=1.0)
        if mask.keys_BM is not None:
            k_BHMP = k_BHMP.masked_fill(~mask.keys_BM[:, None, :, None], 0)
        sums = causal_sums if mask.causal else all_sums
        out_BHQV, state_BHPV = sums(q_BHQP, k_BHMP, v_BHMV, state_BHPV)
        # Not "+ ε": the sums may be small themselves, and the weights would no longer be shares of one.
        return out_BHQV[..., :-1] / out_BHQV[..., -1:].clamp_min(torch.finfo(out_BHQV.dtype).tiny), state_BHPV


def all_sums(q_BHQP: Tensor, k_BHMP: Tensor, v_BHMV: Tensor, state_BHPV: Tensor | None) -> tuple[Tensor, Tensor]:
    """Every query meets the sum over all keys."""
    state_BHPV = k_BHMP.transpose(-2, -1) @ v_BHMV
    return q_BHQP @ state_BHPV, state_BHPV


def causal_sums(q_BHTP: Tensor, k_BHTP: Tensor, v_BHTV: Tensor, state_BHPV: Tensor | None) -> tuple[Tensor, Tensor]:
    """Each query meets the sum over the keys up to its own: the running sum before its block, and what its block adds.
    One sum per block, not per token, is what is kept in memory."""
    T = q_BHTP.size(2)
    L = min(T, _BLOCK)
    q, k, v = (F.pad(x, (0, 0, 0, -T % L)).unflatten(2, (-1, L)) for x in (q_BHTP, k_BHTP, v_BHTV))
    # In float32: in bfloat16 a sum over a few hundred tokens no longer grows.
    added_BHCPV = (k.transpose(-2, -1) @ v).float()
    begin_BH1PV = torch.zeros_like(added_BHCPV[:, :, :1]) if state_BHPV is None else state_BHPV[:, :, None]
    sums_BHCPV = torch.cat([begin_BH1PV, added_BHCPV], dim=2).cumsum(2)
    inside_BHCLV = (q @ k.transpose(-2, -1)).tril() @ v
    out_BHCLV = q @ sums_BHCPV[:, :, :-1].to(q.dtype) + inside_BHCLV
    return out_BHCLV.flatten(2, 3)[:, :, :T], sums_BHCPV[:, :, -1]


class Performer(Linear):
    """Linear attention whose features make it softmax attention on average: φ(x) = exp(Wx - |x|²/2), x = q or k / K^¼,
    the rows of W random and orthogonal. The error falls with the number of features. Choromanski et al. 2021
    (2009.14794), section 2. W is saved with the model and never redrawn, so that a model always says the same."""

    def __init__(self, config: ModelConfig, layer: int = 0):
        super().__init__(config, layer)
        directions_PK = torch.empty(config.num_features, config.d_model // config.num_heads)
        if not directions_PK.is_meta:  # else it waits to be loaded
            draw_orthogonal(directions_PK)
        self.register_buffer("directions_PK", directions_PK)

    def queries(self, q_BHTK: Tensor) -> Tensor:
        exponents_BHTP = self.exponents(q_BHTK)
        # A factor per query is gone after the division, so the largest exponent may be taken as 0.
        return (exponents_BHTP - exponents_BHTP.amax(-1, keepdim=True)).exp() + _EPS

    def keys(self, k_BHTK: Tensor) -> Tensor:
        return self.exponents(k_BHTK).exp() + _EPS

    def exponents(self, x_BHTK: Tensor) -> Tensor:
        x_BHTK = x_BHTK * x_BHTK.size(-1) ** -0.25
        return x_BHTK @ self.directions_PK.T - x_BHTK.square().sum(-1, keepdim=True) / 2


def draw_orthogonal(out_PK: Tensor) -> None:
    """Fills a matrix with rows that are each normally distributed, and K at a time orthogonal to each other."""
    lengths_P1 = torch.randn_like(out_PK).norm(dim=1, keepdim=True)
    for rows_KK in out_PK.split(out_PK.size(1)):
        nn.init.orthogonal_(rows_KK)
    out_PK.mul_(lengths_P1)
