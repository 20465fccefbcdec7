"""Frozen dataclasses from untrusted mappings: every key known, every value of the declared type.

TOML recipes, `--set` options and the config.json of a downloaded model all pass through `build`, so a misspelt key is
named together with the nearest right one, and no value of a wrong kind reaches the code behind.
"""

import dataclasses
import difflib
import json
import tomllib
import types
import typing

from tfcli.errors import ModelError


def build(cls: type, values: object, where: str = "") -> typing.Any:
    """An instance of the dataclass `cls` from a mapping; nested dataclasses and tuples of them are built too.

    where: dotted path of `values`, used in messages.
    Raises ModelError for an unknown key, a wrong type or a value outside its Literal.
    """
    if not isinstance(values, dict):
        raise ModelError(f"{where or 'config'} must be a table of settings, not {_show(values)}")
    hints = typing.get_type_hints(cls)
    arguments = {}
    for key, value in values.items():
        path = f"{where}.{key}" if where else str(key)
        if key not in hints:
            raise unknown_key(path, key, hints)
        arguments[key] = convert(hints[key], value, path)
    for field in dataclasses.fields(cls):
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and field.name not in arguments:
            raise ModelError(f"{where + '.' if where else ''}{field.name} is missing")
    return cls(**arguments)


def parse_json(data: bytes, what: str) -> typing.Any:
    """JSON of unknown origin: no NaN or Infinity, no key twice, no nesting that exhausts the stack.

    what: the name of the thing in messages. Raises ModelError.
    """

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        values = dict(pairs)
        if len(values) < len(pairs):
            raise ValueError("a key appears twice")
        return values

    try:
        value = json.loads(data, parse_constant=refuse, object_pairs_hook=unique)
        json.dumps(value, ensure_ascii=False).encode()  # half a character, written as \\ud800, is none
        return value
    except RecursionError:
        raise ModelError(f"{what} is nested too deeply") from None
    except UnicodeEncodeError:
        raise ModelError(f"{what} has half a character in it: a surrogate without its partner") from None
    except ValueError as error:  # JSONDecodeError and UnicodeDecodeError among them
        raise ModelError(f"{what} is not JSON: {_show(str(error))}") from None


def parse_toml(data: bytes, what: str) -> dict[str, typing.Any]:
    """TOML of unknown origin. what: the name of the thing in messages. Raises ModelError."""
    try:
        return tomllib.loads(data.decode("utf-8").replace("\r\n", "\n"))
    except RecursionError:
        raise ModelError(f"{what} is nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError, a number of 5,000 digits
        raise ModelError(f"{what} is not TOML: {error}") from None


def convert(hint: typing.Any, value: object, path: str) -> typing.Any:
    """`value` as the declared type `hint`; ModelError naming `path` if it is not of that type."""
    origin, choices = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        if value not in choices:
            words = f"{path} is {_show(value)}; it must be one of {', '.join(map(str, choices))}"
            raise ModelError(words, _nearest(value, choices))
        return value
    if origin in (typing.Union, types.UnionType):
        if value == "" and choices[0] is str:
            raise ModelError(f"{path} is empty", "leave it out")
        return None if value is None else convert(choices[0], value, path)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise ModelError(f"{path} must be a list, not {_show(value)}")
        return tuple(convert(choices[0], item, f"{path}[{i}]") for i, item in enumerate(value))
    if origin is dict:  # a name alone stands for all of it: {name: 1.0}
        if isinstance(value, str) and choices[1] is float:
            return {value: 1.0}
        if not isinstance(value, dict):
            raise ModelError(f"{path} must be a table of numbers, not {_show(value)}")
        return {str(key): convert(choices[1], item, f"{path}.{key}") for key, item in value.items()}
    if dataclasses.is_dataclass(hint):
        return build(hint, value, path)
    if type(value) is int and value.bit_length() > 63:
        raise ModelError(f"{path} has more digits than any setting needs")
    if hint is float and type(value) is int:
        value = float(value)
    if hint is str and isinstance(value, str) and "\0" in value:
        raise ModelError(f"{path} must be a text without NUL characters")
    if type(value) is not hint:  # not isinstance: True is an int, and "lr = true" is a mistake
        raise ModelError(f"{path} must be of type {hint.__name__}, not {_show(value)}")
    if hint is float and not abs(value) < float("inf"):
        raise ModelError(f"{path} must be a finite number, not {value}")
    return value


def unknown_key(path: str, key: object, known: typing.Iterable[str]) -> ModelError:
    """The error for a key that does not exist, with the nearest one that does."""
    return ModelError(f'there is no setting "{path}"', _nearest(key, known) or f"known here: {', '.join(known)}")


def _nearest(word: object, known: typing.Iterable[object]) -> str:
    near = difflib.get_close_matches(str(word), [str(k) for k in known], n=1, cutoff=0.5)
    return f'did you mean "{near[0]}"?' if near else ""


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
