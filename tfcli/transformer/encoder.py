"""The encoder: self-attention and feed-forward, layer upon layer.

Shapes: B batch, S source, D d_model.
"""

from torch import Tensor, nn

from tfcli.config import ModelConfig
from tfcli.transformer.attention.multihead import Record, SelfAttention
from tfcli.transformer.cross_attention import CROSS, Memory
from tfcli.transformer.dropout import Dropout
from tfcli.transformer.feed_forward import FeedForward
from tfcli.transformer.masks import Mask
from tfcli.transformer.norms import RESIDUALS, final_norm
from tfcli.transformer.positions import POSITIONS, Positions


class EncoderLayer(nn.Module):
    def __init__(self, config: ModelConfig, positions: Positions, layer: int):
        super().__init__()
        residual = RESIDUALS[config.residual]
        self.attention = SelfAttention(config, config.encoder_attention, positions, layer)
        self.attention_residual = residual(config)
        self.feed_forward = FeedForward(config)
        self.feed_forward_residual = residual(config)

    def forward(self, x_BSD: Tensor, mask: Mask, record: Record | None = None) -> Tensor:
        x_BSD = self.attention_residual(x_BSD, lambda x: self.attention(x, mask, record=record))
        return self.feed_forward_residual(x_BSD, self.feed_forward)


class Encoder(nn.Module):
    """Embedded source tokens to a Memory."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.positions = POSITIONS[config.positions](config)
        self.dropout = Dropout(config.dropout)
        self.layers = nn.ModuleList(EncoderLayer(config, self.positions, i) for i in range(config.num_encoder_layers))
        state_norm = CROSS[config.cross_attention].state_norm
        self.state_norms = nn.ModuleList(state_norm(config) for _ in range(config.num_encoder_layers - 1))
        self.norm = final_norm(config)

    def forward(self, x_BSD: Tensor, mask: Mask, record: Record | None = None) -> Memory:
        x_BSD = self.dropout(self.positions.embed(x_BSD))
        states = []
        for layer, norm in zip(self.layers, [*self.state_norms, self.norm], strict=True):
            x_BSD = layer(x_BSD, mask, record)
            states.append(norm(x_BSD))
        return Memory(tuple(states), mask)
