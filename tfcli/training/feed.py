"""What a run reads, step by step: a function of seed, epoch and position, so that nothing of it must be saved."""

import time
from dataclasses import dataclass

import numpy as np

from tfcli.config import TrainingConfig
from tfcli.data.batch import Batch, count_labels, make_batch
from tfcli.data.bucketing import plan_epoch
from tfcli.data.encoded import EncodedPairs
from tfcli.training.distributed import World


@dataclass(frozen=True)
class Corpora:
    """The training pairs of a run: all corpora end to end, with the size and the weight of each."""

    pairs: EncodedPairs
    sizes: list[int]
    weights: list[float]

    def plan(self, config: TrainingConfig, epoch: int) -> list[np.ndarray]:
        """The micro-batches of an epoch."""
        lengths = self.pairs.src.lengths, self.pairs.tgt.lengths
        return plan_epoch(*lengths, self.sizes, self.weights, config.batch_tokens, config.seed, epoch)


@dataclass(frozen=True)
class Step:
    """The micro-batches of one step, this process' rows of them, and their target tokens over all processes. epoch,
    position: where the step after it begins."""

    batches: list[Batch]
    labels: int
    epoch: int
    position: int


class Feed:
    """Steps of this process. seconds: spent on making them."""

    def __init__(self, corpora: Corpora, config: TrainingConfig, world: World):
        self.corpora, self.config, self.world = corpora, config, world
        self.seconds = 0.0
        self._plan: tuple[int, list[np.ndarray]] = -1, []

    def fetch(self, epoch: int, position: int) -> Step:
        """The step that begins there; it never spans two epochs."""
        started = time.monotonic()
        if position >= len(self._planned(epoch)):
            epoch, position = epoch + 1, 0
        rows = self._planned(epoch)[position : position + self.config.grad_accum]
        pairs, world = self.corpora.pairs, self.world
        batches = [make_batch(pairs, some, world.rank, world.size).to(world.device) for some in rows]
        labels = sum(count_labels(pairs, some) for some in rows)
        self.seconds += time.monotonic() - started
        return Step(batches, labels, epoch, position + len(rows))

    def _planned(self, epoch: int) -> list[np.ndarray]:
        if self._plan[0] != epoch:
            self._plan = epoch, self.corpora.plan(self.config, epoch)
        return self._plan[1]
