"""What every attention kernel is.

Shapes: B batch, H heads, Q queries, M keys, K d_head.
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor, nn

from tfcli.config import ModelConfig
from tfcli.transformer.cache import LayerCache
from tfcli.transformer.masks import Mask

Scores = Callable[[Tensor], Tensor]
"""scores_BHQM -> scores_BHQM: what the positions do to the score matrix."""


class Weights(NamedTuple):
    """What an attention looked at. scores_BHQM: scaled similarities before mask and softmax; weights_BHQM: after."""

    scores_BHQM: Tensor
    weights_BHQM: Tensor


class Kernel(nn.Module):
    """Mixes values by the similarity of queries and keys. layer: its number in the stack, from 0."""

    def __init__(self, config: ModelConfig, layer: int = 0):
        super().__init__()

    def forward(
        self, q_BHQK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, mask: Mask, scores: Scores | None, need_weights: bool
    ) -> tuple[Tensor, Weights | None]:
        """(out_BHQK, weights); the weights are None unless needed, and where a kernel has none per token."""
        raise NotImplementedError

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
        """The same for tokens that come after the `start` tokens in `store`, which then holds these too. A kernel that
        needs less than all earlier keys and values keeps what it needs instead."""
        k_BHMK, v_BHMK = store.append("self_k", k_BHTK, start), store.append("self_v", v_BHTK, start)
        return self(q_BHTK, k_BHMK, v_BHMK, mask, scores, need_weights)
