"""What every attention kernel is.

Shapes: B batch, H heads, Q queries, M keys, K d_head.
"""

from collections.abc import Callable

from torch import Tensor, nn

from tfcli.config import ModelConfig
from tfcli.transformer.masks import Mask

Scores = Callable[[Tensor], Tensor]
"""scores_BHQM -> scores_BHQM: what the positions do to the score matrix."""


class Kernel(nn.Module):
    """Mixes values by the similarity of queries and keys."""

    def __init__(self, config: ModelConfig):
        super().__init__()

    def forward(
        self, q_BHQK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, mask: Mask, scores: Scores | None, need_weights: bool
    ) -> tuple[Tensor, Tensor | None]:
        """(out_BHQK, weights_BHQM); the weights are None unless needed."""
        raise NotImplementedError
