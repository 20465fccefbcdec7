"""What every attention kernel is.

Shapes: B batch, H heads, Q queries, M keys, K d_head.
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor, nn

from tfcli.config import ModelConfig
from tfcli.transformer.masks import Mask

Scores = Callable[[Tensor], Tensor]
"""scores_BHQM -> scores_BHQM: what the positions do to the score matrix."""


class Weights(NamedTuple):
    """What an attention looked at. scores_BHQM: scaled similarities before mask and softmax; weights_BHQM: after."""

    scores_BHQM: Tensor
    weights_BHQM: Tensor


class Kernel(nn.Module):
    """Mixes values by the similarity of queries and keys."""

    def __init__(self, config: ModelConfig):
        super().__init__()

    def forward(
        self, q_BHQK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, mask: Mask, scores: Scores | None, need_weights: bool
    ) -> tuple[Tensor, Weights | None]:
        """(out_BHQK, weights); the weights are None unless needed, and where a kernel has none per token."""
        raise NotImplementedError
