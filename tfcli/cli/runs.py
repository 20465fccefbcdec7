"""`tfcli runs`: how training went."""

import time
from pathlib import Path
from typing import Annotated

import typer

from tfcli.cli import console, options
from tfcli.cli.output import open_file
from tfcli.errors import NotFoundError, TfcliError, UsageError

_RUNS = Path("runs")
_METRICS = "metrics.jsonl"
_SCORES = (("loss", "loss", 2), ("bleu", "BLEU", 1))


def runs(
    run: Annotated[Path | None, typer.Argument(metavar="RUN", help="Default: list the runs in ./runs.")] = None,
    svg: Annotated[str | None, typer.Option(metavar="FILE", help="Draw the curves into a file as well.")] = None,
    force: options.Force = False,
) -> None:
    """List the runs here, or draw the curves of one: loss, BLEU and chrF, learning rate.

    \b
    Examples:
      tfcli runs
      tfcli runs runs/zh-en
      tfcli runs runs/zh-en --svg curves.svg
    """
    if run is None:
        if svg:
            raise UsageError("--svg draws one run", "name it   tfcli runs RUN --svg FILE")
        _list()
        return
    from tfcli.training.curves import draw, read_panels, to_svg

    if not (run / _METRICS).is_file():
        raise NotFoundError(f'no run at "{run}": {_METRICS} is missing', "list the runs here   tfcli runs")
    panels = read_panels(run / _METRICS)
    if not panels:
        console.note(f"{run}: nothing to draw yet")
        return
    console.print_out("\n\n".join("\n".join(draw(panel)) for panel in panels))
    if svg:
        with open_file(svg, force) as write:
            write(to_svg(panels))


def _list() -> None:
    rows = [_row(metrics) for metrics in sorted(_RUNS.glob(f"*/{_METRICS}")) if metrics.is_file()]
    if rows:
        console.print_out("\n".join(console.align(rows)))
    else:
        console.note("no runs here; start one with   tfcli train")


def _row(metrics: Path) -> tuple[str, ...]:
    """What there is to say of a run; of one that cannot be read, why."""
    from tfcli.training.curves import read_metrics

    try:
        lines = [*read_metrics(metrics)]
    except TfcliError as error:
        return str(metrics.parent), error.message
    step = max((line["step"] for line in lines), default=0)
    best = [line for line in lines if line["kind"] == "validation" and line.get("best")][-1:]
    shown = [f"{name} {line[key]:.{digits}f}" for line in best for key, name, digits in _SCORES if line.get(key)]
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(metrics.stat().st_mtime))
    return str(metrics.parent), f"step {step:,}", when, "  ".join(shown)
