"""What changes while a model is trained, and how it is put away and taken out again."""

from typing import Any

import torch
from torch import Tensor

from tfcli.config import StageConfig
from tfcli.training.averaging import MovingAverage, State
from tfcli.training.checkpoint import TrainState
from tfcli.training.distributed import World
from tfcli.training.identity import Identity
from tfcli.training.objectives.objective import Objective
from tfcli.training.optimizers import build_optimizers, load_optimizer_tensors, optimizer_tensors

_FACTS = ("start", "tokens", "epoch", "position", "seconds", "best", "stale", "skipped")


class Learner:
    """Model, optimizers, moving average and counters of one stage.

    start: updates of the run before this stage. step: updates of the stage. tokens: target tokens they were made from.
    epoch, position: the next micro-batch. seconds: trained in the stage, over all resumes. best, best_weights: scores
    of the best validation, and what was validated. stale: validations since then. skipped: steps without an update.
    """

    def __init__(self, objective: Objective, stage: StageConfig, start: int, world: World):
        self.objective, self.model, self.stage, self.world = objective, objective.model, stage, world
        self.optimizers = build_optimizers(self.model, stage.training)
        self.average = MovingAverage(self.model, stage.training.ema_decay) if stage.training.ema_decay else None
        self.start = start
        self.step = self.tokens = self.epoch = self.position = self.stale = self.skipped = 0
        self.seconds = 0.0
        self.best: dict[str, float] | None = None
        self.best_weights: State = {}

    def state(self, identity: Identity) -> TrainState:
        """Everything the next step depends on. Every process must ask: the random states of all are gathered."""
        random = {str(rank): state for rank, state in enumerate(self.world.gather(self._random_state()))}
        tensors = {"model": self.weights(), "optimizer": optimizer_tensors(self.optimizers), "random": random}
        if self.average:
            tensors["ema"] = self.average.shadow
        if self.best_weights:
            tensors["best"] = self.best_weights
        facts: dict[str, Any] = {name: getattr(self, name) for name in _FACTS}
        facts |= {"stage": self.stage.name, **identity.facts()}
        return TrainState(self.start + self.step, tensors, facts)

    def load_state(self, state: TrainState) -> bool:
        """Goes on from a state of a learner made with the same config. Returns whether what follows is what would have
        followed: not where the number of processes, or the kind of device, is another one."""
        self.put_weights(state.tensors["model"])
        if self.average:
            for name, tensor in self.average.shadow.items():
                tensor.copy_(state.tensors["ema"][name])
        self.best_weights = state.tensors.get("best", {})
        load_optimizer_tensors(self.optimizers, state.tensors["optimizer"])
        for name in _FACTS:
            setattr(self, name, state.facts.get(name, getattr(self, name)))
        self.step = state.step - self.start
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


def left_weights(state: TrainState, kind: str) -> State:
    """What a stage left: its last weights, its best ones or its moving average; kind as in a share of a recipe."""
    group = {"last": "model", "best": "best", "ema": "ema", "": "ema" if "ema" in state.tensors else "model"}[kind]
    return state.tensors.get(group) or state.tensors["model"]
