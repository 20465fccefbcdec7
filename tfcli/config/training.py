"""How a model is trained."""

from dataclasses import dataclass, field
from typing import Any, Literal

from tfcli.config.bounds import MANY, bounded, check_bounds
from tfcli.errors import ModelError

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
Schedule = Literal["linear", "cosine", "inverse_sqrt", "constant", "warmup_stable_decay"]
Precision = Literal["auto", "float32", "bfloat16"]
Metric = Literal["chrf", "bleu", "loss"]
LIMITS = ("steps", "tokens", "epochs", "max_time", "patience")
"""Settings that end a stage, whichever is reached first."""


@dataclass(frozen=True)
class SamplingConfig:
    """scheduled_sampling and parallel_scheduled_sampling: how much of what the decoder reads is its own."""

    probability: float = bounded(0.5, 0, 1)  # of a token to be the model's own, once it has grown to that
    start: float = bounded(0.0, 0, 1)  # it grows between these two shares of the stage
    end: float = bounded(0.5, 0, 1)
    temperature: float = bounded(0.0, 0, 10)  # 0: the most probable token; 1: drawn from the model's distribution
    passes: int = bounded(4, 1, 1024)  # parallel_scheduled_sampling: passes before the one that is learned from

    def __post_init__(self):
        check_bounds("training.sampling", self)
        _check_order("training.sampling", self)


@dataclass(frozen=True)
class RewardConfig:
    """sequence_reward and minimum_risk: what is learned from whole translations; before `start`, teacher forcing is."""

    metric: RewardMetric = "chrf"  # of one sentence
    start: float = bounded(0.8, 0, 1)  # share of the stage that is done when rewards begin to count
    end: float = bounded(1.0, 0, 1)  # sequence_reward: from this share on, whole sentences are the model's own
    candidates: int = bounded(8, 1, 1024)  # minimum_risk: translations drawn for each sentence
    sharpness: float = bounded(0.005, 1e-6, 1)  # minimum_risk: the exponent α of the probabilities

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
    """How a stage is trained. It ends at the first limit it comes to: steps, tokens, epochs, max_time or patience. With
    none of them the size of the corpora decides; see training/length.py. Batch tokens count padding, on the longer
    side, over all processes."""

    objective: Objective = "teacher_forcing"
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    reward: RewardConfig = field(default_factory=RewardConfig)
    label_smoothing: float = bounded(0.1, 0, 1)
    optimizer: Optimizer = "adamw"
    learning_rate: float = bounded(1e-3, 0, 100)
    weight_decay: float = bounded(0.01, 0, 100)
    clip_norm: float = bounded(1.0, 1e-9, MANY)
    schedule: Schedule = "linear"
    warmup_steps: int = bounded(400, 0, MANY)
    decay_fraction: float = bounded(0.4, 0, 1)  # "linear" and "cosine" come down over this last part of the stage
    decay_steps: int = bounded(1000, 1, MANY)  # "warmup_stable_decay" over so many last steps, however long the stage
    steps: int | None = bounded(None, 1, MANY)  # optimizer updates
    tokens: int | None = bounded(None, 1, MANY * 1000)  # target tokens, padding not counted
    epochs: float | None = bounded(None, 1e-6, MANY)
    max_time: float | None = bounded(None, 0.001, MANY)  # seconds of training, over all resumes
    patience: int = bounded(0, 0, MANY)  # validations in a row without a better score; 0: no limit
    batch_tokens: int = bounded(8192, 1, MANY)
    grad_accum: int = bounded(1, 1, MANY)
    ema_decay: float = bounded(0.999, 0, 1)  # 0: no moving average
    average: int = bounded(0, 0, MANY)  # the final model is the mean of so many last checkpoints; 0: the best one
    precision: Precision = "auto"
    compile: bool = False  # by torch.compile: pays on a GPU, in long runs
    seed: int = bounded(1, 0, 2**63 - 1)
    valid_every: int | None = bounded(None, 1, MANY)  # steps; None: 500, or whole epochs of a small corpus
    save_every: int = bounded(500, 1, MANY)  # steps
    save_minutes: float = bounded(5.0, 0.01, MANY)  # and after so many minutes, for slow machines
    keep: int = bounded(2, 1, MANY)
    metric: Metric = "chrf"  # which validation score decides what "best" is

    def __post_init__(self):
        check_bounds("training", self)
        if self.average > self.keep:
            raise ModelError(
                f"training.average = {self.average} checkpoints, but only training.keep = {self.keep} are kept",
                f"use   --set training.keep={self.average}",
            )


def limits(config: TrainingConfig) -> dict[str, Any]:
    """The limits of a stage, by name."""
    return {name: getattr(config, name) for name in LIMITS}
