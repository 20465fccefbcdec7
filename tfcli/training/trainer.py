"""The loop.

    while not finished:
        for each micro-batch of the step: loss / tokens of the step -> backward
        fetch the next step's batches, beside which a GPU computes
        clip -> learning rate -> optimizers -> moving average
        now and then: log, validate (and keep the best), save

Everything a step depends on is in the Learner, so a resumed run goes on as if it had never stopped.
"""

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch
from torch import Tensor, nn

from tfcli.config import TrainingConfig
from tfcli.errors import DivergedError
from tfcli.training.averaging import State
from tfcli.training.checkpoint import save_state
from tfcli.training.failures import explain_failure
from tfcli.training.feed import Corpora, Feed, Step
from tfcli.training.hardware import peak_memory, return_freed_memory
from tfcli.training.learner import Learner
from tfcli.training.optimizers import set_learning_rate
from tfcli.training.progress import Reporter
from tfcli.training.schedule import learning_rate
from tfcli.training.stopping import StopSignal
from tfcli.training.validation import Validation

LOG_EVERY = 50
MAX_BAD_STEPS = 3
MAX_BAD_SHARE = 0.01
"""So many steps without finite gradients are passed over, in a row; and of all steps this share, if that is more."""
_SPIKE = 0.5
"""A loss per token that is so much above the usual one is told."""
_LOWER_RATE = "go on from the last checkpoint with a lower   --set training.learning_rate=..."


