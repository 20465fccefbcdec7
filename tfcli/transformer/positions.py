"""How the model knows the order of its input: one class per idea, all with the same three hooks.

Shapes: B batch, T tokens, D d_model, H heads, Q queries, M keys, K d_head.
"""

import math

import torch
from torch import Tensor, nn

from tfcli.config import ModelConfig


class Positions(nn.Module):
    """Three places where a position can enter; each does nothing here, and a variant overrides one.

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


class Sinusoidal(Positions):
    """p[t, 2i] = sin(t / 10000^(2i/D)), p[t, 2i+1] = cos(t / 10000^(2i/D)), added to the input.
    Vaswani et al. 2017 (1706.03762), section 3.5."""

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        half = (config.d_model + 1) // 2
        rates = torch.exp(torch.arange(half, dtype=torch.float64) * (-2 * math.log(10000.0) / config.d_model))
        angles = torch.arange(config.max_length, dtype=torch.float64)[:, None] * rates
        table = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, : config.d_model]
        self.register_buffer("table_TD", table.float(), persistent=False)

    def embed(self, x_BTD: Tensor, start: int = 0) -> Tensor:
        return x_BTD + self.table_TD[start : start + x_BTD.size(1)]


POSITIONS: dict[str, type[Positions]] = {"sinusoidal": Sinusoidal}
