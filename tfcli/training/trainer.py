"""The loop.

    while not finished:
        for each micro-batch of the step: loss / tokens of the step -> backward
        fetch the next step's batches, beside which a GPU computes
        clip -> learning rate -> optimizers -> moving average
        now and then: log, validate (and keep the best), save

Everything a step depends on is in the Learner, so a resumed run goes on as if it had never stopped.
"""

import dataclasses
import math
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch
from torch import Tensor, nn

from tfcli.config import TrainingConfig
from tfcli.errors import DivergedError
from tfcli.hardware import peak_memory, return_freed_memory
from tfcli.training.checkpoint import save_state
from tfcli.training.earlier import forget
from tfcli.training.failures import explain_failure
from tfcli.training.identity import Identity
from tfcli.training.learner import Learner
from tfcli.training.length import Done
from tfcli.training.loader import BatchLoader, Step
from tfcli.training.optimizers import set_learning_rate
from tfcli.training.progress import Reporter
from tfcli.training.schedule import learning_rate
from tfcli.training.stopping import StopSignal
from tfcli.training.validation import Validation, goodness

LOG_EVERY = 50
MAX_BAD_STEPS = 3
MAX_BAD_SHARE = 0.01
"""So many steps without finite gradients are passed over, in a row; and of all steps this share, if that is more."""
_SPIKE = 0.5
"""A loss per token that is so much above the usual one is told."""
_LOWER_RATE = "go on from the last checkpoint with a lower   --set training.learning_rate=..."


class Trainer:
    """Trains a Learner's model in place, until its stage is done.

    config: of the stage, with its length settled. publish: called with the scores of every best validation so far,
    while the model holds those weights. milestones: steps whose checkpoints are kept. later: the stages that follow,
    for the time that is left. goes_on: from weights that are worth a score. ended: the stage is done. stopped: the
    number of the signal that stopped the run, whichever process got it, or 0.
    """

    def __init__(
        self,
        learner: Learner,
        loader: BatchLoader,
        validation: Validation,
        config: TrainingConfig,
        identity: Identity,
        precision: torch.dtype,
        checkpoints: Path,
        reporter: Reporter,
        publish: Callable[[dict[str, float]], None],
        milestones: Collection[int] = (),
        later: Sequence[TrainingConfig] = (),
        goes_on: bool = False,
    ):
        self.learner, self.world = learner, learner.world
        self.loader, self.validation, self.config, self.identity = loader, validation, config, identity
        self.precision, self.checkpoints = precision, checkpoints
        self.reporter, self.publish, self.milestones, self.later = reporter, publish, milestones, later
        self.goes_on = goes_on
        self.bad_steps = 0
        self.stopped = 0
        self.ended = False
        self._next: Step | None = None
        self._usual_loss: float | None = None
        self._saved = learner.seconds

    def run(self, stop: StopSignal) -> None:
        """Trains until the config or `stop` says so; validates, unless stopped, and saves at the end."""
        config, learner = self.config, self.learner
        wrapped = self.world.wrap(learner.objective)
        if config.compile:
            wrapped = torch.compile(wrapped)
        learner.objective.train()
        if self.goes_on and not learner.step:
            self.validate()
        nll = tokens = 0.0
        logged, started = time.monotonic(), time.monotonic() - learner.seconds
        while not self._finished(stop, time.monotonic() - started):
            try:
                step = self._next or self.loader.fetch(learner.epoch, learner.position)
                learner.epoch, learner.position = step.epoch, step.position
                nll += self.update(wrapped, step)
            except (RuntimeError, MemoryError) as error:
                raise explain_failure(error, learner.start + learner.step + 1, config, self.world) from error
            tokens += step.labels
            learner.tokens += step.labels
            if learner.step % LOG_EVERY == 0:
                self._log(self.world.sum(float(nll))[0] / tokens, tokens, time.monotonic() - logged)
                nll = tokens = self.loader.seconds = 0.0
                logged = time.monotonic()
            if learner.step % config.valid_every == 0:
                self.validate()
            if learner.step % config.save_every == 0 or learner.seconds - self._saved >= config.save_minutes * 60:
                self._save()
        if self.ended and learner.step % config.valid_every:
            self.validate()
        self._save()

    def update(self, wrapped: nn.Module, step: Step) -> Tensor:
        """One optimizer update over all micro-batches; the negative log-likelihood of this process' share."""
        nll = self._differentiate(wrapped, step)
        more = step.position < self.loader.micro_batches
        self._next = self.loader.fetch(step.epoch, step.position) if more else None  # while a GPU still computes
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
        self.reporter.say(f"step {self.learner.start + step:,}: the gradient is {norm.item()}, no update")
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

    def done(self) -> Done:
        """What the stage has come to."""
        learner = self.learner
        epochs = learner.epoch + learner.position / self.loader.micro_batches
        return Done(learner.step, learner.tokens, epochs, learner.seconds)

    def progress(self) -> float:
        """The share of the stage that is done."""
        return self.done().share(self.config)

    def _finished(self, stop: StopSignal, seconds: float) -> bool:
        """The same answer on all processes, which meet here once a step, whichever of them a signal has reached."""
        out_of_patience = 0 < self.config.patience <= self.learner.stale
        self.learner.seconds, number, tired = self.world.max(seconds, float(stop.number), float(out_of_patience))
        self.stopped, self.ended = int(number), self.progress() >= 1 or bool(tired)
        return self.ended or bool(self.stopped)

    def _log(self, loss: float, tokens: float, took: float) -> None:
        progress, step = self.progress(), self.learner.start + self.learner.step
        stage_left, left = self.done().seconds_left(self.config, self.later)
        if self._usual_loss is not None and loss > self._usual_loss + _SPIKE:
            rise = f"from {self._usual_loss:.2f} to {loss:.2f}"
            self.reporter.say(f"step {step:,}: the loss has risen {rise}")
        self._usual_loss = loss
        self.reporter.step(
            progress,
            step=step,
            epoch=self.learner.epoch,
            loss=loss,
            perplexity=math.exp(min(loss, 50.0)),
            learning_rate=learning_rate(self.config, self.learner.step, progress),
            tokens_per_second=tokens / took,
            memory_mib=round(peak_memory(self.world.device)),
            fetching=self.loader.seconds / took,
            skipped=self.learner.skipped,
            seconds=self.learner.seconds,
            stage_seconds_left=stage_left,
            seconds_left=left,
        )

    def _save(self) -> None:
        """A checkpoint; every process takes part, the main one writes. All pause anyway, so each tidies up."""
        if not all(tensor.isfinite().all() for tensor in self.learner.weights().values()):
            raise DivergedError(f"the weights are not finite at step {self.learner.step:,}: not saved", _LOWER_RATE)
        self._saved = self.learner.seconds
        self.identity = dataclasses.replace(self.identity, texts=self.loader.epochs.fingerprint)
        state = self.learner.state(self.identity)
        if self.world.is_main:
            save_state(self.checkpoints, state, self.config.keep, self.milestones)
            forget(self.checkpoints.parent)
        return_freed_memory()
        self.world.wait()

    def validate(self) -> None:
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
        learner, metric = self.learner, self.config.metric
        scores, translations = self.validation.run(learner.objective, self.world.device)
        better = learner.best is None or goodness(scores, metric) > goodness(learner.best, metric)
        learner.stale = 0 if better else learner.stale + 1
        samples = self.validation.samples(translations)
        self.reporter.validation(learner.start + learner.step, scores, samples, better)
        if better:
            learner.best = scores
            learner.best_weights = {name: tensor.detach().clone() for name, tensor in learner.weights().items()}
            self.publish(scores)
