"""One stage of a run: what it starts from, how it goes on, and what it leaves."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from tfcli.build import build_model
from tfcli.bundle import locate, read_bundle
from tfcli.config import Recipe, StageConfig
from tfcli.config.stages import Shares, split_share
from tfcli.config.training import limits
from tfcli.hardware import precision_of
from tfcli.tokenizer import Tokenizer
from tfcli.training import publish
from tfcli.training.averaging import State, weighted_mean
from tfcli.training.checkpoint import TrainState, checkpoint_path, load_latest, load_state
from tfcli.training.distributed import World
from tfcli.training.history import Ended
from tfcli.training.identity import Change, Identity
from tfcli.training.learner import Learner, left_weights
from tfcli.training.length import settle
from tfcli.training.loader import BatchLoader
from tfcli.training.objectives import OBJECTIVES
from tfcli.training.objectives.objective import Objective
from tfcli.training.prepare import prepare_mixture
from tfcli.training.progress import Reporter
from tfcli.training.publish import Publisher
from tfcli.training.reward import Reward
from tfcli.training.run_folder import RunFolder
from tfcli.training.stopping import StopSignal
from tfcli.training.trainer import Trainer
from tfcli.training.validation import Validation


@dataclass(frozen=True)
class Run:
    """What all stages of a run share. recipe: with the shape that the model has."""

    recipe: Recipe
    folder: RunFolder
    tokenizer: Tokenizer
    validation: Validation
    world: World
    reporter: Reporter
    publisher: Publisher
    allowed: Collection[Change] = ()

    def objective(self, model: nn.Module, stage: StageConfig) -> Objective:
        """What a stage trains the model for."""
        reward = Reward(stage.training.reward.metric, self.tokenizer.decode, self.recipe.target)
        return OBJECTIVES[stage.training.objective](model, stage.training, reward)

    def mean(self, shares: Shares, history: Sequence[Ended]) -> State:
        """The weighted mean of what ended stages left. Raises ModelError if a checkpoint of one is damaged."""
        steps = {ended.name: ended.step for ended in history}

        def left(key: str) -> State:
            name, kind = split_share(key)
            return left_weights(load_state(checkpoint_path(self.folder.checkpoints, steps[name])), kind)

        return weighted_mean((left(key), share) for key, share in shares.items())


def make_trainer(run: Run, stage: StageConfig, history: Sequence[Ended]) -> Trainer:
    """The trainer of a stage that has not ended, at the state in which it was left. Every process builds the same."""
    recipe, world, say = run.recipe, run.world, run.reporter.say
    training = stage.training
    torch.manual_seed(training.seed)
    model = _make_model(run, stage, history)
    torch.manual_seed(training.seed + world.rank)  # from here on dropout differs between processes
    learner = Learner(run.objective(model, stage), stage, history[-1].step if history else 0, world)
    mixture = prepare_mixture(recipe, stage, run.tokenizer)
    loader = BatchLoader(mixture, training, world)
    state, skipped = pick_state(run.folder.checkpoints, stage.name, world)
    for sentence in skipped:
        say(f"skipped: {sentence}")
    if state and not learner.load_state(state):
        say("other processes than before: the run goes on, but not bit for bit as it would have")
    pairs = loader.begin(learner.epoch)
    identity = Identity(run.tokenizer.sha256, mixture.fingerprint, world.size)
    precision = precision_of(training, world.device)
    if state:
        identity.check(state, run.allowed)
        minutes = learner.seconds / 60
        say(f"resuming at step {state.step:,} (epoch {learner.epoch}, {minutes:.0f} min trained)")
    else:
        say("\n".join(mixture.describe()))
        say(
            f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f} M parameters, {world.size} process(es) on "
            f"{world.device.type}, {str(precision).removeprefix('torch.')}"
        )
    goes_on = bool(recipe.init or history)
    names = [other.name for other in recipe.stages]

    def publish_best(scores: dict[str, float]) -> None:
        stages = [*map(publish.of_stage, history), publish.of_learner(learner)]
        run.publisher.publish(learner.model, scores, stages)

    return Trainer(
        learner,
        loader,
        run.validation,
        settle(training, len(pairs), loader.steps, goes_on),
        identity,
        precision,
        run.folder.checkpoints,
        run.reporter,
        publish_best,
        [ended.step for ended in history],
        [other.training for other in recipe.stages[names.index(stage.name) + 1 :]],
        goes_on,
    )


def train_stage(run: Run, stage: StageConfig, history: Sequence[Ended], stop: StopSignal) -> tuple[Trainer, Ended]:
    """Trains a stage to its end, or until `stop` says so. Returns what it has come to."""
    trainer = make_trainer(run, stage, history)
    trainer.run(stop)
    learner = trainer.learner
    step = learner.start + learner.step
    scores = learner.best or {}
    reached = limits(stage.training)
    return trainer, Ended(stage.name, step, learner.step, learner.tokens, learner.seconds, reached, scores)


def _make_model(run: Run, stage: StageConfig, history: Sequence[Ended]) -> nn.Module:
    """On the run's device, with the weights that the stage starts from."""
    init = run.recipe.init
    if history:
        model = build_model(run.recipe.model)
        model.load_state_dict(run.mean(stage.init or {history[-1].name: 1.0}, history))
    else:
        model = read_bundle(locate(init)).load_model() if init else build_model(run.recipe.model)
    return model.requires_grad_(True).to(run.world.device)


def pick_state(checkpoints: Path, stage: str, world: World) -> tuple[TrainState | None, list[str]]:
    """The main process picks the checkpoint to go on from, the others take the same one: a file that only some of them
    can read is not to part them. Otherwise as `load_latest`."""
    state, skipped = load_latest(checkpoints, stage) if world.is_main else (None, [])
    (step,) = world.max(state.step if state else -1.0)
    if step >= 0 and not world.is_main:
        state = load_state(checkpoint_path(checkpoints, int(step)))
    return state, skipped
