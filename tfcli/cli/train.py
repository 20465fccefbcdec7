"""tfcli train: a recipe, or a corpus, or nothing, to a model."""

import re
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import typer

from tfcli.cli import console
from tfcli.cli.options import Device
from tfcli.config import Precision, Preset
from tfcli.config.recipe import apply_sets, make_recipe, read_toml, set_value
from tfcli.data.corpus import PHRASEBOOK
from tfcli.errors import TfcliError, UsageError
from tfcli.pulled import parse_hub_name
from tfcli.text.languages import find_language

_GOING_ON = {"training.learning_rate": 3e-4, "training.warmup_steps": 50}
"""A finished model learns a little more, and is not shaken."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: str) -> float:
    """90s, 30m, 1h30m, 2h: seconds."""
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise typer.BadParameter(f'"{text}" is not a duration; write 30m, 1h30m or 90s')
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def train(
    recipe: Annotated[Path | None, typer.Argument(metavar="RECIPE.toml", help="Default: the phrasebook's.")] = None,
    corpus: Annotated[
        list[str] | None, typer.Option("--train", metavar="FILE", help="Pairs: a TSV, or the source side.")
    ] = None,
    corpus_target: Annotated[
        str | None, typer.Option("--train-target", metavar="FILE", help="The target side of --train.")
    ] = None,
    valid: Annotated[str | None, typer.Option(metavar="FILE", help="A TSV to validate on.")] = None,
    preset: Annotated[Preset | None, typer.Option(help="The size of the model.")] = None,
    init: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Go on from this model's weights, with its tokenizer.")
    ] = None,
    source: Annotated[str | None, typer.Option(metavar="LANG", help="The language to read, for example zh.")] = None,
    target: Annotated[str | None, typer.Option(metavar="LANG", help="The language to write.")] = None,
    vocab_size: Annotated[
        int | None, typer.Option(metavar="N", help="Pieces of a new tokenizer. Default: to fit the corpus.")
    ] = None,
    run_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="Default: runs/ and the recipe's name.")] = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any setting of a recipe; repeatable.")
    ] = None,
    max_time: Annotated[
        str | None, typer.Option(metavar="TIME", help="Train so long in all, for example 1h30m.")
    ] = None,
    steps: Annotated[int | None, typer.Option(metavar="N", help="Train so many updates in all.")] = None,
    until: Annotated[str | None, typer.Option(metavar="STAGE", help="Stop after this stage of the recipe.")] = None,
    batch_tokens: Annotated[int | None, typer.Option(metavar="N", help="Padded tokens of the longer side.")] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Of weights, order and dropout.")] = None,
    device: Device = None,
    precision: Annotated[Precision | None, typer.Option(help="Default: the fastest here.")] = None,
    push_to: Annotated[
        str | None, typer.Option(metavar="OWNER/NAME", help="Push the best model to the Hub at the end, private.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what the run folder holds.")] = False,
    allow_data: Annotated[
        bool, typer.Option("--allow-data-change", help="Go on although the training pairs are others.")
    ] = False,
    allow_world_size: Annotated[
        bool, typer.Option("--allow-world-size-change", help="Go on with another number of processes.")
    ] = False,
    compiled: Annotated[bool, typer.Option("--compile", help="By torch.compile: pays in long runs on a GPU.")] = False,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Write the numbers for TensorBoard too.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be trained; write nothing.")] = False,
) -> None:
    """Train a model, or go on training it.

    \b
    Examples:
      tfcli train                                          learn the built-in phrasebook
      tfcli train --train corpus.tsv --valid dev.tsv --preset small --max-time 1h
      tfcli train recipe.toml --set model.num_heads=1 --run-dir runs/one-head
      tfcli train --train mine.tsv --init zh-en            teach a finished model what you need
      torchrun --nproc-per-node 2 -m tfcli train recipe.toml

    The same command again goes on where the run folder stopped.
    """
    if corpus_target and not corpus:
        raise UsageError("--train-target needs --train")
    if push_to and parse_hub_name(push_to) is None:
        raise UsageError(f'"{push_to}" is not the name of a repository', "write it as   owner/name")
    values, name = _base(recipe, corpus)
    pairs = [{"path": path} | ({"target": corpus_target} if corpus_target else {}) for path in corpus or []]
    training = {"steps": steps, "batch_tokens": batch_tokens, "seed": seed, "precision": precision}
    training["compile"] = compiled or None
    training["max_time"] = parse_duration(max_time) if max_time else None
    if init and not recipe:
        for key, value in _GOING_ON.items():
            set_value(values, key, value)
    for path, value in {
        "source": source,
        "target": target,
        "init": init,
        "data.train": pairs or None,
        "data.valid": valid,
        "tokenizer.vocab_size": vocab_size,
        **{f"training.{key}": value for key, value in training.items()},
    }.items():
        if value is not None:
            set_value(values, path, value)
    settled = make_recipe(apply_sets(values, sets or []), preset)
    names = [stage.name for stage in settled.stages]
    if until and until not in names:
        raise UsageError(f'the recipe has no stage "{until}"', f"its stages: {', '.join(names)}")
    folder = run_dir or Path("runs") / name
    from tfcli.training import dry_run as dry
    from tfcli.training import run

    if dry_run:
        console.print_out(dry.describe(settled, device or "auto"))
        return
    changes = {"data": allow_data, "world-size": allow_world_size}
    allowed = [change for change, may_be in changes.items() if may_be]
    outcome = run.train(settled, folder, device or "auto", fresh, console.mode.quiet, allowed, tensorboard, until)
    if outcome.is_main:
        _say_next(outcome, folder, find_language(settled.source).example)
    if outcome.signal:
        raise typer.Exit(128 + outcome.signal)
    if push_to and outcome.is_main:
        _push(outcome.bundle, push_to)


def _push(bundle: Path, repo: str) -> None:
    """What was trained is on the disk, whatever happens here."""
    from tfcli.hub.contents import collect
    from tfcli.hub.push import Push, push

    try:
        console.note(f"pushed to {push(collect(bundle, repo)[0], Push(repo), quiet=True)}")
    except TfcliError as error:
        error.hint += f"\nthe model is safe in {bundle}; try again   tfcli push {bundle} {repo}"
        raise


def _base(recipe: Path | None, corpus: list[str] | None) -> tuple[dict[str, Any], str]:
    """The tables to start from, and what the run is called."""
    if recipe:
        return read_toml(recipe), recipe.stem
    if corpus:
        return {}, Path(corpus[0]).name.split(".")[0]
    with resources.as_file(resources.files("tfcli").joinpath("phrasebook.toml")) as path:
        return read_toml(path), PHRASEBOOK


def _say_next(outcome, folder: Path, example: str) -> None:
    if outcome.signal:
        console.note(f"stopped at step {outcome.step:,}, saved; go on with the same command")
    elif outcome.scores:
        scores = ", ".join(f"{name} {value:.2f}" for name, value in outcome.scores.items())
        console.note(
            f"done at step {outcome.step:,}; best validation: {scores}\n"
            f'  translate   tfcli translate -m {folder} "{example or "..."}"\n'
            f"  measure     tfcli evaluate -m {folder} test.tsv"
        )
        console.print_path(outcome.bundle)
