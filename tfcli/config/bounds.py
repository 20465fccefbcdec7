"""Between which values a number of a config must be: a recipe is refused before hours of training, and a config.json
from elsewhere cannot ask for a petabyte."""

import dataclasses
from typing import Any

from tfcli.errors import ModelError

MANY = 1_000_000_000
_KEY = "bounds"


def bounded(default: Any, low: float, high: float) -> Any:
    """A dataclass field whose value must be between `low` and `high`, or None where its type allows that."""
    return dataclasses.field(default=default, metadata={_KEY: (low, high)})


def bounds_of(cls: type) -> dict[str, tuple[float, float]]:
    """(lowest, highest) of each bounded field of a dataclass, by name."""
    return {field.name: field.metadata[_KEY] for field in dataclasses.fields(cls) if _KEY in field.metadata}


def check_bounds(section: str, config: object) -> None:
    """Raises ModelError for the first field of `config` that is out of bounds. section: its table in a recipe."""
    for name, (low, high) in bounds_of(type(config)).items():
        value = getattr(config, name)
        if value is not None and not low <= value <= high:
            raise ModelError(f"{section}.{name} is {value}; it must be between {low:,} and {high:,}")
