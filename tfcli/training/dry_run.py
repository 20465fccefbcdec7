"""What a recipe would train, without training it: a plan, from samples of the corpora and a few measured steps."""

import dataclasses
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np
import torch

from tfcli.build import build_model
from tfcli.config import CorpusConfig, Recipe, StageConfig, TrainingConfig
from tfcli.config.training import limits
from tfcli.data.bucketing import plan_epoch
from tfcli.data.corpus import read_pairs
from tfcli.data.encoded import EncodedPairs, concatenate, encode_pairs
from tfcli.data.generated import generator
from tfcli.hardware import keep_freed_memory, precision_of
from tfcli.tokenizer import Tokenizer
from tfcli.training.distributed import World
from tfcli.training.learner import Learner
from tfcli.training.length import settle
from tfcli.training.loader import BatchLoader, Repeated
from tfcli.training.objectives import OBJECTIVES
from tfcli.training.prepare import prepare_mixture, prepare_tokenizer
from tfcli.training.progress import Reporter
from tfcli.training.run import with_shape
from tfcli.training.trainer import Trainer

_SAMPLE = 2000
"""Pairs of each corpus that are looked at, and pairs a tokenizer is trained on."""
_TOKENIZER_SAMPLE = 100_000
_STEPS = 4
MOST_REPEATS = 8
"""A corpus that is seen more often is learned by heart."""


@dataclass(frozen=True)
class Sampled:
    """A corpus by its sample: how many pairs it has, and the share of them that is kept."""

    corpus: CorpusConfig
    pairs: int
    kept: float
    sample: EncodedPairs


def describe(recipe: Recipe, device: str) -> str:
    """The plan as lines of text: per stage steps, tokens, time and repetition; parameters and memory. device: what
    would be trained on. Numbers are estimates where corpora are large."""
    keep_freed_memory()
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as folder:  # nothing of a run is there: the tokenizer is made for the numbers
        less = min(recipe.tokenizer.sample, _TOKENIZER_SAMPLE)
        quick = dataclasses.replace(recipe, tokenizer=dataclasses.replace(recipe.tokenizer, sample=less))
        tokenizer = prepare_tokenizer(quick, Path(folder), lines.append)
    recipe = with_shape(recipe, tokenizer)
    prepare_mixture(recipe, recipe.stages[0], tokenizer)  # refuses a recipe without corpora
    sampled = [_sample(corpus, recipe, tokenizer) for corpus in recipe.data.train]
    with torch.device("meta"):
        parameters = sum(p.numel() for p in build_model(recipe.model).parameters())
    copies = 5 + (recipe.training.ema_decay > 0)  # weights, gradients, two moments, moving average, the best so far
    lines += [
        f"parameters   {parameters:,}",
        f"memory       {parameters * 4 * copies / 2**20:,.0f} MiB for weights and optimizer, and activations",
        *(f"{s.corpus.path}: {s.pairs:,} pairs{f', {1 - s.kept:.0%} left out' if s.kept < 1 else ''}" for s in sampled),
    ]
    total = 0.0
    for number, stage in enumerate(recipe.stages):
        plan = _Plan(recipe, stage, sampled, _resolve_device(device), goes_on=bool(number or recipe.init))
        lines += ["", *plan.describe()]
        total += plan.seconds
    return "\n".join([*lines, "", f"the run      about {_hours(total)} on this machine, one process"])


def _resolve_device(device: str) -> torch.device:
    return torch.device(device if device != "auto" else "cuda" if torch.cuda.is_available() else "cpu")


def _sample(corpus: CorpusConfig, recipe: Recipe, tokenizer: Tokenizer) -> Sampled:
    """Its first pairs, as ids: a corpus is counted whole."""
    if generate := generator(corpus):
        rng = random.Random(corpus.path)
        pairs, texts = corpus.pairs, [generate(rng) for _ in range(_SAMPLE)]
    else:
        stream = read_pairs(corpus)
        texts = [pair[1:] for pair in islice(stream, _SAMPLE)]
        pairs = len(texts) + sum(1 for _ in stream)
    encoded = encode_pairs(texts, tokenizer.encode_batch, recipe.data)
    return Sampled(corpus, pairs, len(encoded) / max(len(texts), 1), encoded)