class Trainer:
    """Trains a Learner's model in place. on_best is called with the weights of every best validation so far.

    stopped: the number of the signal that ended the run, whichever process got it, or 0.
    """

    def __init__(
        self,
        learner: Learner,
        corpora: Corpora,
        validation: Validation,
        config: TrainingConfig,
        precision: torch.dtype,
        checkpoints: Path,
        reporter: Reporter,
        on_best: Callable[[State, dict[str, float]], None],
    ):
        self.learner, self.world = learner, learner.world
        self.feed, self.validation, self.config = Feed(corpora, config, self.world), validation, config
        self.precision, self.checkpoints = precision, checkpoints
        self.reporter, self.on_best = reporter, on_best
        self.bad_steps = 0
        self.stopped = 0
        self._next: Step | None = None
        self._usual_loss: float | None = None

    def run(self, stop: StopSignal) -> None:
        """Trains until the config or `stop` says so; validates, unless stopped, and saves at the end."""
        config, learner = self.config, self.learner
        wrapped = self.world.wrap(learner.objective)
        if config.compile:
            wrapped = torch.compile(wrapped)
        learner.objective.train()
        nll = tokens = 0.0
        logged, started = time.monotonic(), time.monotonic() - learner.seconds
        while not self._finished(stop):
            step = self._next or self.feed.fetch(learner.epoch, learner.position)
            learner.epoch, learner.position = step.epoch, step.position
            try:
                nll += self._update(wrapped, step)
            except (RuntimeError, MemoryError) as error:
                raise explain_failure(error, learner.step + 1, config, self.world) from error
            tokens += step.labels
            learner.seconds = self.world.max(time.monotonic() - started)[0]
            if learner.step % LOG_EVERY == 0:
                self._log(self.world.sum(float(nll))[0] / tokens, tokens, time.monotonic() - logged)
                nll = tokens = self.feed.seconds = 0.0
                logged = time.monotonic()
            if learner.step % config.valid_every == 0:
                self._validate()
            if learner.step % config.save_every == 0:
                self._save()
        if learner.step % config.valid_every and not self.stopped:
            self._validate()
        self._save()

    def _update(self, wrapped: nn.Module, step: Step) -> Tensor:
        """One optimizer update over all micro-batches; the negative log-likelihood of this process' share."""
        nll = self._differentiate(wrapped, step)
        self._next = self.feed.fetch(self.learner.epoch, self.learner.position)  # while a GPU still computes
        self._move()
        return nll

    def _differentiate(self, wrapped: nn.Module, step: Step) -> Tensor:
        nll = torch.zeros((), device=self.world.device)
        self.learner.objective.progress = self.progress()
        for i, batch in enumerate(step.batches):
            alone = self.world.size == 1 or i == len(step.batches) - 1
            with nullcontext() if alone else wrapped.no_sync():
                with self._autocast():
                    loss, batch_nll = wrapped(batch)
                # The wrapper takes the mean over the processes: undone here, so that gradients are a sum over tokens.
                (loss * (self.world.size / step.labels)).backward()
            nll += batch_nll
        return nll

    def _move(self) -> None:
        """Along the gradients, if they are finite."""
        learner = self.learner
        norm = nn.utils.clip_grad_norm_(learner.model.parameters(), self.config.clip_norm)
        if torch.isfinite(norm):
            self.bad_steps = 0
            set_learning_rate(learner.optimizers, learning_rate(self.config, learner.step, self.progress()))
            for optimizer in learner.optimizers:
                optimizer.step()
        else:
            self._pass_over(norm)
        for optimizer in learner.optimizers:
            optimizer.zero_grad()
        learner.step += 1
        if learner.average:
            learner.average.update(learner.model, learner.step)

    def _pass_over(self, norm: Tensor) -> None:
        """Gradients are equal on all processes, so all of them come here together."""
        self.bad_steps += 1
        self.learner.skipped += 1
        step, skipped = self.learner.step + 1, self.learner.skipped
        self.reporter.say(f"step {step:,}: the gradient is {norm.item()}, no update")
        if self.bad_steps > MAX_BAD_STEPS:
            raise DivergedError(
                f"training diverged: {self.bad_steps} steps in a row without a finite gradient", _LOWER_RATE
            )
        if skipped > max(MAX_BAD_STEPS, MAX_BAD_SHARE * step):
            words = f"training diverged: {skipped} of {step:,} steps without a finite gradient"
            raise DivergedError(words, _LOWER_RATE)

    def _autocast(self) -> AbstractContextManager:
        if self.precision == torch.float32:
            return nullcontext()
        return torch.autocast(self.world.device.type, self.precision)

    def progress(self) -> float:
        """The share of the run that is done, by steps or by time."""
        by_steps = self.learner.step / self.config.steps if self.config.steps else 0.0
        by_time = self.learner.seconds / self.config.max_time if self.config.max_time else 0.0
        return min(max(by_steps, by_time), 1.0)

    def _finished(self, stop: StopSignal) -> bool:
        """The same answer on all processes, whichever of them a signal has reached so far."""
        out_of_patience = 0 < self.config.patience <= self.learner.stale
        number, tired = self.world.max(float(stop.number), float(out_of_patience))
        self.stopped = int(number)
        return self.progress() >= 1 or bool(self.stopped) or bool(tired)

    def _log(self, loss: float, tokens: float, took: float) -> None:
        progress, seconds = self.progress(), self.learner.seconds
        if self._usual_loss is not None and loss > self._usual_loss + _SPIKE:
            rise = f"from {self._usual_loss:.2f} to {loss:.2f}"
            self.reporter.say(f"step {self.learner.step:,}: the loss has risen {rise}")
        self._usual_loss = loss
        self.reporter.step(
            progress,
            step=self.learner.step,
            epoch=self.learner.epoch,
            loss=loss,
            perplexity=math.exp(min(loss, 50.0)),
            learning_rate=learning_rate(self.config, self.learner.step, progress),
            tokens_per_second=tokens / took,
            memory_mib=round(peak_memory(self.world.device)),
            fetching=self.feed.seconds / took,
            skipped=self.learner.skipped,
            seconds=seconds,
            seconds_left=seconds * (1 / progress - 1) if progress > 0 else None,
        )

    def _save(self) -> None:
        """A checkpoint; every process takes part, the main one writes. All pause anyway, so each tidies up."""
        if not all(tensor.isfinite().all() for tensor in self.learner.weights().values()):
            raise DivergedError(f"the weights are not finite at step {self.learner.step:,}: not saved", _LOWER_RATE)
        state = self.learner.state()
        if self.world.is_main:
            save_state(self.checkpoints, state, self.config.keep)
        return_freed_memory()
        self.world.wait()

    def _validate(self) -> None:
        """Scores the moving average if there is one, else the weights themselves."""
        if self.world.is_main:
            learner = self.learner
            current = {name: tensor.clone() for name, tensor in learner.weights().items()}
            if learner.average:
                learner.put_weights(learner.average.shadow)
            self.score_weights()
            learner.put_weights(current)
        self.world.wait()

    def score_weights(self) -> None:
        """Validates the model as it stands; the best so far is handed on."""
        learner, pairs = self.learner, self.validation.pairs
        scores, translations = self.validation.run(learner.objective, self.world.device)
        better = learner.best is None or self._goodness(scores) > self._goodness(learner.best)
        learner.stale = 0 if better else learner.stale + 1
        shown = range(0, len(pairs), max(len(pairs) // 3, 1))[:3]
        samples = [(pairs[i].source, pairs[i].target, translations[i]) for i in shown]
        self.reporter.validation(learner.step, scores, samples, better)
        if better:
            learner.best = scores
            self.on_best(learner.weights(), scores)

    def _goodness(self, scores: dict[str, float]) -> float:
        return -scores["loss"] if self.config.metric == "loss" else scores[self.config.metric]
