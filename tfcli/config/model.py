"""The shape of a model."""

from dataclasses import dataclass
from typing import Any, Literal

from tfcli.config.bounds import bounded, check_bounds
from tfcli.config.combinations import refuse_impossible

ModelKind = Literal[
    "transformer", "parallel", "many_begin", "fertility", "mask_predict", "ctc", "crf", "rnn", "rnn_no_attention", "cnn"
]
Positions = Literal["none", "sinusoidal", "learned", "relative", "relative_scale", "shaw", "rotary", "continuous"]
Norm = Literal["layer", "rms", "power"]
Residual = Literal["pre", "post", "none"]
Kernel = Literal["full", "local", "sparse", "low_rank", "chunked", "lsh", "linear", "performer"]
Cross = Literal["last", "layer_wise", "multi_view"]
Activation = Literal["relu", "gelu", "silu"]
Preset = Literal["tiny", "small", "base"]


@dataclass(frozen=True)
class ModelConfig:
    """The shape of a model. Impossible combinations are refused when the object is made."""

    vocab_size: int = bounded(0, 0, 1_000_000)  # 0: taken from the tokenizer when a recipe is trained
    kind: ModelKind = "transformer"
    d_model: int = bounded(256, 2, 8192)
    d_ff: int = bounded(1024, 1, 65536)
    num_heads: int = bounded(4, 1, 256)
    num_encoder_layers: int = bounded(6, 1, 96)
    num_decoder_layers: int = bounded(2, 1, 96)
    dropout: float = bounded(0.1, 0.0, 0.9)
    activation: Activation = "relu"
    positions: Positions = "sinusoidal"
    norm: Norm = "layer"
    residual: Residual = "pre"
    encoder_attention: Kernel = "full"
    decoder_attention: Kernel = "full"
    cross_attention: Cross = "last"
    output_bias: bool = False  # a number of its own that each token's logit begins with
    max_length: int = bounded(256, 4, 65536)  # tokens of one sequence, control tokens included
    max_distance: int = bounded(32, 1, 4096)  # relative, relative_scale, shaw: the farthest that counts
    window: int = bounded(16, 1, 4096)  # local, sparse: tokens seen on each side
    num_global: int = bounded(1, 0, 256)  # sparse: first tokens that see all and are seen by all
    num_random: int = bounded(2, 0, 64)  # sparse: blocks of `window` tokens drawn for each block
    rank: int = bounded(64, 1, 4096)  # low_rank: keys that are left of a text
    chunk: int = bounded(32, 1, 4096)  # chunked, lsh: tokens of a block
    num_hashes: int = bounded(2, 1, 16)  # lsh: rounds of hashing
    num_features: int = bounded(128, 1, 4096)  # performer: random features of a head

    def __post_init__(self):
        check_bounds("model", self)
        refuse_impossible(self)


PRESETS: dict[str, dict[str, Any]] = {
    "tiny": dict(d_model=128, d_ff=512, num_heads=4, num_encoder_layers=2, num_decoder_layers=2),
    "small": dict(d_model=256, d_ff=1024, num_heads=4, num_encoder_layers=6, num_decoder_layers=2),
    "base": dict(d_model=512, d_ff=2048, num_heads=8, num_encoder_layers=6, num_decoder_layers=6),
}
"""Model shapes by name: about 1, 6 and 44 million parameters beside the embedding."""
