"""config.json of a Marian model: what is read of it, and what must be so for it to be understood."""

import dataclasses
from dataclasses import dataclass
from typing import Literal

from tfcli.config import ModelConfig
from tfcli.config.schema import build
from tfcli.errors import ModelError

_ACTIVATIONS = {"swish": "silu", "silu": "silu", "relu": "relu", "gelu": "gelu"}


@dataclass(frozen=True)
class MarianConfig:
    """What a Marian model is, under the names of its files. A choice of one: the others are not understood."""

    model_type: Literal["marian"]
    vocab_size: int
    d_model: int
    encoder_layers: int
    decoder_layers: int
    encoder_attention_heads: int
    decoder_attention_heads: int
    encoder_ffn_dim: int
    decoder_ffn_dim: int
    max_position_embeddings: int
    activation_function: Literal["swish", "silu", "relu", "gelu"]
    pad_token_id: int
    eos_token_id: int
    decoder_start_token_id: int
    scale_embedding: Literal[True]
    source_lang: str
    target_lang: str
    share_encoder_decoder_embeddings: Literal[True] = True
    tie_word_embeddings: Literal[True] = True

    def __post_init__(self):
        for name in ("attention_heads", "ffn_dim"):
            encoder, decoder = getattr(self, f"encoder_{name}"), getattr(self, f"decoder_{name}")
            if encoder != decoder:
                raise ModelError(f"encoder_{name} is {encoder} and decoder_{name} is {decoder}; they must be the same")

    def model(self, vocab_size: int) -> ModelConfig:
        """The same model in tfcli, with so many entries in its vocabulary."""
        return ModelConfig(
            vocab_size=vocab_size,
            d_model=self.d_model,
            d_ff=self.encoder_ffn_dim,
            num_heads=self.encoder_attention_heads,
            num_encoder_layers=self.encoder_layers,
            num_decoder_layers=self.decoder_layers,
            activation=_ACTIVATIONS[self.activation_function],
            residual="post",
            output_bias=True,
            max_length=self.max_position_embeddings,
        )


def read_config(*files: object) -> MarianConfig:
    """From the contents of config.json and of files that may say what it does not; the first one that says it counts.
    Raises ModelError for what is missing, wrong or not understood."""
    values: dict[str, object] = {}
    known = {field.name for field in dataclasses.fields(MarianConfig)}
    for file in files:
        if not isinstance(file, dict):
            raise ModelError("a config must be a table of settings")
        values = {name: value for name, value in file.items() if name in known and value is not None} | values
    return build(MarianConfig, values)
