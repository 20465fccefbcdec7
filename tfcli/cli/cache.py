"""`tfcli cache`: models in the form that CTranslate2 reads, kept so that each is converted once."""

import json
import time
from typing import Any

import typer

from tfcli.cli import console, options

app = typer.Typer(help="Look at converted models, and throw them away.", rich_markup_mode=None, no_args_is_help=True)


def list_entries(as_json: options.Json = False) -> None:
    """List the converted models that are kept, the oldest first.

    \b
    Examples:
      tfcli cache list
      tfcli cache list --json
    """
    from tfcli.conversion.cache import entries, folder

    rows = [_row(entry) for entry in entries()]
    if as_json:
        console.print_out(json.dumps(rows, ensure_ascii=False, indent=2))
    elif rows:
        console.print_out("\n".join(console.align([_columns(row) for row in rows])))
    else:
        console.note(f"nothing in {folder()}")


def clear() -> None:
    """Throw all converted models away; each is made again when it is needed.

    \b
    Examples:
      tfcli cache clear
    """
    from tfcli.conversion.cache import clear, folder

    gone = clear()
    size = sum(entry.size for entry in gone) / 1e6
    console.note(f"{console.count(len(gone), 'file')}, {size:,.1f} MB, gone from {folder()}")


def _row(entry: Any) -> dict[str, Any]:
    known = vars(entry.header) if entry.header else {"model": None, "quantization": None, "ctranslate2": None}
    return {
        "model": known["model"],
        "quantization": known["quantization"],
        "ctranslate2": known["ctranslate2"],
        "bytes": entry.size,
        "made": time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.modified)),
        "file": str(entry.path),
    }


def _columns(row: dict[str, Any]) -> tuple[str, ...]:
    size = f"{row['bytes'] / 1e6:,.1f} MB"
    if row["model"] is None:
        return "unfinished or damaged", "", size, row["made"], row["file"]
    return row["model"], row["quantization"], size, row["made"], f"CTranslate2 {row['ctranslate2']}"


for _name, _command in {"list": list_entries, "clear": clear}.items():
    app.command(_name)(options.with_common_options(_command))
