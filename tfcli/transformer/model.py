"""The Transformer as a whole: embedding, encoder, decoder, output.

Shapes: B batch, S source, T target, D d_model.
"""

import torch.nn.functional as F
from torch import Tensor

from tfcli.config import PAD, ModelConfig
from tfcli.transformer.attention.multihead import Record
from tfcli.transformer.cache import Cache
from tfcli.transformer.cross_attention import Memory
from tfcli.transformer.decoder import Decoder, DecoderRecord
from tfcli.transformer.encoder import Encoder
from tfcli.transformer.masks import Mask
from tfcli.transformer.seq2seq import Seq2Seq


class Transformer(Seq2Seq):
    """Vaswani et al. 2017 (1706.03762). causal: a target token sees those before it only."""

    causal = True

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.encoder = Encoder(config)
        self.decoder = Decoder(config, self.causal)
        self._reset_parameters()

    def encode(self, src_BS: Tensor, record: Record | None = None) -> Memory:
        return self.encoder(self.embed(src_BS), Mask(src_BS != PAD), record)

    def decode(
        self, tgt_BT: Tensor, memory: Memory, cache: Cache | None = None, record: DecoderRecord | None = None
    ) -> Tensor:
        hidden_BTD = self.decoder(self.embed(tgt_BT), memory, cache, record)
        return F.pad(hidden_BTD, (0, 1), value=1.0) if self.config.output_bias else hidden_BTD
