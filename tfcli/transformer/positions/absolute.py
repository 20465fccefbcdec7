"""A vector per position, added to the input.

Shapes: B batch, T tokens, D d_model.
"""

import math

import torch
from torch import Tensor, nn

from tfcli.config import ModelConfig
from tfcli.transformer.positions.positions import Positions


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


class Learned(Positions):
    """A row of a trained table for each position, added to the input. Gehring et al. 2017 (1705.03122); compared with
    sinusoids in table 3 of Vaswani et al. 2017 (1706.03762). A position that training never reached stays random."""

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.table_TD = nn.Parameter(torch.empty(config.max_length, config.d_model).normal_(std=config.d_model**-0.5))

    def embed(self, x_BTD: Tensor, start: int = 0) -> Tensor:
        return x_BTD + self.table_TD[start : start + x_BTD.size(1)]
