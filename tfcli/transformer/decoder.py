"""The decoder: masked self-attention, attention to the encoder's memory, feed-forward, layer upon layer.

Shapes: B batch, T target, D d_model.
"""

from dataclasses import dataclass, field

from torch import Tensor, nn

from tfcli.config import ModelConfig
from tfcli.transformer.attention.multihead import Record, SelfAttention
from tfcli.transformer.cache import Cache
from tfcli.transformer.cross_attention import CROSS, Memory
from tfcli.transformer.dropout import Dropout
from tfcli.transformer.feed_forward import FeedForward
from tfcli.transformer.masks import Mask
from tfcli.transformer.norms import RESIDUALS, final_norm
from tfcli.transformer.positions import POSITIONS, Positions


@dataclass(frozen=True)
class DecoderRecord:
    """The attentions of a decoder, layer by layer."""

    self_attention: Record = field(default_factory=list)
    cross_attention: Record = field(default_factory=list)


class DecoderLayer(nn.Module):
    def __init__(self, config: ModelConfig, positions: Positions, layer: int):
        super().__init__()
        residual = RESIDUALS[config.residual]
        self.attention = SelfAttention(config, config.decoder_attention, positions, layer)
        self.attention_residual = residual(config)
        self.cross_attention = CROSS[config.cross_attention](config, layer)
        self.cross_attention_residual = residual(config)
        self.feed_forward = FeedForward(config)
        self.feed_forward_residual = residual(config)

    def forward(
        self, x_BTD: Tensor, mask: Mask, memory: Memory, cache: Cache | None, record: DecoderRecord | None
    ) -> Tensor:
        self_record, cross_record = (record.self_attention, record.cross_attention) if record else (None, None)
        x_BTD = self.attention_residual(x_BTD, lambda x: self.attention(x, mask, cache, self_record))
        x_BTD = self.cross_attention_residual(x_BTD, lambda x: self.cross_attention(x, memory, cache, cross_record))
        return self.feed_forward_residual(x_BTD, self.feed_forward)


class Decoder(nn.Module):
    """Embedded target tokens and a Memory to hidden states. causal: token t sees tokens up to t only."""

    def __init__(self, config: ModelConfig, causal: bool = True):
        super().__init__()
        self.causal = causal
        self.positions = POSITIONS[config.positions](config)
        self.dropout = Dropout(config.dropout)
        self.layers = nn.ModuleList(DecoderLayer(config, self.positions, i) for i in range(config.num_decoder_layers))
        self.norm = final_norm(config)

    def forward(
        self,
        x_BTD: Tensor,
        memory: Memory,
        cache: Cache | None = None,
        record: DecoderRecord | None = None,
        keys_BM: Tensor | None = None,
    ) -> Tensor:
        """keys_BM: True where a token is real; None if all are, or if no real one stands behind one that is not."""
        mask = Mask(keys_BM, self.causal)
        x_BTD = self.dropout(self.positions.embed(x_BTD, cache.length if cache else 0))
        for layer in self.layers:
            x_BTD = layer(x_BTD, mask, memory, cache, record)
        if cache:
            cache.length += x_BTD.size(1)
        return self.norm(x_BTD)
