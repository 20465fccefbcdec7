"""What stands in the metrics.json of a model, as far as anything is made of it: numbers where numbers are expected."""

from typing import Any

from tfcli.errors import ModelError

FILE = "metrics.json"
_HUGE = 1e18


def check_metrics(values: Any) -> dict[str, Any]:
    """The table that metrics.json holds; ModelError, with the name of the entry, if it is odd."""
    _check(isinstance(values, dict), "it")
    for name in ("step", "parameters", "training_seconds"):
        _check(name not in values or _is_number(values[name]), name)
    for name in ("validation", "on_training_pairs"):
        _check(isinstance(values.get(name) or {}, dict), name)
    tests = values.get("tests")
    for name, row in tests.items() if isinstance(tests, dict) else ():
        for measure in ("bleu", "chrf"):
            _check(isinstance(row, dict) and _is_score(row.get(measure)), f"tests.{name}.{measure}")
    return values


def _check(fine: bool, name: str) -> None:
    if not fine:
        raise ModelError(f"{FILE} is damaged: {name[:60]} is not what tfcli writes")


def _is_score(value: Any) -> bool:
    return isinstance(value, dict) and _is_number(value.get("value")) and isinstance(value.get("signature"), str)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < _HUGE