class _Plan:
    """What a stage would do. seconds: it would take, at the pace of a few steps; 0 if that cannot be foreseen."""

    def __init__(
        self, recipe: Recipe, stage: StageConfig, sampled: Sequence[Sampled], device: torch.device, goes_on: bool
    ):
        self.stage = stage
        self.drawn = [(one, stage.weight(one.corpus)) for one in sampled if stage.weight(one.corpus) > 0]
        counts = [one.pairs * one.kept * weight for one, weight in self.drawn]
        self.pairs = round(sum(counts))
        training = stage.training
        self.epoch_steps = -(-_count_batches(self.drawn, counts, training) // training.grad_accum)
        self.config = settle(training, max(self.pairs, 1), self.epoch_steps, goes_on)
        pairs = _blend(self.drawn, counts, training.batch_tokens)
        self.step_seconds, self.step_tokens = _measure(recipe, stage, self.config, pairs, device)
        self.steps = self._steps()
        self.seconds = self.steps * self.step_seconds

    def _steps(self) -> int:
        step = {"steps": 1, "tokens": self.step_tokens, "epochs": 1 / self.epoch_steps, "max_time": self.step_seconds}
        wanted = limits(self.config)
        return round(min((wanted[name] / size for name, size in step.items() if wanted[name]), default=0))

    def describe(self) -> Iterator[str]:
        epochs = self.steps / self.epoch_steps
        until = f", or {self.config.patience} validations without a better score" if self.config.patience else ""
        yield f"stage {self.stage.name}"
        yield (
            f"  {self.steps:,} steps{until}, {self.steps * self.step_tokens / 1e6:,.1f} M target tokens, about "
            f"{_hours(self.seconds)} at {self.step_tokens / self.step_seconds:,.0f} tokens/s"
        )
        yield (
            f"  an epoch: {self.pairs:,} pairs in {self.epoch_steps:,} steps; {epochs:.2f} epochs; validation every "
            f"{self.config.valid_every:,} steps"
        )
        for one, weight in self.drawn:
            times = weight * epochs
            heart = times > MOST_REPEATS and not generator(one.corpus)
            warning = "; warning: it will be learned by heart" if heart else ""
            yield f"  {one.corpus.path}: x {weight:g}, seen {times:.1f} times{warning}"


def _count_batches(drawn: Sequence[tuple[Sampled, float]], counts: Sequence[float], config: TrainingConfig) -> int:
    """Of an epoch whose pairs are as long as those of the samples."""
    rng = np.random.default_rng(0)
    rows = [rng.integers(0, max(len(one.sample), 1), round(n)) for (one, _), n in zip(drawn, counts, strict=True)]
    sides = [
        np.concatenate([getattr(one.sample, side).lengths[row] for (one, _), row in zip(drawn, rows, strict=True)])
        for side in ("src", "tgt")
    ]
    return max(len(plan_epoch(*sides, config.batch_tokens, config.seed, 0)), 1)


def _blend(drawn: Sequence[tuple[Sampled, float]], counts: Sequence[float], batch_tokens: int) -> EncodedPairs:
    """Pairs of the samples in the proportions of the mixture, enough for a few batches."""
    rng = np.random.default_rng(0)
    whole = sum(counts) or 1.0
    wanted = max(batch_tokens, 4096)
    parts = []
    for (one, _), count in zip(drawn, counts, strict=True):
        if len(one.sample):
            parts.append(one.sample.select(rng.integers(0, len(one.sample), max(1, round(wanted * count / whole)))))
    return concatenate(parts)


def _measure(
    recipe: Recipe, stage: StageConfig, config: TrainingConfig, pairs: EncodedPairs, device: torch.device
) -> tuple[float, float]:
    """(seconds, target tokens) of a step, by a few steps of a new model on pairs like those of the stage."""
    world = World(0, 1, device)
    objective = OBJECTIVES[config.objective](build_model(recipe.model).to(device), config)
    learner = Learner(objective, stage, 0, world)
    loader = BatchLoader(Repeated(pairs), config, world)
    precision = precision_of(config, device)
    trainer = Trainer(learner, loader, None, config, None, precision, Path(), Reporter(quiet=True), None)
    seconds, tokens = [], []
    for _ in range(_STEPS):
        step = loader.fetch(learner.epoch, learner.position)
        learner.epoch, learner.position = step.epoch, step.position
        started = time.monotonic()
        trainer.update(objective, step)
        seconds.append(time.monotonic() - started)
        tokens.append(step.labels)
    return median(seconds), sum(tokens) / len(tokens)


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} hours" if seconds >= 5400 else f"{max(seconds / 60, 1):.0f} minutes"
