"""`tfcli list`: the models on this machine."""

import json
from pathlib import Path
from typing import Any

from tfcli.cli import console, options
from tfcli.errors import TfcliError

_RUNS = Path("runs")


def list_models(as_json: options.Json = False) -> None:
    """List the models on this machine: those that came with tfcli, those under ./runs, and those pulled from the Hub.

    \b
    Examples:
      tfcli list
      tfcli list --json
    """
    from tfcli.bundle import CONFIG, REQUIRED, shipped
    from tfcli.conversion.cache import entries
    from tfcli.pulled import pulled

    trained = sorted(config.parent for config in _RUNS.glob(f"**/{CONFIG}"))
    rows = [_row(folder, "shipped") for folder in shipped()] + [_row(folder, "trained") for folder in trained]
    for name, folder in pulled():
        if all((folder / file).is_file() for file in REQUIRED):  # the Hub's cache holds other things as well
            rows.append(_row(folder, "pulled") | {"name": str(name)})
    converted = [entry.header for entry in entries() if entry.header]
    for row in rows:
        folder = str(Path(row["folder"]).resolve())
        row["converted"] = sorted({header.quantization for header in converted if header.model == folder})
    if as_json:
        console.print_out(json.dumps(rows, ensure_ascii=False, indent=2))
    elif rows:
        console.print_out("\n".join(console.align([_columns(row) for row in rows])))
    else:
        console.note("no models here; train one with   tfcli train")


def _row(folder: Path, origin: str) -> dict[str, Any]:
    """What is known of a model; one that cannot be read is listed with its problem."""
    from tfcli.bundle import read_bundle

    name = folder.name if origin == "shipped" else str(folder.parent if folder.name == "bundle" else folder)
    row = {"name": name, "origin": origin, "source": None, "target": None, "parameters": None, "problem": None}
    try:
        bundle = read_bundle(folder)
        row |= {"source": bundle.config.source, "target": bundle.config.target, "parameters": bundle.num_parameters()}
    except TfcliError as error:
        row["problem"] = error.message
    return row | {"folder": str(folder)}


def _columns(row: dict[str, Any]) -> tuple[str, ...]:
    if row["problem"]:
        return row["name"], row["origin"], row["problem"]
    converted = f", converted to {' and '.join(row['converted'])}" if row["converted"] else ""
    direction = f"{row['source']} → {row['target']}"
    return row["name"], row["origin"], direction, f"{row['parameters']:,} parameters{converted}"
