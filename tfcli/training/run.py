"""One training run from a recipe to a bundle: settle, stage after stage, average, write."""

import dataclasses
from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tfcli.build import build_model
from tfcli.bundle import locate, read_bundle
from tfcli.config import Recipe
from tfcli.disk import finish_replacing, replace_file
from tfcli.hardware import keep_freed_memory
from tfcli.tokenizer import Tokenizer
from tfcli.training import earlier, publish
from tfcli.training.averaging import State, average_checkpoints
from tfcli.training.checkpoint import can_go_on, list_checkpoints, remove_leftovers, step_of
from tfcli.training.curves import read_panels, write_svg
from tfcli.training.distributed import World, join_world
from tfcli.training.history import Ended, read_history, write_history
from tfcli.training.identity import Change
from tfcli.training.prepare import prepare_tokenizer, prepare_validation
from tfcli.training.progress import Reporter
from tfcli.training.publish import Publisher
from tfcli.training.run_folder import REPLACED, RunFolder
from tfcli.training.stage import Run, train_stage
from tfcli.training.stopping import StopSignal
from tfcli.training.tensorboard import open_board
from tfcli.training.validation import goodness


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
    until: str | None = None,
) -> Outcome:
    """Trains in the run folder `path`, resuming what is there, until the recipe is fulfilled or a signal comes.

    allowed: what may be another than when the run stopped. tensorboard: write the numbers for it as well. until: the
    stage after which to stop.
    """
    keep_freed_memory()
    world = join_world(device)
    folder = RunFolder(path)
    with ExitStack() as stack:
        stack.callback(world.leave)
        if world.is_main:
            stack.enter_context(folder.locked())
            earlier.settle(folder)  # of a process that was killed
            if fresh:
                earlier.set_aside(folder)
            stack.callback(earlier.settle, folder)
        board = open_board(folder.board) if tensorboard and world.is_main else None
        reporter = Reporter(folder.metrics if world.is_main else None, quiet or not world.is_main, board)
        tokenizer = _settle(recipe, folder, world, reporter)
        recipe = with_shape(recipe, tokenizer)
        validation = prepare_validation(recipe, tokenizer)
        publisher = Publisher(recipe, folder, tokenizer, validation)
        run = Run(recipe, folder, tokenizer, validation, world, reporter, publisher, allowed)
        stop = stack.enter_context(StopSignal())
        stack.enter_context(reporter)
        outcome = _train_stages(run, stop, until)
        if world.is_main and folder.metrics.exists():  # a run that is stopped early has none
            write_svg(read_panels(folder.metrics), folder.curves)
    return outcome


def _train_stages(run: Run, stop: StopSignal, until: str | None) -> Outcome:
    """All stages that have not ended, and then the finished model."""
    stages, folder, world = run.recipe.stages, run.folder, run.world
    history = read_history(folder.history, stages)
    if world.is_main and history and not can_go_on(folder.checkpoints, history[-1].step):
        history.pop()  # from the checkpoint before, it comes to the same end
    (count,) = world.max(float(len(history)) if world.is_main else -1.0)  # nobody writes it before all have read it
    history = history[: int(count)]
    step = history[-1].step if history else 0
    scores = history[-1].scores if history else {}
    signal = 0
    while len(history) < len(stages) and not signal and until not in {ended.name for ended in history}:
        stage = stages[len(history)]
        run.reporter.begin(len(history) + 1, len(stages), stage.name)
        trainer, ended = train_stage(run, stage, history, stop)
        step, scores, signal = ended.step, ended.scores, trainer.stopped
        if trainer.ended:
            history.append(ended)
            if world.is_main:
                write_history(folder.history, history)
            world.wait()
    if world.is_main and len(history) == len(stages):
        scores = _finish(run, history)
    return Outcome(folder.bundle, step, scores, signal, world.is_main)


def _finish(run: Run, history: list[Ended]) -> dict[str, float]:
    """Publishes the finished model, where it is not simply the best of the last stage, and scores it on the test sets
    of the recipe. Returns its scores in validation."""
    recipe, last, best = run.recipe, run.recipe.stages[-1], history[-1].scores
    what, weights = _finished_weights(run, history)
    if not what and not recipe.data.tests:
        return best
    model = build_model(recipe.model).to(run.world.device)
    model.load_state_dict(weights)
    scores = best
    if what:
        scores, translations = run.validation.run(run.objective(model, last), run.world.device)
        better = bool(recipe.final) or goodness(scores, last.training.metric) > goodness(best, last.training.metric)
        run.reporter.say(f"{what}:")
        run.reporter.validation(history[-1].step, scores, run.validation.samples(translations), better)
        if not better:
            scores = best
            model.load_state_dict(run.mean({f"{last.name}.best": 1.0}, history))
    run.publisher.publish(model, scores, [publish.of_stage(ended) for ended in history], finished=True)
    return scores


def _finished_weights(run: Run, history: list[Ended]) -> tuple[str, State]:
    """(what it is, weights); no words for the best of the last stage, which is published already."""
    recipe, last = run.recipe, run.recipe.stages[-1]
    if recipe.final:
        return "the weighted mean of stages", run.mean(recipe.final, history)
    if (count := last.training.average) > 1:
        start = history[-2].step if len(history) > 1 else -1
        paths = [path for path in list_checkpoints(run.folder.checkpoints) if step_of(path) > start][-count:]
        return f"the mean of the last {len(paths)} checkpoints", average_checkpoints(paths)
    return "", run.mean({f"{last.name}.best": 1.0}, history) if recipe.data.tests else {}


def _settle(recipe: Recipe, folder: RunFolder, world: World, reporter: Reporter) -> Tokenizer:
    """The main process settles recipe and tokenizer on disk, the others read them."""
    if world.is_main:
        finish_replacing(folder.path, REPLACED.get)
        remove_leftovers(folder.checkpoints)
        for change in folder.settle_recipe(recipe):
            reporter.say(f"changed since the last time: {change}")
        tokenizer = prepare_tokenizer(recipe, folder.path, reporter.say)
        replace_file(folder.tokenizer, tokenizer.model)
    world.wait()
    return Tokenizer.load(folder.tokenizer)


def with_shape(recipe: Recipe, tokenizer: Tokenizer) -> Recipe:
    """The recipe with the shape the model will have: that of the model to go on from, or its own with the vocabulary
    that the tokenizer turned out to have."""
    if recipe.init:
        return dataclasses.replace(recipe, model=read_bundle(locate(recipe.init)).config.model)
    return dataclasses.replace(recipe, model=dataclasses.replace(recipe.model, vocab_size=len(tokenizer)))
