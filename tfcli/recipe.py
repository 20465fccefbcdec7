"""Recipes on disk: TOML to a checked Recipe and back, presets and `--set` in between."""

import dataclasses
import json
import tomllib
from pathlib import Path
from typing import Any

from tfcli import schema
from tfcli.config import PRESETS, Recipe
from tfcli.errors import ModelError, NotFoundError


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; NotFoundError or ModelError with the parser's words."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFoundError(f'no recipe at "{path}"', "run on the built-in phrasebook with   tfcli train") from None
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, UnicodeDecodeError, a number of 5,000 digits
        raise ModelError(f"{path} is not TOML: {error}") from None


def apply_sets(values: dict[str, Any], assignments: list[str]) -> dict[str, Any]:
    """`--set model.norm=rms` on top of nested tables: dotted keys, values as TOML writes them, bare words as text."""
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals:
            raise ModelError(f'--set {assignment}: write it as KEY=VALUE, for example "model.num_heads=1"')
        try:
            value = tomllib.loads(f"value = {text.strip()}")["value"]
        except (ValueError, RecursionError):
            value = text.strip()
        *tables, last = path.strip().split(".")
        table = values
        for name in tables:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                raise ModelError(f'--set {assignment}: "{name}" is a value, not a table')
        table[last] = value
    return values


def make_recipe(values: dict[str, Any], preset: str | None = None) -> Recipe:
    """A checked Recipe from nested tables; a preset gives the model's shape where the tables do not."""
    model = values.get("model", {})
    if preset and isinstance(model, dict):
        values = {**values, "model": PRESETS[preset] | model}
    return schema.build(Recipe, values)


def to_toml(recipe: Recipe) -> str:
    """The recipe as TOML that `make_recipe` reads back to an equal object."""
    lines: list[str] = []

    def emit(name: str, values: dict[str, Any]) -> None:
        tables = {k: v for k, v in values.items() if isinstance(v, dict)}
        lists = {k: v for k, v in values.items() if isinstance(v, tuple)}
        lines.extend(f"{k} = {_toml_value(v)}" for k, v in values.items() if v is not None and k not in tables | lists)
        for key, items in lists.items():
            for item in items:
                lines.append(f"\n[[{name}.{key}]]")
                emit(f"{name}.{key}", item)
        for key, table in tables.items():
            lines.append(f"\n[{name + '.' if name else ''}{key}]")
            emit(f"{name}.{key}" if name else key, table)

    emit("", dataclasses.asdict(recipe))
    return "\n".join(lines).strip() + "\n"


def _toml_value(value: object) -> str:
    if isinstance(value, str | bool):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # else JSON's strings are TOML's
    return repr(value)
