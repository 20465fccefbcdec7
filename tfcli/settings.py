"""The settings that commands share, and where each value came from. No torch here.

Every value is taken from the first place that has one: the command line, the environment (`TFCLI_DEVICE=cuda`),
`tfcli.toml` in the current folder, `config.toml` in the user's folder, the built-in default.
"""

import os
import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import platformdirs

from tfcli.config import Engine, schema
from tfcli.disk import read_whole
from tfcli.errors import ModelError, UsageError

EngineChoice = Literal[("auto", *typing.get_args(Engine))]
Dtype = Literal["auto", "int8", "float32", "bfloat16"]
Split = Literal["auto", "off"]
Protect = Literal["url", "email", "placeholder", "tag", "code", "time", "emoji", "file", "name", "number"]
EncodingErrors = Literal["replace", "strict"]
Normalization = Literal["none", "t2s", "tw2sp"]

PROTECTED: tuple[Protect, ...] = typing.get_args(Protect)

PREFIX = "TFCLI_"
FOLDER_FILE = "tfcli.toml"
_MAY_BE_ZERO = ("flag_below", "length_penalty")
_MAX_FILE_BYTES = 1 << 20
_MANY = 1_000_000_000
_MOST = {"threads": 1024, "length_ratio": 1000}
"""Thousands of threads take minutes to start, and more than the system has room for end the process."""


@dataclass(frozen=True)
class Settings:
    """How a model is found and run. None: the model or the machine decides."""

    model: str = "zh-en"
    device: str = "auto"  # auto, cpu, cuda, cuda:N or mps
    dtype: Dtype = "auto"
    engine: EngineChoice = "auto"
    threads: int | None = None
    processes: int | None = None  # that translate a file or score a corpus
    batch_tokens: int | None = None
    max_length: int | None = None  # tokens of one translation
    length_ratio: float | None = None  # target tokens per source token
    beam: int = 1  # partial translations that are kept at every step; 1 is greedy search
    length_penalty: float = 1.0  # of a beam: above 1 prefers longer translations
    normalize: Normalization = "none"  # what is done to a text before the model reads it
    split: Split = "auto"
    protect: tuple[Protect, ...] = PROTECTED
    glossary: tuple[str, ...] = ()  # TSV files of terms and their translations; later ones come first
    flag_below: float | None = None  # confidence, 0 to 1, under which a translation is flagged as unsure
    encoding_errors: EncodingErrors = "replace"


@dataclass(frozen=True)
class Resolved:
    """Settings, and for each of them the place it came from, in words."""

    settings: Settings
    origins: Mapping[str, str]


def user_file() -> Path:
    """The file with the settings of this user; it need not exist."""
    return platformdirs.user_config_path("tfcli") / "config.toml"


def cache_folder() -> Path:
    """Where what can be made again is kept for this user; it need not exist."""
    return platformdirs.user_cache_path("tfcli")


def resolve(flags: Mapping[str, object] | None = None, environ: Mapping[str, str] = os.environ) -> Resolved:
    """The settings in force in the current folder.

    flags: values from the command line, None where an option was not given. Text is read alike wherever it comes from.
    Raises UsageError for an option or variable, ModelError for a file, that is unknown or has a bad value, by name.
    """
    variables = [key for key, value in environ.items() if key.startswith(PREFIX) and value]
    values: dict[str, Any] = {}
    origins = dict.fromkeys(_HINTS, "built-in")

    def take(found: Mapping[str, object], label: Callable[[str], str]) -> None:
        for name, value in found.items():
            if name not in _HINTS:
                raise schema.unknown_key(label(name), label(name), [label(known) for known in _HINTS])
            values[name], origins[name] = _check(name, value, label(name)), label(name)

    for path in (user_file(), Path(FOLDER_FILE)):
        take(_read(path), lambda name, path=path: f"{name} in {path}")
    try:
        take({key.removeprefix(PREFIX).lower(): environ[key] for key in variables}, variable)
        take({name: value for name, value in (flags or {}).items() if value is not None}, flag)
    except ModelError as error:
        raise UsageError(error.message, error.hint) from None
    return Resolved(Settings(**values), origins)


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def flag(name: str) -> str:
    """The command-line option of a setting."""
    return "--" + name.replace("_", "-")


def _read(path: Path) -> dict[str, Any]:
    try:
        return schema.parse_toml(read_whole(path, _MAX_FILE_BYTES), str(path))
    except FileNotFoundError:
        return {}


def _check(name: str, value: object, label: str) -> Any:
    """The value of a setting in its declared type and within its bounds; ModelError naming `label` if it is not."""
    hint = _HINTS[name]
    checked = schema.convert(hint, _parse(hint, value) if isinstance(value, str) else value, label)
    if name == "device" and not re.fullmatch("auto|cpu|mps|cuda(:[0-9]+)?", checked):
        raise ModelError(f'{label} is "{checked}"; it must be auto, cpu, cuda, cuda:N or mps')
    if name == "flag_below" and not 0 <= checked <= 1:
        raise ModelError(f"{label} must be from 0 to 1, not {checked}")
    most = _MOST.get(name, _MANY)
    if isinstance(checked, int | float) and (
        checked < 0 or checked == 0 and name not in _MAY_BE_ZERO or checked > most
    ):
        raise ModelError(f"{label} must be more than 0 and at most {most:,}, not {checked}")
    return checked


def _parse(hint: Any, text: str) -> object:
    """Text as the declared type, as far as it can be read; what cannot stays text for the type check to refuse."""
    if typing.get_origin(hint) is tuple:
        return [] if text == "none" else [part.strip() for part in text.split(",")]
    for kind in (int, float):
        if kind in (hint, *typing.get_args(hint)):
            try:
                return kind(text)
            except ValueError:
                return text
    return text


_HINTS = typing.get_type_hints(Settings)
