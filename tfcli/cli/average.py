"""`tfcli average`: the weighted mean of models, as a model of its own."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tfcli.cli import console
from tfcli.config.stages import check_total
from tfcli.errors import ModelError, UsageError

if TYPE_CHECKING:
    from tfcli.training.merging import Source


def average(
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL[=WEIGHT]", help="Bundles, runs or checkpoint folders of one shape.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="The folder of the new model.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a model that is there.")] = False,
) -> None:
    """Average models into one. Without weights all count alike; with them they must add up to 1.

    \b
    Examples:
      tfcli average runs/zh-en/checkpoints/step-* -o averaged
      tfcli average runs/a=0.35 runs/b=0.65 -o averaged
      tfcli evaluate -m averaged test.tsv
    """
    if output.exists() and not force:
        raise UsageError(f'"{output}" exists', "replace it with   --force")
    shares = parse_shares(models)
    from tfcli.bundle import refuse_to_replace, write_bundle

    refuse_to_replace(output.resolve())
    from tfcli.training.merging import merge, open_source

    sources = {name: open_source(name) for name in shares}
    first = next(iter(sources.values()))
    for name, source in sources.items():
        _check_alike(first, source, name)
    folder = write_bundle(
        output,
        config=first.bundle.config,
        state=merge([(source, shares[name]) for name, source in sources.items()]),
        tokenizer=first.bundle.tokenizer(),
        recipe_toml="",  # no recipe leads here: that of a run with stages does, by its table [final]
        metrics={"parameters": first.bundle.num_parameters(), "averaged": shares},
        card="",
    )
    console.print_path(folder)


def parse_shares(models: list[str]) -> dict[str, float]:
    """MODEL=WEIGHT to weights by model. A path may hold an equals sign of its own; what follows the last one is a
    weight if it is a number."""
    parts = [_split(model) for model in models]
    weights = [weight for _, weight in parts]
    names = [name for name, _ in parts]
    if len(set(names)) < len(names):
        raise UsageError("a model is named twice")
    if all(weight is None for weight in weights):
        return dict.fromkeys(names, 1 / len(names))
    if None in weights:
        raise UsageError(
            f'"{names[weights.index(None)]}" has no weight and others have', "write   MODEL=WEIGHT   for all"
        )
    shares = dict(zip(names, weights, strict=True))
    try:
        check_total("weights", shares)
    except ModelError as error:
        raise UsageError(error.message) from None
    return shares


def _split(model: str) -> tuple[str, float | None]:
    name, equals, text = model.rpartition("=")
    try:
        return (name, float(text)) if equals else (model, None)
    except ValueError:
        return model, None


def _check_alike(first: "Source", other: "Source", name: str) -> None:
    if other.bundle.config.tokenizer_sha256 != first.bundle.config.tokenizer_sha256:
        raise ModelError(f'"{name}" has another tokenizer than "{first.name}": their mean would mean nothing')
    if other.bundle.config.model != first.bundle.config.model:
        raise ModelError(f'"{name}" has another shape than "{first.name}": there is no mean of them')
