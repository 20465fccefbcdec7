"""One training run from a recipe to a bundle: prepare or resume, loop, average, write."""

import dataclasses
from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

import tfcli
from tfcli.attention_maps.aligner import find_aligner
from tfcli.attention_maps.words import SPACE
from tfcli.build import build_model
from tfcli.bundle import FORMAT, Aligner, BundleConfig, locate, read_bundle, write_bundle
from tfcli.config import Recipe
from tfcli.disk import finish_replacing, replace_file
from tfcli.hub.card import model_card
from tfcli.recipe import to_toml
from tfcli.tokenizer import Tokenizer
from tfcli.training.averaging import State, average_checkpoints
from tfcli.training.checkpoint import (
    TrainState,
    checkpoint_path,
    list_checkpoints,
    load_latest,
    load_state,
    remove_leftovers,
)
from tfcli.training.curves import read_panels, write_svg
from tfcli.training.distributed import World, join_world
from tfcli.training.hardware import fast_precision, keep_freed_memory
from tfcli.training.identity import Change, Identity
from tfcli.training.learner import Learner
from tfcli.training.objectives import OBJECTIVES
from tfcli.training.prepare import prepare_data, prepare_tokenizer
from tfcli.training.progress import Reporter
from tfcli.training.reward import Reward
from tfcli.training.run_folder import RunFolder
from tfcli.training.stopping import StopSignal
from tfcli.training.tensorboard import open_board
from tfcli.training.trainer import Trainer
from tfcli.training.validation import Validation

_ALIGNED_PAIRS = 200
"""So many are enough for the same choice as more, and take a few seconds."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended. signal: the number of the signal that stopped it, or 0. is_main: this process speaks for all."""

    bundle: Path
    step: int
    scores: dict[str, float]
    signal: int
    is_main: bool


def train(
    recipe: Recipe,
    path: Path,
    device: str = "auto",
    fresh: bool = False,
    quiet: bool = False,
    allowed: Collection[Change] = (),
    tensorboard: bool = False,
) -> Outcome:
    """Trains in the run folder `path`, resuming what is there, until the recipe is fulfilled or a signal comes.

    allowed: what may be another than when the run stopped. tensorboard: write the numbers for it as well.
    """
    keep_freed_memory()
    world = join_world(device)
    folder = RunFolder(path)
    with ExitStack() as stack:
        stack.callback(world.leave)
        if world.is_main:
            stack.enter_context(folder.locked())
            if fresh:
                folder.clear()
        board = open_board(folder.board) if tensorboard and world.is_main else None
        reporter = Reporter(folder.metrics if world.is_main else None, quiet or not world.is_main, board)
        tokenizer = _settle(recipe, folder, world, reporter)
        recipe = with_shape(recipe, tokenizer)
        trainer = make_trainer(recipe, folder, tokenizer, world, reporter)
        state, skipped = _pick_state(folder.checkpoints, world)
        for sentence in skipped:
            reporter.say(f"skipped: {sentence}")
        if state:
            learner = trainer.learner
            learner.identity.check(state, allowed)
            if not learner.load_state(state):
                reporter.say("other processes than before: the run goes on, but not bit for bit as it would have")
            reporter.say(
                f"resuming at step {state.step:,} (epoch {learner.epoch}, {learner.seconds / 60:.0f} min trained)"
            )
        stop = stack.enter_context(StopSignal())
        stack.enter_context(reporter)
        trainer.run(stop)
        if world.is_main and recipe.training.average > 1 and not trainer.stopped:
            _score_average(trainer, folder, recipe.training.average)
        if world.is_main and folder.metrics.exists():  # a run that is stopped early has none
            write_svg(read_panels(folder.metrics), folder.curves)
    return Outcome(folder.bundle, trainer.learner.step, trainer.learner.best or {}, trainer.stopped, world.is_main)


