"""Which encoder states a decoder layer reads, and how they join.

Shapes: B batch, T target, S source, D d_model.
"""

from dataclasses import dataclass, replace

from torch import Tensor, nn

from tfcli.config import ModelConfig
from tfcli.transformer.attention.kernel import Weights
from tfcli.transformer.attention.multihead import MemoryAttention, Record
from tfcli.transformer.cache import Cache
from tfcli.transformer.masks import Mask
from tfcli.transformer.norms import final_norm


@dataclass(frozen=True)
class Memory:
    """What the encoder leaves for the decoder: states_BSD of every layer; those that are read have passed a norm."""

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

    @staticmethod
    def state_norm(config: ModelConfig) -> nn.Module:
        """What the output of an encoder layer below the last one passes before it is read."""
        return nn.Identity()

    def forward(
        self, x_BTD: Tensor, memory: Memory, cache: Cache | None = None, record: Record | None = None
    ) -> Tensor:
        return self.attention(x_BTD, memory.states_BSD[-1], memory.mask, cache, self.layer, record)


class LayerWise(LastLayer):
    """Decoder layer i reads encoder layer i, C_i = Att(x_i, norm(H_i)): shallow layers see the words, deep ones their
    use in the sentence. The "granularity consistent" view of Liu et al. 2020 (2005.08081) by itself.

    What pre-norm layers hand on is not normalized, and what is read must be: each gets a norm like that of the stack.
    """

    state_norm = staticmethod(final_norm)

    def forward(
        self, x_BTD: Tensor, memory: Memory, cache: Cache | None = None, record: Record | None = None
    ) -> Tensor:
        return self.attention(x_BTD, memory.states_BSD[self.layer], memory.mask, cache, self.layer, record)


class MultiView(LayerWise):
    """Decoder layer i reads the encoder's last layer and its layer i with the same weights,
    C_i = (Att(x_i, norm(H_N)) + Att(x_i, norm(H_i))) / 2, so that the decoder teaches every encoder layer at hardly any
    cost in parameters. Liu et al. 2020 (2005.08081). The mean, so that where both views are one, in the last layer, it
    is ordinary attention.

    What is recorded is the global view with the mean of both views' scores, weights and outputs."""

    def forward(
        self, x_BTD: Tensor, memory: Memory, cache: Cache | None = None, record: Record | None = None
    ) -> Tensor:
        looks: Record | None = None if record is None else []
        read = {"global": memory.states_BSD[-1], "layer": memory.states_BSD[self.layer]}
        views_BTD = [
            self.attention(x_BTD, state_BSD, memory.mask, cache, self.layer, looks, name)
            for name, state_BSD in read.items()
        ]
        if record is not None:
            one, other = looks
            weights = Weights(*((a + b) / 2 for a, b in zip(one.weights, other.weights, strict=True)))
            record.append(replace(one, weights=weights, out_BHQK=(one.out_BHQK + other.out_BHQK) / 2))
        return sum(views_BTD) / 2


CROSS: dict[str, type[LastLayer]] = {"last": LastLayer, "layer_wise": LayerWise, "multi_view": MultiView}
