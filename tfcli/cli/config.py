"""`tfcli config`: every setting in force, and where it comes from."""

import json
from pathlib import Path

from tfcli.cli import console, options
from tfcli.settings import FOLDER_FILE, resolve, user_file, variable


def config(as_json: options.Json = False) -> None:
    """Print every setting and where its value comes from.

    \b
    Examples:
      tfcli config
      TFCLI_DEVICE=cpu tfcli config --json

    Options come before TFCLI_* variables, these before ./tfcli.toml, that before your own config.toml (its folder is
    named below the table), and the built-in values come last.
    """
    resolved = resolve()
    values = vars(resolved.settings)
    if as_json:
        rows = {name: {"value": value, "origin": resolved.origins[name]} for name, value in values.items()}
        console.print_out(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    rows = [(name, _show(value), resolved.origins[name], variable(name)) for name, value in values.items()]
    console.print_out("\n".join(console.align([("setting", "value", "from", "variable"), *rows])))
    for path in (Path(FOLDER_FILE), user_file()):
        console.note(f"{path} {'is read' if path.exists() else 'would be read; it does not exist'}")


def _show(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value) or "none"
    return "auto" if value is None else str(value)