def make_trainer(recipe: Recipe, folder: RunFolder, tokenizer: Tokenizer, world: World, reporter: Reporter) -> Trainer:
    """A trainer at step 0. Every process builds the same model from the same seed."""
    corpora, validation = prepare_data(recipe, tokenizer, reporter.say)
    torch.manual_seed(recipe.training.seed)
    model = read_bundle(locate(recipe.init)).load_model() if recipe.init else build_model(recipe.model)
    model = model.requires_grad_(True).to(world.device)
    torch.manual_seed(recipe.training.seed + world.rank)  # from here on dropout differs between processes
    reward = Reward(recipe.training.reward.metric, tokenizer.decode, recipe.target)
    objective = OBJECTIVES[recipe.training.objective](model, recipe.training, reward)
    wanted = recipe.training.precision
    precision = fast_precision(world.device) if wanted == "auto" else getattr(torch, wanted)
    reporter.say(
        f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f} M parameters, {world.size} process(es) on "
        f"{world.device.type}, {str(precision).removeprefix('torch.')}"
    )

    def on_best(weights: State, scores: dict[str, float]) -> None:
        aligner = _find_aligner(learner.model, tokenizer, validation)
        _write(recipe, folder, tokenizer, weights, scores, learner, aligner)

    identity = Identity(tokenizer.sha256, corpora.pairs.fingerprint(), world.size)
    learner = Learner(objective, recipe.training, world, identity)
    return Trainer(learner, corpora, validation, recipe.training, precision, folder.checkpoints, reporter, on_best)


def _settle(recipe: Recipe, folder: RunFolder, world: World, reporter: Reporter) -> Tokenizer:
    """The main process settles recipe and tokenizer on disk, the others read them."""
    if world.is_main:
        finish_replacing(folder.path)
        remove_leftovers(folder.checkpoints)
        for change in folder.settle_recipe(recipe):
            reporter.say(f"changed since the last time: {change}")
        tokenizer = prepare_tokenizer(recipe, folder.path, reporter.say)
        replace_file(folder.tokenizer, tokenizer.model)
    world.wait()
    return Tokenizer.load(folder.tokenizer)


def _pick_state(checkpoints: Path, world: World) -> tuple[TrainState | None, list[str]]:
    """The main process picks the checkpoint to go on from, the others take the same one: a file that only some of them
    can read is not to part them. Otherwise as `load_latest`."""
    state, skipped = load_latest(checkpoints) if world.is_main else (None, [])
    (step,) = world.max(state.step if state else -1.0)
    if step >= 0 and not world.is_main:
        state = load_state(checkpoint_path(checkpoints, int(step)))
    return state, skipped


def with_shape(recipe: Recipe, tokenizer: Tokenizer) -> Recipe:
    """The recipe with the shape the model will have: that of the model to go on from, or its own with the vocabulary
    that the tokenizer turned out to have."""
    if recipe.init:
        return dataclasses.replace(recipe, model=read_bundle(locate(recipe.init)).config.model)
    return dataclasses.replace(recipe, model=dataclasses.replace(recipe.model, vocab_size=len(tokenizer)))


def _score_average(trainer: Trainer, folder: RunFolder, count: int) -> None:
    """The mean of the last checkpoints, scored like any other candidate."""
    paths = list_checkpoints(folder.checkpoints)[-count:]
    trainer.learner.put_weights(average_checkpoints(paths))
    trainer.reporter.say(f"the mean of the last {len(paths)} checkpoints:")
    trainer.score_weights()


def _find_aligner(model: nn.Module, tokenizer: Tokenizer, validation: Validation) -> Aligner:
    """Where the model as it is aligns best on the first held-out pairs."""
    src, tgt = validation.encoded.src, validation.encoded.tgt
    numbers = range(min(len(validation.encoded), _ALIGNED_PAIRS))
    pairs = [(src.sequence(i)[:-1].tolist(), tgt.sequence(i)[:-1].tolist()) for i in numbers]
    was_training = model.training
    spaces = [i for i, piece in enumerate(tokenizer.pieces(range(len(tokenizer)))) if piece == SPACE]
    aligner = find_aligner(model.eval(), pairs, spaces)
    model.train(was_training)
    return aligner


def _write(
    recipe: Recipe,
    folder: RunFolder,
    tokenizer: Tokenizer,
    weights: State,
    scores: dict[str, float],
    learner: Learner,
    aligner: Aligner,
) -> None:
    config = BundleConfig(
        format=FORMAT,
        source=recipe.source,
        target=recipe.target,
        model=recipe.model,
        tokenizer_sha256=tokenizer.sha256,
        dtype="float16",
        library_version=tfcli.__version__,
        license=recipe.license,
        aligner=aligner,
    )
    metrics = {
        "validation": scores,
        "step": learner.step,
        "epoch": learner.epoch,
        "training_seconds": round(learner.seconds),
        "parameters": sum(tensor.numel() for tensor in weights.values()),
    }
    write_bundle(
        folder.bundle,
        config=config,
        state=weights,
        tokenizer=tokenizer,
        recipe_toml=to_toml(recipe),
        metrics=metrics,
        card=model_card(config, recipe, metrics),
    )
