"""What changes while a model is trained, and how it is put away and taken out again."""

from typing import Any

import torch
from torch import Tensor

from tfcli.config import TrainingConfig
from tfcli.training.averaging import MovingAverage, State
from tfcli.training.checkpoint import TrainState
from tfcli.training.distributed import World
from tfcli.training.identity import Identity
from tfcli.training.objectives.objective import Objective
from tfcli.training.optimizers import build_optimizers, load_optimizer_tensors, optimizer_tensors

_FACTS = ("epoch", "position", "seconds", "best", "stale", "skipped")


class Learner:
    """Model, optimizers, moving average and counters of one run.

    step: updates made. epoch, position: the next micro-batch. seconds: trained so far, over all resumes.
    best: scores of the best validation. stale: validations since then. skipped: steps without an update. identity: of
    the run.
    """

    def __init__(self, objective: Objective, config: TrainingConfig, world: World, identity: Identity):
        self.objective, self.model, self.world, self.identity = objective, objective.model, world, identity
        self.optimizers = build_optimizers(self.model, config)
        self.average = MovingAverage(self.model, config.ema_decay) if config.ema_decay else None
        self.step = self.epoch = self.position = self.stale = self.skipped = 0
        self.seconds = 0.0
        self.best: dict[str, float] | None = None

    def state(self) -> TrainState:
        """Everything the next step depends on. Every process must ask: the random states of all are gathered."""
        random = {str(rank): state for rank, state in enumerate(self.world.gather(self._random_state()))}
        tensors = {"model": self.weights(), "optimizer": optimizer_tensors(self.optimizers), "random": random}
        if self.average:
            tensors["ema"] = self.average.shadow
        facts: dict[str, Any] = {name: getattr(self, name) for name in _FACTS}
        return TrainState(self.step, tensors, facts | self.identity.facts())

    def load_state(self, state: TrainState) -> bool:
        """Goes on from a state of a learner made with the same config. Returns whether what follows is what would have
        followed: not where the number of processes, or the kind of device, is another one."""
        self.put_weights(state.tensors["model"])
        if self.average:
            for name, tensor in self.average.shadow.items():
                tensor.copy_(state.tensors["ema"][name])
        load_optimizer_tensors(self.optimizers, state.tensors["optimizer"])
        self.step = state.step
        for name in _FACTS:
            setattr(self, name, state.facts.get(name, getattr(self, name)))
        states = state.tensors["random"]
        same = len(states) == self.world.size and states["0"].shape == self._random_state().shape
        if same:
            self._set_random_state(states[str(self.world.rank)])
        return same

    def weights(self) -> State:
        """The parameters, and what a module saves beside them, such as statistics; themselves, not copies."""
        return self.model.state_dict()

    @torch.no_grad()
    def put_weights(self, weights: State) -> None:
        for name, tensor in self.weights().items():
            tensor.copy_(weights[name])

    def _random_state(self) -> Tensor:
        if self.world.device.type == "cuda":
            return torch.cuda.get_rng_state(self.world.device).to(self.world.device)
        return torch.get_rng_state()

    def _set_random_state(self, state: Tensor) -> None:
        if self.world.device.type == "cuda":
            torch.cuda.set_rng_state(state.cpu(), self.world.device)
        else:
            torch.set_rng_state(state.cpu())
