"""What every model is to the rest of the project: ids in, hidden states and logits out.

Shapes: B batch, S source, T target, D d_model, V vocabulary.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfcli.config import BOS, ModelConfig
from tfcli.transformer.attention.multihead import Record
from tfcli.transformer.cache import Cache
from tfcli.transformer.decoder import DecoderRecord


class Seq2Seq(nn.Module):
    """One embedding serves source, target and output (Press & Wolf 2017, 1608.05859): one tensor used three times. A
    subclass adds its layers, calls `_reset_parameters`, and says how it encodes and decodes."""

    decoding = "greedy"
    """How translations are found with it: a name in `decoding.decoders.DECODERS`."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.output_bias_V = nn.Parameter(torch.empty(config.vocab_size)) if config.output_bias else None

    def _reset_parameters(self) -> None:
        """Xavier for linear layers; the embedding small, because it is scaled by √D on the way in and not on the way
        out. Everything else begins as its module made it."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        nn.init.normal_(self.embedding.weight, std=self.config.d_model**-0.5)
        if self.output_bias_V is not None:
            nn.init.zeros_(self.output_bias_V)

    @property
    def output_weight_VD(self) -> Tensor:
        """The matrix that turns hidden states into logits. A bias is its last column, and a 1 at the end of each hidden
        state meets it: whoever knows how to multiply knows biases too."""
        if self.output_bias_V is None:
            return self.embedding.weight
        return torch.cat([self.embedding.weight, self.output_bias_V[:, None]], dim=1)

    def embed(self, ids_BT: Tensor) -> Tensor:
        return self.embedding(ids_BT) * self.config.d_model**0.5

    def encode(self, src_BS: Tensor, record: Record | None = None) -> Any:
        """Source ids, padded with PAD at the end, to the memory the decoder reads. `memory.select(rows)` is that of
        some sentences of the batch."""
        raise NotImplementedError

    def decode(
        self, tgt_BT: Tensor, memory: Any, cache: Cache | None = None, record: DecoderRecord | None = None
    ) -> Tensor:
        """Target ids so far to hidden states_BTD, to be multiplied with `output_weight_VD`; with a cache, only the ids
        that are new since the last call."""
        raise NotImplementedError

    def reads(self, ids: Sequence[int]) -> list[int] | None:
        """What the decoder reads when it is to say `ids`, place by place: the token before each. None if its places are
        not those of the tokens."""
        return [BOS, *ids[:-1]]

    def logits(self, hidden_BTD: Tensor) -> Tensor:
        """Hidden states to logits_BTV."""
        if self.output_bias_V is None:
            return F.linear(hidden_BTD, self.output_weight_VD)
        return F.linear(hidden_BTD[..., :-1], self.embedding.weight, self.output_bias_V)  # without copying the matrix

    def forward(self, src_BS: Tensor, tgt_BT: Tensor) -> Tensor:
        """Logits_BTV for the token after each target token."""
        return self.logits(self.decode(tgt_BT, self.encode(src_BS)))

    def new_cache(self) -> Cache:
        return Cache(self.config.num_decoder_layers)
