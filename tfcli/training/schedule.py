"""What changes during a run, as functions of the step and of how much of the run is done."""

import math
from collections.abc import Callable

from tfcli.config import TrainingConfig


def _decay_position(config: TrainingConfig, progress: float) -> float:
    """0 until the decay begins, 1 at the end of the run."""
    if config.decay_fraction == 0:
        return 0.0
    return min(max((progress - (1 - config.decay_fraction)) / config.decay_fraction, 0.0), 1.0)


def _steps_left(step: int, progress: float) -> float:
    """Until the end of the stage, however that is given."""
    return step / progress - step if progress else math.inf


SCHEDULES: dict[str, Callable[[TrainingConfig, int, float], float]] = {
    "constant": lambda config, step, progress: 1.0,
    "linear": lambda config, step, progress: 1 - _decay_position(config, progress),
    "cosine": lambda config, step, progress: (1 + math.cos(math.pi * _decay_position(config, progress))) / 2,
    "warmup_stable_decay": lambda config, step, progress: min(_steps_left(step, progress) / config.decay_steps, 1.0),
    "inverse_sqrt": lambda config, step, progress: math.sqrt(
        max(config.warmup_steps, 1) / max(step, config.warmup_steps, 1)
    ),
}
"""Factors after the warm-up. inverse_sqrt: Vaswani et al. 2017 (1706.03762), section 5.3; linear and cosine stay at the
peak first and come down over the last decay_fraction of the stage (Hägele et al. 2024, 2405.18392);
warmup_stable_decay (Hu et al. 2024, 2404.06395) over the last decay_steps, so that a stage whose length is raised
before then goes on as if it had been as long from the start."""


def learning_rate(config: TrainingConfig, step: int, progress: float) -> float:
    """step: updates made before this one. progress: share of the stage that is done, 0 to 1."""
    warmup = min((step + 1) / max(config.warmup_steps, 1), 1.0)
    return config.learning_rate * warmup * SCHEDULES[config.schedule](config, step, progress)


def ramp(progress: float, start: float, end: float) -> float:
    """0 up to the share `start` of the stage, 1 from `end` on, linear between them."""
    if progress >= end:
        return 1.0
    return (progress - start) / (end - start) if progress > start else 0.0
