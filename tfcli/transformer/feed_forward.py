"""The feed-forward sublayer.

Shapes: B batch, T tokens, D d_model, F d_ff.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from tfcli.config import ModelConfig

ACTIVATIONS = {"relu": F.relu, "gelu": F.gelu, "silu": F.silu}


class FeedForward(nn.Module):
    """W2 a(W1 x + b1) + b2 on every token by itself. Vaswani et al. 2017 (1706.03762), section 3.3."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.up = nn.Linear(config.d_model, config.d_ff)
        self.down = nn.Linear(config.d_ff, config.d_model)
        self.activation = ACTIVATIONS[config.activation]

    def forward(self, x_BTD: Tensor) -> Tensor:
        return self.down(self.activation(self.up(x_BTD)))
