"""What a stage reads, step by step: a function of seed, epoch and position, so that nothing of it must be saved."""

import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tfcli.config import TrainingConfig
from tfcli.data.batch import Batch, count_labels, make_batch
from tfcli.data.bucketing import plan_epoch
from tfcli.data.encoded import EncodedPairs
from tfcli.training.distributed import World


class Epochs(Protocol):
    """Where pairs come from: data/mixture.py. fingerprint: of the texts of the last epoch."""

    fingerprint: str

    def epoch(self, number: int) -> EncodedPairs:
        """The pairs of an epoch, counted from 0."""


@dataclass(frozen=True)
class Repeated:
    """The same pairs in every epoch."""

    pairs: EncodedPairs
    fingerprint: str = ""

    def epoch(self, number: int) -> EncodedPairs:
        return self.pairs


@dataclass(frozen=True)
class Step:
    """The micro-batches of one step, this process' rows of them, and their target tokens over all processes. epoch,
    position: where the step after it begins."""

    batches: list[Batch]
    labels: int
    epoch: int
    position: int


class BatchLoader:
    """Steps of this process. seconds: spent on making them."""

    def __init__(self, epochs: Epochs, config: TrainingConfig, world: World):
        self.epochs, self.config, self.world = epochs, config, world
        self.seconds = 0.0
        self._epoch = -1
        self._pairs: EncodedPairs | None = None
        self._plan: list[np.ndarray] = []

    def begin(self, epoch: int) -> EncodedPairs:
        """The pairs of an epoch, encoded now unless it is the one at hand."""
        if self._epoch != epoch:
            self._pairs, self._plan = None, []  # never two epochs in memory
            self._pairs = self.epochs.epoch(epoch)
            lengths = self._pairs.src.lengths, self._pairs.tgt.lengths
            self._plan, self._epoch = plan_epoch(*lengths, self.config.batch_tokens, self.config.seed, epoch), epoch
        return self._pairs

    @property
    def steps(self) -> int:
        """Updates in the epoch at hand."""
        return -(-len(self._plan) // self.config.grad_accum)

    @property
    def micro_batches(self) -> int:
        """Micro-batches in the epoch at hand."""
        return len(self._plan)

    def fetch(self, epoch: int, position: int) -> Step:
        """The step that begins there; it never spans two epochs."""
        started = time.monotonic()
        self.begin(epoch)
        if position >= len(self._plan):
            epoch, position = epoch + 1, 0
            self.begin(epoch)
        rows = self._plan[position : position + self.config.grad_accum]
        world = self.world
        batches = [make_batch(self._pairs, some, world.rank, world.size).to(world.device) for some in rows]
        labels = sum(count_labels(self._pairs, some) for some in rows)
        self.seconds += time.monotonic() - started
        return Step(batches, labels, epoch, position + len(rows))
