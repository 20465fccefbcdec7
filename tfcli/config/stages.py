"""A recipe: all that a run depends on, in one stage or in several."""

import difflib
import re
from dataclasses import dataclass, field

from tfcli.config.combinations import refuse_objective
from tfcli.config.data import EVERY_CORPUS, CorpusConfig, DataConfig, NoiseConfig, TokenizerConfig
from tfcli.config.model import ModelConfig
from tfcli.config.training import LIMITS, TrainingConfig, limits
from tfcli.errors import ModelError

Shares = dict[str, float]
"""Weights of what is averaged: of stages, each as `name`, `name.last`, `name.best` or `name.ema`."""

KINDS = ("last", "best", "ema")
"""What a stage leaves: its last weights, those of its best validation, its moving average."""

ONLY_STAGE = "train"
"""What the stage of a recipe without stages is called."""


@dataclass(frozen=True)
class StageConfig:
    """A part of a run, with its own mixture of the corpora, noise and way of training. In a recipe, `noise` and
    `training` name only what differs from the recipe's own."""

    name: str
    init: Shares = field(default_factory=dict)  # earlier stages to start from; empty: the one before
    weights: dict[str, float] = field(default_factory=dict)  # by corpus, by group, or for "all"; else the corpus' own
    noise: NoiseConfig = field(default_factory=NoiseConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def weight(self, corpus: CorpusConfig) -> float:
        """How often each pair of the corpus is seen in an epoch of this stage."""
        named = (self.weights.get(key) for key in (corpus.name, corpus.group, EVERY_CORPUS) if key)
        return next((weight for weight in named if weight is not None), corpus.weight)


@dataclass(frozen=True)
class Recipe:
    """All that one run depends on: `recipe.toml`, beside every trained model."""

    source: str = "zh"
    target: str = "en"
    license: str = ""  # of the weights, as an SPDX identifier: it goes into the bundle and its card
    init: str | None = None  # a model to go on from: its shape, weights and tokenizer stand in for the recipe's own
    model: ModelConfig = field(default_factory=ModelConfig)
    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    data: DataConfig = field(default_factory=DataConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    stage: tuple[StageConfig, ...] = ()
    final: Shares = field(default_factory=dict)  # the finished model; empty: the best of the last stage

    def __post_init__(self):
        for i, stage in enumerate(self.stages):
            refuse_objective(self.model.kind, stage.training.objective)
            _check_name(stage, self.stages[:i])
            _check_weights(stage, self.data.train)
            _check_shares(f'stage "{stage.name}"', stage.init, self.stages[:i], self.stages)
        for stage in self.stage:
            if not any(limits(stage.training).values()):
                raise ModelError(
                    f'stage "{stage.name}" has no end', f"give it one of   training.{', training.'.join(LIMITS)}"
                )
        _check_shares("final", self.final, self.stages, self.stages)

    @property
    def stages(self) -> tuple[StageConfig, ...]:
        """The stages of the run; a recipe that names none has one."""
        return self.stage or (StageConfig(ONLY_STAGE, noise=self.data.noise, training=self.training),)


def split_share(name: str) -> tuple[str, str]:
    """(stage, kind) of a key of Shares. A name alone stands for the moving average, or for the last weights where the
    stage keeps none: kind is then empty."""
    stage, _, kind = name.partition(".")
    return stage, kind


def check_total(where: str, shares: Shares) -> None:
    """Raises ModelError if shares do not make a weighted mean."""
    if any(not 0 < share <= 1 for share in shares.values()):
        raise ModelError(f"{where}: each share must be more than 0 and at most 1")
    if shares and abs(sum(shares.values()) - 1) > 1e-6:
        raise ModelError(f"{where}: the shares add up to {sum(shares.values()):g}, not to 1")


def _check_name(stage: StageConfig, before: tuple[StageConfig, ...]) -> None:
    if not re.fullmatch(r"[\w-]{1,64}", stage.name):
        raise ModelError(f"stage.name is {stage.name!r:.60}; use letters, digits, - and _")
    if stage.name in {other.name for other in before}:
        raise ModelError(f'two stages are called "{stage.name}"')


def _check_weights(stage: StageConfig, corpora: tuple[CorpusConfig, ...]) -> None:
    known = {EVERY_CORPUS, *(key for corpus in corpora for key in (corpus.name, corpus.group) if key)}
    for name, weight in stage.weights.items():
        if name not in known:
            raise ModelError(f'stage "{stage.name}" weighs "{name:.60}", which is no corpus', _nearest(name, known))
        if not 0 <= weight <= 1000:
            raise ModelError(
                f'stage "{stage.name}": the weight of "{name}" is {weight}; it must be between 0 and 1,000'
            )


def _check_shares(
    where: str, shares: Shares, possible: tuple[StageConfig, ...], stages: tuple[StageConfig, ...]
) -> None:
    for key in shares:
        name, kind = split_share(key)
        if name not in {stage.name for stage in stages}:
            raise ModelError(f'{where}: there is no stage "{name:.60}"', _nearest(name, {s.name for s in stages}))
        if name not in {stage.name for stage in possible}:
            raise ModelError(f'{where} cannot start from "{name}": a stage starts from those that come before it')
        if kind and kind not in KINDS:
            raise ModelError(f'{where}: "{key:.60}" must end in .{", .".join(KINDS)}')
        if kind == "ema" and not next(stage for stage in stages if stage.name == name).training.ema_decay:
            raise ModelError(f'{where}: stage "{name}" keeps no moving average', "give it   training.ema_decay = 0.999")
    check_total(where, shares)


def _nearest(word: str, known: set[str]) -> str:
    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.5)
    return f'did you mean "{near[0]}"?' if near else f"known here: {', '.join(sorted(known))}"
