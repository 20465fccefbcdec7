"""Every setting of a model and of its training, as frozen dataclasses. No torch here: light commands read configs.

Each `Literal` lists the entries of one registry; `tests/test_architecture.py` keeps the two equal.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from tfcli.bounds import check_bounds
from tfcli.combinations import refuse_impossible, refuse_objective
from tfcli.errors import ModelError

ModelKind = Literal[
    "transformer", "parallel", "many_begin", "fertility", "mask_predict", "ctc", "crf", "rnn", "rnn_no_attention", "cnn"
]
Positions = Literal["none", "sinusoidal", "learned", "relative", "relative_scale", "shaw", "rotary", "continuous"]
Norm = Literal["layer", "rms", "power"]
Residual = Literal["pre", "post", "none"]
Kernel = Literal["full", "local", "sparse", "low_rank", "chunked", "lsh", "linear", "performer"]
Cross = Literal["last", "layer_wise", "multi_view"]
Activation = Literal["relu", "gelu", "silu"]
Objective = Literal[
    "teacher_forcing",
    "scheduled_sampling",
    "parallel_scheduled_sampling",
    "sequence_reward",
    "minimum_risk",
    "non_autoregressive",
]
RewardMetric = Literal["chrf", "bleu"]
Optimizer = Literal["adamw", "muon"]
Schedule = Literal["linear", "cosine", "inverse_sqrt", "constant"]
Precision = Literal["auto", "float32", "bfloat16"]
Metric = Literal["chrf", "bleu", "loss"]
TokenizerKind = Literal["unigram", "bpe"]
Engine = Literal["torch"]
Preset = Literal["tiny", "small", "base"]
MapKind = Literal["cross", "encoder", "decoder"]
MapFormat = Literal["table", "heat", "tsv", "long", "json", "npz", "pharaoh", "html", "svg", "png"]
Stage = Literal["weights", "scores"]

PAD, UNK, BOS, EOS = 0, 1, 2, 3
"""Ids of the control tokens, the same in every tokenizer this project trains. Text never produces PAD, BOS or EOS."""

PLACEHOLDERS = "".join(chr(0xE000 + i) for i in range(8))
"""Private-use characters that stand for protected spans; their ids follow EOS. See tokenizer.py and text/protect.py."""


@dataclass(frozen=True)
class ModelConfig:
    """The shape of a model. Impossible combinations are refused when the object is made."""

    vocab_size: int = 0  # 0: taken from the tokenizer when a recipe is trained
    kind: ModelKind = "transformer"
    d_model: int = 256
    d_ff: int = 1024
    num_heads: int = 4
    num_encoder_layers: int = 6
    num_decoder_layers: int = 2
    dropout: float = 0.1
    activation: Activation = "relu"
    positions: Positions = "sinusoidal"
    norm: Norm = "layer"
    residual: Residual = "pre"
    encoder_attention: Kernel = "full"
    decoder_attention: Kernel = "full"
    cross_attention: Cross = "last"
    output_bias: bool = False  # a number of its own that each token's logit begins with
    max_length: int = 256  # tokens of one sequence, control tokens included
    max_distance: int = 32  # relative, relative_scale, shaw: tokens farther away than this count as this far
    window: int = 16  # local, sparse: tokens seen on each side
    num_global: int = 1  # sparse: first tokens that see all and are seen by all
    num_random: int = 2  # sparse: blocks of `window` tokens drawn for each block
    rank: int = 64  # low_rank: keys that are left of a text
    chunk: int = 32  # chunked, lsh: tokens of a block
    num_hashes: int = 2  # lsh: rounds of hashing
    num_features: int = 128  # performer: random features of a head

    def __post_init__(self):
        check_bounds("model", self)
        refuse_impossible(self)


PRESETS: dict[str, dict[str, Any]] = {
    "tiny": dict(d_model=128, d_ff=512, num_heads=4, num_encoder_layers=2, num_decoder_layers=2),
    "small": dict(d_model=256, d_ff=1024, num_heads=4, num_encoder_layers=6, num_decoder_layers=2),
    "base": dict(d_model=512, d_ff=2048, num_heads=8, num_encoder_layers=6, num_decoder_layers=6),
}
"""Model shapes by name: about 1, 6 and 44 million parameters beside the embedding."""


@dataclass(frozen=True)
class TokenizerConfig:
    """How the SentencePiece tokenizer is trained, or where a finished one lies."""

    path: str | None = None  # a finished tokenizer.model; None: train one
    kind: TokenizerKind = "unigram"
    vocab_size: int = 16000
    character_coverage: float = 0.9995
    sample: int = 1_000_000  # at most this many pairs are looked at
    fold_traditional: bool = False  # read traditional Chinese characters as simplified; needs the extra "zh" to train

    def __post_init__(self):
        check_bounds("tokenizer", self)


@dataclass(frozen=True)
class CorpusConfig:
    """One source of sentence pairs: a TSV (source<TAB>target), or two parallel files. Plain, .gz, .xz or .zst."""

    path: str
    target: str | None = None  # the target side, when it is a file of its own
    weight: float = 1.0  # how often each pair is seen in an epoch: 3.0 three times, 0.25 every fourth epoch

    def __post_init__(self):
        check_bounds("data.train", self)


@dataclass(frozen=True)
class NoiseConfig:
    """Shares of the training pairs whose source is written the way people type; see data/noise.py."""

    drop_final_punctuation: float = 0.0
    spaces_for_commas: float = 0.0
    placeholders: float = 0.0  # something both sides share (a number, a name) becomes a placeholder token
    join: float = 0.0  # glued to the next pair of its corpus, so that the model sees more than one sentence

    def __post_init__(self):
        check_bounds("data.noise", self)


@dataclass(frozen=True)
class DataConfig:
    """What is trained on, what is validated on, and which pairs are left out."""

    train: tuple[CorpusConfig, ...] = ()
    valid: str | None = None  # a TSV; None: a part of the training pairs is held out
    valid_pairs: int = 500  # at most so many pairs are translated at a validation
    max_length: int = 128  # tokens of one side; longer pairs are left out
    max_ratio: float = 4.0  # longer side over shorter side, in tokens
    noise: NoiseConfig = field(default_factory=NoiseConfig)

    def __post_init__(self):
        check_bounds("data", self)


@dataclass(frozen=True)
class SamplingConfig:
    """scheduled_sampling and parallel_scheduled_sampling: how much of what the decoder reads is its own."""

    probability: float = 0.5  # of a token to be the model's own, once it has grown to that
    start: float = 0.0  # it grows between these two shares of the run
    end: float = 0.5
    temperature: float = 0.0  # 0: the most probable token; 1: drawn from the model's distribution
    passes: int = 4  # parallel_scheduled_sampling: passes before the one that is learned from

    def __post_init__(self):
        check_bounds("training.sampling", self)
        _check_order("training.sampling", self)


@dataclass(frozen=True)
class RewardConfig:
    """sequence_reward and minimum_risk: what is learned from whole translations; before `start`, teacher forcing is."""

    metric: RewardMetric = "chrf"  # of one sentence
    start: float = 0.8  # share of the run that is done when rewards begin to count
    end: float = 1.0  # sequence_reward: the share from which whole sentences are the model's own, not only their ends
    candidates: int = 8  # minimum_risk: translations drawn for each sentence
    sharpness: float = 0.005  # minimum_risk: the exponent α of the probabilities

    def __post_init__(self):
        check_bounds("training.reward", self)
        _check_order("training.reward", self)


def _check_order(section: str, config: SamplingConfig | RewardConfig) -> None:
    if config.start > config.end:
        raise ModelError(
            f"{section}.start = {config.start} is after {section}.end = {config.end}",
            f"use   --set {section}.end={config.start}",
        )


@dataclass(frozen=True)
class TrainingConfig:
    """How a model is trained. Tokens count padding, on the longer side, over all processes."""

    objective: Objective = "teacher_forcing"
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    reward: RewardConfig = field(default_factory=RewardConfig)
    label_smoothing: float = 0.1
    optimizer: Optimizer = "adamw"
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    schedule: Schedule = "linear"
    warmup_steps: int = 400
    decay_fraction: float = 0.4  # the last part of the run, over which "linear" and "cosine" come down
    steps: int | None = None  # optimizer updates; None: until max_time
    max_time: float | None = None  # seconds of training, over all resumes
    batch_tokens: int = 8192
    grad_accum: int = 1
    ema_decay: float = 0.999  # 0: no moving average
    average: int = 0  # the final model is the mean of so many last checkpoints; 0: the moving average, else the last
    precision: Precision = "auto"
    compile: bool = False  # by torch.compile: pays on a GPU, in long runs
    seed: int = 1
    valid_every: int = 500
    save_every: int = 500
    keep: int = 2
    metric: Metric = "chrf"  # which validation score decides what "best" is
    patience: int = 0  # stop after so many validations without a better score; 0: never

    def __post_init__(self):
        check_bounds("training", self)
        if self.average > self.keep:
            raise ModelError(
                f"training.average = {self.average} checkpoints, but only training.keep = {self.keep} are kept",
                f"use   --set training.keep={self.average}",
            )


@dataclass(frozen=True)
class Recipe:
    """All that one training run depends on: `recipe.toml`, beside every trained model."""

    source: str = "zh"
    target: str = "en"
    license: str = ""  # of the weights, as an SPDX identifier: it goes into the bundle and its card
    init: str | None = None  # a model to go on from: its shape, weights and tokenizer stand in for the recipe's own
    model: ModelConfig = field(default_factory=ModelConfig)
    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    data: DataConfig = field(default_factory=DataConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self):
        refuse_objective(self.model.kind, self.training.objective)
