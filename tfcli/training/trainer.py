"""The loop.

    while not finished:
        for each micro-batch of the step: loss / tokens of the step -> backward
        clip -> learning rate -> optimizers -> moving average
        now and then: log, validate (and keep the best), save

Everything a step depends on is in TrainState, so a resumed run goes on as if it had never stopped.
"""

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tfcli.config import TrainingConfig
from tfcli.data.batch import count_labels, make_batch
from tfcli.data.bucketing import plan_epoch
from tfcli.data.encoded import EncodedPairs
from tfcli.errors import DivergedError
from tfcli.training.averaging import MovingAverage, State
from tfcli.training.checkpoint import TrainState, save_state
from tfcli.training.distributed import World
from tfcli.training.objectives.objective import Objective
from tfcli.training.optimizers import build_optimizers, load_optimizer_tensors, optimizer_tensors, set_learning_rate
from tfcli.training.progress import Reporter
from tfcli.training.schedule import learning_rate
from tfcli.training.stopping import StopSignal
from tfcli.training.validation import Validation

LOG_EVERY = 50
MAX_BAD_STEPS = 3
"""So many steps in a row without finite gradients end the run."""


@dataclass(frozen=True)
class Corpora:
    """The training pairs of a run: all corpora end to end, with the size and the weight of each."""

    pairs: EncodedPairs
    sizes: list[int]
    weights: list[float]

    def plan(self, batch_tokens: int, seed: int, epoch: int) -> list[np.ndarray]:
        lengths = self.pairs.src.lengths, self.pairs.tgt.lengths
        return plan_epoch(*lengths, self.sizes, self.weights, batch_tokens, seed, epoch)


