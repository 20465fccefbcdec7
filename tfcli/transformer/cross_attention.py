"""Which encoder states a decoder layer reads, and how they join.

Shapes: B batch, T target, S source, D d_model.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from tfcli.config import ModelConfig
from tfcli.transformer.attention.multihead import MemoryAttention, Record
from tfcli.transformer.cache import Cache
from tfcli.transformer.masks import Mask


@dataclass(frozen=True)
class Memory:
    """What the encoder leaves for the decoder: states_BSD of every layer, the last one with the final norm."""

    states_BSD: tuple[Tensor, ...]
    mask: Mask

    def select(self, rows: Tensor) -> "Memory":
        """The memory of some sentences of the batch."""
        return Memory(tuple(state[rows] for state in self.states_BSD), self.mask.select(rows))


class LastLayer(nn.Module):
    """Every decoder layer reads the encoder's last layer, as in Vaswani et al. 2017 (1706.03762)."""

    def __init__(self, config: ModelConfig, layer: int):
        super().__init__()
        self.layer = layer
        self.attention = MemoryAttention(config)

    def forward(self, x_BTD: Tensor, memory: Memory, cache: Cache | None = None, record: Record | None = None) -> Tensor:
        return self.attention(x_BTD, memory.states_BSD[-1], memory.mask, cache, self.layer, record)


CROSS: dict[str, type[nn.Module]] = {"last": LastLayer}
