"""The projections around an attention kernel: into heads and out of them.

Shapes: B batch, T tokens, S source, D d_model, H heads, K d_head, M keys.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from tfcli.config import ModelConfig
from tfcli.transformer.attention import KERNELS
from tfcli.transformer.attention.kernel import Weights
from tfcli.transformer.cache import Cache
from tfcli.transformer.masks import Mask
from tfcli.transformer.positions import Positions


@dataclass(frozen=True)
class Look:
    """One attention at work, for somebody who wants to look: what came in, what was weighed, what came out.
    With a cache, only the keys and values that are new. weights is None where the kernel has none per token."""

    q_BHQK: Tensor
    k_BHMK: Tensor
    v_BHMK: Tensor
    weights: Weights | None
    out_BHQK: Tensor


Record = list[Look]
"""Where the attentions of a forward pass are collected, layer by layer."""


def split_heads(x_BTD: Tensor, num_heads: int) -> Tensor:
    """(B, T, H*K) -> (B, H, T, K)."""
    B, T, D = x_BTD.shape
    return x_BTD.view(B, T, num_heads, D // num_heads).transpose(1, 2)


def join_heads(x_BHTK: Tensor) -> Tensor:
    """(B, H, T, K) -> (B, T, H*K)."""
    return x_BHTK.transpose(1, 2).flatten(2)


class SelfAttention(nn.Module):
    """A sequence attends to itself. kernel: a name in KERNELS. layer: its number in the stack, from 0."""

    def __init__(self, config: ModelConfig, kernel: str, positions: Positions, layer: int):
        super().__init__()
        self.num_heads = config.num_heads
        self.layer = layer
        self.qkv = nn.Linear(config.d_model, 3 * config.d_model)
        self.out = nn.Linear(config.d_model, config.d_model)
        self.kernel = KERNELS[kernel](config, layer)
        # Shared with the whole stack, which owns its parameters: a plain attribute keeps them out of this module.
        object.__setattr__(self, "positions", positions)

    def forward(self, x_BTD: Tensor, mask: Mask, cache: Cache | None = None, record: Record | None = None) -> Tensor:
        start = cache.length if cache else 0
        q_BHTK, k_BHTK, v_BHTK = (split_heads(part, self.num_heads) for part in self.qkv(x_BTD).chunk(3, dim=-1))
        q_BHTK, k_BHTK = self.positions.rotate(q_BHTK, start), self.positions.rotate(k_BHTK, start)
        scores = None
        if self.positions.changes_scores:

            def scores(scores_BHQM: Tensor) -> Tensor:
                return self.positions.scores(scores_BHQM, q_BHTK, start)

        inputs = q_BHTK, k_BHTK, v_BHTK, mask, scores, record is not None
        if cache:
            out_BHTK, weights = self.kernel.extend(*inputs, cache.layers[self.layer], start)
        else:
            out_BHTK, weights = self.kernel(*inputs)
        if record is not None:
            record.append(Look(q_BHTK, k_BHTK, v_BHTK, weights, out_BHTK))
        return self.out(join_heads(out_BHTK))


class MemoryAttention(nn.Module):
    """A sequence attends to encoder states. Their keys and values are computed once per sentence and kept in the cache
    under the name of the view: a layer may read several states with the same weights."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.num_heads = config.num_heads
        self.q = nn.Linear(config.d_model, config.d_model)
        self.kv = nn.Linear(config.d_model, 2 * config.d_model)
        self.out = nn.Linear(config.d_model, config.d_model)
        self.kernel = KERNELS["full"](config)

    def forward(
        self,
        x_BTD: Tensor,
        state_BSD: Tensor,
        mask: Mask,
        cache: Cache | None = None,
        layer: int = 0,
        record: Record | None = None,
        view: str = "memory",
    ) -> Tensor:
        k_BHSK, v_BHSK = self._keys_and_values(state_BSD, cache.layers[layer].source if cache else {}, view)
        q_BHTK = split_heads(self.q(x_BTD), self.num_heads)
        out_BHTK, weights = self.kernel(q_BHTK, k_BHSK, v_BHSK, mask, None, record is not None)
        if record is not None:
            record.append(Look(q_BHTK, k_BHSK, v_BHSK, weights, out_BHTK))
        return self.out(join_heads(out_BHTK))

    def _keys_and_values(self, state_BSD: Tensor, store: dict[str, Tensor], view: str) -> tuple[Tensor, Tensor]:
        if view + "_k" not in store:
            k, v = (split_heads(part, self.num_heads) for part in self.kv(state_BSD).chunk(2, dim=-1))
            store[view + "_k"], store[view + "_v"] = k, v
        return store[view + "_k"], store[view + "_v"]
