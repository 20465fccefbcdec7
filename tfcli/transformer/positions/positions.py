"""What every kind of position is.

Shapes: B batch, T tokens, D d_model, H heads, Q queries, M keys, K d_head.
"""

from torch import Tensor, nn

from tfcli.config import ModelConfig


class Positions(nn.Module):
    """Three places where a position can enter; each does nothing here, and a variant overrides one. As it stands it is
    the variant "none": attention sees a set of tokens, and only a causal mask tells it anything about their order.

    start: position of the first query, greater than 0 when earlier tokens are in the cache.
    """

    def __init__(self, config: ModelConfig):
        super().__init__()

    def embed(self, x_BTD: Tensor, start: int = 0) -> Tensor:
        """Changes the input of the stack."""
        return x_BTD

    def rotate(self, x_BHTK: Tensor, start: int = 0) -> Tensor:
        """Changes queries and keys before they meet."""
        return x_BHTK

    def scores(self, scores_BHQM: Tensor, q_BHQK: Tensor, start: int = 0) -> Tensor:
        """Changes the scaled scores before the mask and the softmax."""
        return scores_BHQM

    @property
    def changes_scores(self) -> bool:
        """False lets a kernel skip the score matrix."""
        return type(self).scores is not Positions.scores
