"""Recipes on disk: TOML to a checked Recipe and back, presets and `--set` in between."""

import dataclasses
import json
import re
import tomllib
from pathlib import Path
from typing import Any

from tfcli.config import schema
from tfcli.config.data import CorpusConfig
from tfcli.config.model import PRESETS
from tfcli.config.stages import Recipe, StageConfig
from tfcli.disk import open_input
from tfcli.errors import ModelError, NotFoundError

_MOST_BYTES = 1 << 20


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; NotFoundError or ModelError with the parser's words."""
    try:
        with open_input(path) as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise NotFoundError(f'no recipe at "{path}"', "run on the built-in phrasebook with   tfcli train") from None
    if len(data) > _MOST_BYTES:
        raise ModelError(f"{path} is larger than {_MOST_BYTES >> 10:,} KiB")
    return schema.parse_toml(data, str(path))


def apply_sets(values: dict[str, Any], assignments: list[str]) -> dict[str, Any]:
    """`--set model.norm=rms` on top of nested tables: dotted keys, values as TOML writes them, bare words as text. A
    stage goes by its name: `--set stage.general.training.steps=100`."""
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals:
            raise ModelError(f'--set {assignment}: write it as KEY=VALUE, for example "model.num_heads=1"')
        try:
            value = tomllib.loads(f"value = {text.strip()}")["value"]
        except (ValueError, RecursionError):
            value = text.strip()
        try:
            set_value(values, path.strip(), value)
        except ModelError as error:
            raise ModelError(f"--set {assignment}: {error.message}") from None
    return values


def set_value(values: dict[str, Any], path: str, value: Any) -> None:
    """Puts a value at a dotted path into nested tables. ModelError where the path leads through something else."""
    *tables, last = path.split(".")
    table: Any = values
    for i, name in enumerate(tables):
        if isinstance(table, list):
            table = next((item for item in table if isinstance(item, dict) and item.get("name") == name), None)
        else:
            table = table.setdefault(name, {})
        if not isinstance(table, dict | list):
            where = ".".join(tables[: i + 1])
            raise ModelError(f'there is no "{where}"' if table is None else f'"{where}" is a value, not a table')
    if not isinstance(table, dict):
        raise ModelError(f'"{".".join(tables)}" is a list; say which one by its name')
    table[last] = value


def make_recipe(values: dict[str, Any], preset: str | None = None) -> Recipe:
    """A checked Recipe from nested tables; a preset gives the model's shape where the tables do not. What a stage does
    not say of its noise and training is what the recipe says."""
    model = values.get("model", {})
    if preset and isinstance(model, dict):
        values = {**values, "model": PRESETS[preset] | model}
    stages = values.get("stage")
    if isinstance(stages, list):
        data = values.get("data")
        base = {
            "noise": data.get("noise", {}) if isinstance(data, dict) else {},
            "training": values.get("training", {}),
        }
        values = {**values, "stage": [_merged(base, stage) for stage in stages]}
    try:
        _refuse_undecodable(values, "")
    except RecursionError:
        raise ModelError("the recipe is nested too deeply") from None
    return schema.build(Recipe, values)


def _refuse_undecodable(value: Any, path: str) -> None:
    """A recipe is written as UTF-8, and a command line may hold any bytes."""
    if isinstance(value, dict):
        for key, item in value.items():
            _refuse_undecodable(key, path or "a setting")
            _refuse_undecodable(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_undecodable(item, path)
    elif isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
        raise ModelError(f"{path} is not UTF-8: {value[:60]}")


def _merged(base: Any, over: Any) -> Any:
    """Nested tables, one laid over the other."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return {**base, **{key: _merged(base.get(key), value) for key, value in over.items()}}


def to_toml(recipe: Recipe, full: bool = False) -> str:
    """The recipe as TOML that `make_recipe` reads back to an equal object. full: every setting, not only what differs
    from the defaults, or in a stage from the recipe."""
    lines: list[str] = []
    stage = StageConfig("", noise=recipe.data.noise, training=recipe.training)

    def emit(name: str, config: Any, base: Any) -> None:
        tables, lists = [], []
        for field in dataclasses.fields(config):
            value, usual = getattr(config, field.name), getattr(base, field.name, None)
            if dataclasses.is_dataclass(value):
                tables.append((field.name, value, usual))
            elif isinstance(value, tuple) and all(isinstance(item, CorpusConfig) for item in value):
                rows = [f"  {_toml_value(_changed(item, full))}," for item in value]
                lines.extend([f"{field.name} = [", *rows, "]"] if rows else [])
            elif isinstance(value, tuple) and all(map(dataclasses.is_dataclass, value)):
                lists.append((field.name, value))
            elif value is not None and (full or value != usual):
                lines.append(f"{field.name} = {_toml_value(value)}")
        prefix = f"{name}." if name else ""
        for key, value, usual in tables:
            if full or value != usual:
                lines.append(f"\n[{prefix}{key}]")
                emit(prefix + key, value, usual)
        for key, items in lists:
            for item in items:
                lines.append(f"\n[[{prefix}{key}]]")
                emit(prefix + key, item, stage)

    emit("", recipe, Recipe())
    return "\n".join(lines).strip() + "\n"


def _changed(config: CorpusConfig, full: bool) -> dict[str, Any]:
    """The settings of a corpus: all of them, or those that differ from the defaults."""
    values = ((field, getattr(config, field.name)) for field in dataclasses.fields(config))
    return {f.name: value for f, value in values if value is not None and (full or value != f.default)}


def _toml_value(value: object) -> str:
    if isinstance(value, str | bool):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # else JSON's strings are TOML's
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml_value, value))}]"
    if isinstance(value, dict):
        keys = ((key if re.fullmatch(r"[\w-]+", key, re.ASCII) else _toml_value(key)) for key in value)
        return "{ " + ", ".join(f"{k} = {_toml_value(v)}" for k, v in zip(keys, value.values(), strict=True)) + " }"
    return repr(value)
