"""`tfcli average`: the mean of several checkpoints of a run, as a model of its own."""

from pathlib import Path
from typing import Annotated

import typer

from tfcli.cli import console
from tfcli.errors import NotFoundError, UsageError


def average(
    checkpoints: Annotated[list[Path], typer.Argument(metavar="CKPT", help="Checkpoint folders of one run.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="The folder of the new model.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a model that is there.")] = False,
) -> None:
    """Average checkpoints of one run into a model.

    \b
    Examples:
      tfcli average runs/zh-en/checkpoints/step-* -o averaged
      tfcli evaluate -m averaged test.tsv
    """
    if output.exists() and not force:
        raise UsageError(f'"{output}" exists', "replace it with   --force")
    if missing := [path for path in checkpoints if not path.is_dir()]:
        raise NotFoundError(f'no checkpoint at "{missing[0]}"', "a run keeps them in   RUN/checkpoints/step-*")
    from tfcli.bundle import RECIPE, read_bundle, write_bundle
    from tfcli.training.averaging import average_checkpoints

    run = read_bundle(checkpoints[0].resolve().parent.parent / "bundle")
    facts = {key: value for key, value in run.metrics().items() if key != "validation"}
    folder = write_bundle(
        output,
        config=run.config,
        state=average_checkpoints(checkpoints),
        tokenizer=run.tokenizer(),
        recipe_toml=(run.folder / RECIPE).read_text(encoding="utf-8"),
        metrics={**facts, "averaged": [path.name for path in checkpoints]},
        card="",  # the run's card tells of another model's scores
    )
    console.print_out(str(folder))