class Trainer:
    """Trains the model of `objective` in place. on_best is called with the weights of every best validation so far."""

    def __init__(
        self,
        objective: Objective,
        corpora: Corpora,
        validation: Validation,
        config: TrainingConfig,
        world: World,
        precision: torch.dtype,
        checkpoints: Path,
        reporter: Reporter,
        on_best: Callable[[State, dict[str, float]], None],
    ):
        self.objective, self.model = objective, objective.model
        self.corpora, self.validation, self.config = corpora, validation, config
        self.world, self.precision = world, precision
        self.checkpoints, self.reporter, self.on_best = checkpoints, reporter, on_best
        self.optimizers = build_optimizers(self.model, config)
        self.average = MovingAverage(self.model, config.ema_decay) if config.ema_decay else None
        self.step = self.epoch = self.position = self.bad_steps = self.stale = 0
        self.seconds = 0.0
        self.best: dict[str, float] | None = None
        self.plan = corpora.plan(config.batch_tokens, config.seed, 0)

    # State ------------------------------------------------------------------------------------------------------

    def state(self) -> TrainState:
        """Everything the next step depends on, the random states of all processes included."""
        random = {str(rank): state for rank, state in enumerate(self.world.gather(self._random_state()))}
        tensors = {
            "model": dict(self.model.named_parameters()),
            "optimizer": optimizer_tensors(self.optimizers),
            "random": random,
        }
        if self.average:
            tensors["ema"] = self.average.shadow
        names = ("epoch", "position", "seconds", "best", "stale")
        return TrainState(self.step, tensors, {name: getattr(self, name) for name in names})

    def load_state(self, state: TrainState) -> None:
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(state.tensors["model"][name])
            if self.average:
                for name, tensor in self.average.shadow.items():
                    tensor.copy_(state.tensors["ema"][name])
        load_optimizer_tensors(self.optimizers, state.tensors["optimizer"])
        self.step = state.step
        for name in ("epoch", "position", "seconds", "best", "stale"):
            setattr(self, name, state.facts[name])
        self.plan = self.corpora.plan(self.config.batch_tokens, self.config.seed, self.epoch)
        self._set_random_state(state.tensors["random"][str(self.world.rank)])

    def _random_state(self) -> Tensor:
        if self.world.device.type == "cuda":
            return torch.cuda.get_rng_state(self.world.device).to(self.world.device)
        return torch.get_rng_state()

    def _set_random_state(self, state: Tensor) -> None:
        if self.world.device.type == "cuda":
            torch.cuda.set_rng_state(state.cpu(), self.world.device)
        else:
            torch.set_rng_state(state)

    def save(self) -> None:
        """A checkpoint; every process takes part, the main one writes."""
        state = self.state()
        if self.world.is_main:
            save_state(self.checkpoints, state, self.config.keep)
        self.world.wait()

    # The loop ---------------------------------------------------------------------------------------------------

    def run(self, stop: StopSignal) -> None:
        """Trains until the config or `stop` says so; saves at the end."""
        config = self.config
        wrapped = self.world.wrap(self.objective)
        self.objective.train()
        loss_sum = label_sum = 0.0
        logged, started = time.monotonic(), time.monotonic() - self.seconds
        while not self._finished(stop):
            batches = self._next_batches()
            labels = sum(count_labels(self.corpora.pairs, rows) for rows in batches)
            loss_sum += self._update(wrapped, batches, labels)
            label_sum += labels
            self.seconds = self.world.max(time.monotonic() - started)[0]
            if self.step % LOG_EVERY == 0:
                (total,) = self.world.sum(loss_sum)
                self._log(total / label_sum, label_sum / (time.monotonic() - logged))
                loss_sum = label_sum = 0.0
                logged = time.monotonic()
            if self.step % config.valid_every == 0:
                self.validate()
            if self.step % config.save_every == 0:
                self.save()
        if self.step % config.valid_every:
            self.validate()
        self.save()

    def _update(self, wrapped: torch.nn.Module, batches: list[np.ndarray], labels: int) -> float:
        """One optimizer update over all micro-batches; the negative log-likelihood of this process' share."""
        nll = 0.0
        for i, rows in enumerate(batches):
            batch = make_batch(self.corpora.pairs, rows, self.world.rank, self.world.size).to(self.world.device)
            last = i == len(batches) - 1
            synced = nullcontext() if last or self.world.size == 1 else wrapped.no_sync()
            with synced:
                with self._autocast():
                    loss, batch_nll = wrapped(batch)
                # Wrapped gradients are a mean over the processes: undo it, so that they are a sum over all tokens.
                (loss * (self.world.size / labels)).backward()
            nll += batch_nll.item()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        if torch.isfinite(norm):
            set_learning_rate(self.optimizers, learning_rate(self.config, self.step, self.progress()))
            for optimizer in self.optimizers:
                optimizer.step()
            self.bad_steps = 0
        else:
            self._skip(norm)
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        self.step += 1
        if self.average:
            self.average.update(self.model, self.step)
        return nll

    def _skip(self, norm: Tensor) -> None:
        """Gradients are equal on all processes, so all of them come here together."""
        self.bad_steps += 1
        self.reporter.say(f"step {self.step + 1:,}: the gradient is {norm.item()}, no update")
        if self.bad_steps > MAX_BAD_STEPS:
            raise DivergedError(
                f"training diverged: {self.bad_steps} steps in a row without a finite gradient",
                "go on from the last checkpoint with a lower   --set training.learning_rate=...",
            )

    def _next_batches(self) -> list[np.ndarray]:
        """The micro-batches of the next step; a step never spans two epochs."""
        if self.position >= len(self.plan):
            self.epoch += 1
            self.position = 0
            self.plan = self.corpora.plan(self.config.batch_tokens, self.config.seed, self.epoch)
        batches = self.plan[self.position : self.position + self.config.grad_accum]
        self.position += len(batches)
        return batches

    def _autocast(self):
        if self.precision == torch.float32:
            return nullcontext()
        return torch.autocast(self.world.device.type, self.precision)

    def progress(self) -> float:
        """The share of the run that is done, by steps or by time."""
        by_steps = self.step / self.config.steps if self.config.steps else 0.0
        by_time = self.seconds / self.config.max_time if self.config.max_time else 0.0
        return min(max(by_steps, by_time), 1.0)

    def _finished(self, stop: StopSignal) -> bool:
        out_of_patience = 0 < self.config.patience <= self.stale
        stop_asked = self.world.max(float(stop.asked))[0] > 0
        return self.progress() >= 1 or out_of_patience or stop_asked

    def _log(self, loss: float, tokens_per_second: float) -> None:
        progress = self.progress()
        self.reporter.step(
            progress,
            step=self.step,
            epoch=self.epoch,
            loss=loss,
            perplexity=float(np.exp(min(loss, 50.0))),
            learning_rate=learning_rate(self.config, self.step, progress),
            tokens_per_second=tokens_per_second,
            seconds=self.seconds,
            seconds_left=self.seconds * (1 / progress - 1) if progress > 0 else None,
        )

    # Validation -------------------------------------------------------------------------------------------------

    def validate(self) -> None:
        """Scores the moving average if there is one, else the weights themselves; the best so far is handed on."""
        if self.world.is_main:
            current = {name: p.detach().clone() for name, p in self.model.named_parameters()}
            weights = self.average.shadow if self.average else current
            self.put_weights(weights)
            self.score_weights(weights)
            self.put_weights(current)
        (self.stale,) = (int(value) for value in self.world.max(float(self.stale if self.world.is_main else 0)))

    def score_weights(self, weights: State) -> None:
        """Validates the model as it stands, whose weights these are."""
        scores, translations = self.validation.run(self.objective, self.world.device)
        better = self.best is None or self._goodness(scores) > self._goodness(self.best)
        self.stale = 0 if better else self.stale + 1
        pairs = self.validation.pairs
        shown = range(0, len(pairs), max(len(pairs) // 3, 1))[:3]
        samples = [(pairs[i].source, pairs[i].target, translations[i]) for i in shown]
        self.reporter.validation(self.step, scores, samples, better)
        if better:
            self.best = scores
            self.on_best(weights, scores)

    def _goodness(self, scores: dict[str, float]) -> float:
        value = scores[self.config.metric]
        return -value if self.config.metric == "loss" else value

    @torch.no_grad()
    def put_weights(self, weights: State) -> None:
        for name, parameter in self.model.named_parameters():
            parameter.copy_(weights[name])
