"""The whole model: embedding, encoder, decoder, output.

Shapes: B batch, S source, T target, D d_model, V vocabulary.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from tfcli.config import PAD, ModelConfig
from tfcli.transformer.attention.multihead import Record
from tfcli.transformer.cache import Cache
from tfcli.transformer.cross_attention import Memory
from tfcli.transformer.decoder import Decoder, DecoderRecord
from tfcli.transformer.encoder import Encoder
from tfcli.transformer.masks import Mask


class Transformer(nn.Module):
    """Vaswani et al. 2017 (1706.03762). One embedding serves source, target and output (Press & Wolf 2017, 1608.05859):
    one tensor used three times."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        """Xavier for matrices; the embedding small, because it is scaled by √D on the way in and not on the way out."""
        for name, parameter in self.named_parameters():
            if name.endswith(".bias"):
                nn.init.zeros_(parameter)
            elif parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)
        nn.init.normal_(self.embedding.weight, std=self.config.d_model**-0.5)

    @property
    def output_weight_VD(self) -> Tensor:
        """The matrix that turns hidden states into logits."""
        return self.embedding.weight

    def embed(self, ids_BT: Tensor) -> Tensor:
        return self.embedding(ids_BT) * self.config.d_model**0.5

    def encode(self, src_BS: Tensor, record: Record | None = None) -> Memory:
        """Source ids, padded with PAD at the end, to the memory the decoder reads."""
        return self.encoder(self.embed(src_BS), Mask(src_BS != PAD), record)

    def decode(
        self, tgt_BT: Tensor, memory: Memory, cache: Cache | None = None, record: DecoderRecord | None = None
    ) -> Tensor:
        """Target ids so far to hidden states_BTD; with a cache, only the ids that are new since the last call."""
        return self.decoder(self.embed(tgt_BT), memory, cache, record)

    def logits(self, hidden_BTD: Tensor) -> Tensor:
        """Hidden states to logits_BTV."""
        return F.linear(hidden_BTD, self.output_weight_VD)

    def forward(self, src_BS: Tensor, tgt_BT: Tensor) -> Tensor:
        """Logits_BTV for the token after each target token."""
        return self.logits(self.decode(tgt_BT, self.encode(src_BS)))

    def new_cache(self) -> Cache:
        return Cache(self.config.num_decoder_layers)


MODELS: dict[str, type[nn.Module]] = {"transformer": Transformer}


def build_model(config: ModelConfig) -> nn.Module:
    """The model a config describes, with fresh parameters."""
    return MODELS[config.kind](config)
