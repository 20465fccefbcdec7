"""Means of models: over the run as it goes (EMA), or over a few of its checkpoints."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from safetensors.torch import load
from torch import Tensor, nn

from tfcli.training.checkpoint import read_verified

State = dict[str, Tensor]


class MovingAverage:
    """shadow = d * shadow + (1 - d) * weights after every step (Polyak & Juditsky 1992), with d growing to `decay` from
    below so that the first steps are soon forgotten."""

    def __init__(self, model: nn.Module, decay: float):
        self.decay = decay
        self.shadow: State = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """step: updates made so far."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(self.shadow.values()), list(model.state_dict().values()), 1 - decay)


def weighted_mean(states: Iterable[tuple[State, float]]) -> State:
    """The sum of models of one shape, each times its weight, one after another in memory; computed in float64."""
    total: State = {}
    for state, weight in states:
        for name, tensor in state.items():
            total[name] = total.get(name, 0) + tensor.double() * weight
    return {name: tensor.float() for name, tensor in total.items()}


def average_checkpoints(paths: Sequence[Path]) -> State:
    """The mean of the weights of several checkpoints of one run (Vaswani et al. 2017, section 6.1)."""
    return weighted_mean((load(read_verified(path)["model.safetensors"]), 1 / len(paths)) for path in paths)
