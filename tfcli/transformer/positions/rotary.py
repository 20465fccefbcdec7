"""Positions as angles.

Shapes: B batch, H heads, T tokens, K d_head.
"""

import torch
from torch import Tensor

from tfcli.config import ModelConfig
from tfcli.transformer.positions.positions import Positions


class Rotary(Positions):
    """Each pair of features of a query or key at position t is turned by the angle t·θ_i, θ_i = 10000^(-2i/K), so that
    q_t·k_s depends on t - s only: R(t)q · R(s)k = q · R(s - t)k. Su et al. 2021 (2104.09864), section 3.2.

    Queries and keys of self-attention are turned, not values, and not the memory, whose positions are another text's.
    """

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        d_head = config.d_model // config.num_heads
        # In float64: at position 1,000 a float32 angle is already wrong by 1e-4.
        rates = 10000.0 ** (-torch.arange(0, d_head, 2, dtype=torch.float64) / d_head)
        angles = torch.arange(config.max_length, dtype=torch.float64)[:, None] * rates
        self.register_buffer("cos", angles.cos().float(), persistent=False)
        self.register_buffer("sin", angles.sin().float(), persistent=False)

    def rotate(self, x_BHTK: Tensor, start: int = 0) -> Tensor:
        end = start + x_BHTK.size(2)
        cos, sin = self.cos[start:end], self.sin[start:end]
        even, odd = x_BHTK.unflatten(-1, (-1, 2)).unbind(-1)
        turned = torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1)
        return turned.flatten(-2).type_as(x_BHTK)
