"""The model folder on disk, laid out as on the Hugging Face Hub: inference only, no optimizer, no pickle, no code.

config.json, model.safetensors and tokenizer.model make the model; README.md (the card), metrics.json and recipe.toml
tell its story. A folder may come from anybody, so everything is checked before it is used.
"""

import contextlib
import dataclasses
import hashlib
import io
import json
import os
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tfcli import weights
from tfcli.config import Confidence, ModelConfig
from tfcli.config.schema import build, parse_json
from tfcli.disk import open_regular, read_whole, replace_folder
from tfcli.errors import ModelError, NotFoundError, UsageError
from tfcli.locating import CONFIG as CONFIG
from tfcli.locating import locate as locate
from tfcli.locating import shipped as shipped
from tfcli.metrics import FILE as METRICS
from tfcli.metrics import check_metrics
from tfcli.tokenizer import Tokenizer

if typing.TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

FORMAT = 1
WEIGHTS, TOKENIZER = weights.FILE, "tokenizer.model"
CARD, RECIPE = "README.md", "recipe.toml"
REQUIRED = (WEIGHTS, CONFIG, TOKENIZER)
FILES = (*REQUIRED, CARD, METRICS, RECIPE)

_MAX_CONFIG_BYTES = 64 << 10
_MAX_STORY_BYTES = 4 << 20
_MAX_TOKENIZER_BYTES = 16 << 20
_MAX_TABLE = 1 << 26  # max_length x d_model: tables of positions are made from the config, not read from the file


@dataclass(frozen=True)
class Aligner:
    """Where a model's cross-attention aligns best, measured by `attention_maps/aligner.py` when training ends.

    view: the layer whose heads, on average, align best while a token is chosen; 0: not measured, take the last. layer,
    head: the best place to read word links from; head 0 is the mean of the heads. after: read it one step later, when
    the token has been read again. Layers and heads count from 1.
    """

    view: int = 0
    layer: int = 0
    head: int = 0
    after: bool = False


@dataclass(frozen=True)
class BundleConfig:
    """config.json. source, target: language codes. tokenizer_sha256: of the file tokenizer.model, in hex. dtype: how
    the weights are stored. library_version: the tfcli that wrote it. license: of the weights, as an SPDX identifier.
    aligner: which part of its cross-attention aligns best. confidence: what its scores are worth."""

    format: int
    source: str
    target: str
    model: ModelConfig
    tokenizer_sha256: str
    dtype: weights.Dtype
    library_version: str
    license: str = ""
    aligner: Aligner = Aligner()
    confidence: Confidence = Confidence()

    def __post_init__(self):
        length, width = self.model.max_length, self.model.d_model
        if length * width > _MAX_TABLE:
            raise ModelError(f"model.max_length = {length} is too much for model.d_model = {width}")
        layers, heads = self.model.num_decoder_layers, self.model.num_heads
        for name, most in (("view", layers), ("layer", layers), ("head", heads)):
            if not 0 <= (number := getattr(self.aligner, name)) <= most:
                raise ModelError(f"aligner.{name} is {number}; this model has {most}")


@dataclass(frozen=True)
class Bundle:
    """A model folder whose config was read. Other files are read and checked when they are asked for, or ModelError."""

    folder: Path
    config: BundleConfig

    def tokenizer(self) -> Tokenizer:
        """The tokenizer, if it is the one the model was trained with."""
        with _naming(self.folder):
            data = _read(self.folder / TOKENIZER, _MAX_TOKENIZER_BYTES)
            _check_tokenizer(data, self.config)
            tokenizer = Tokenizer(data)
            entries, expected = len(tokenizer), self.config.model.vocab_size
            if entries != expected:
                raise ModelError(f"{TOKENIZER} has {entries} entries, model.vocab_size is {expected}")
            return tokenizer

    def load_model(self, dtype: str = "float32") -> "nn.Module":
        """The model in evaluation mode, on the CPU, its weights in `dtype` (a name in torch)."""
        import torch

        with _naming(self.folder), self.open_weights() as file:
            return weights.load(file, self.config.model, self.config.dtype).to(getattr(torch, dtype))

    def arrays(self) -> "dict[str, np.ndarray]":
        """The weights for engines that do without torch; see `weights.read_arrays`."""
        with _naming(self.folder), self.open_weights() as file:
            return weights.read_arrays(file)

    def num_parameters(self) -> int:
        """Counted from the header of the weights, without torch."""
        with _naming(self.folder), self.open_weights() as file:
            return weights.count_parameters(file)

    def open_weights(self) -> typing.BinaryIO:
        """The file of the weights, at its beginning; it is no larger than what it says it holds."""
        file = open_regular(self.folder / WEIGHTS)
        try:
            most = weights.most_bytes(file)
            if os.fstat(file.fileno()).st_size > most:
                raise ModelError(f"{WEIGHTS} is damaged: it is larger than the tensors that it names")
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

    def metrics(self) -> dict[str, typing.Any]:
        """What was measured when the model was made; empty if nothing was."""
        with _naming(self.folder):
            return check_metrics(parse_json(_read(self.folder / METRICS, _MAX_STORY_BYTES) or b"{}", METRICS))

    def card(self) -> str:
        """The model card in Markdown; empty if there is none."""
        with _naming(self.folder):
            return _read(self.folder / CARD, _MAX_STORY_BYTES).decode("utf-8", "replace")


def read_bundle(folder: Path) -> Bundle:
    """The bundle in a folder. NotFoundError if there is no such folder, ModelError if it holds no usable model."""
    hint = f"train one with   tfcli train --run-dir {folder}\nor fetch one     tfcli pull owner/name"
    if not folder.is_dir():
        raise NotFoundError(f'no model at "{folder}": there is no such folder', hint)
    for name in REQUIRED:
        if not (folder / name).is_file():
            raise ModelError(f'no model at "{folder}": {name} is missing', hint)
    with _naming(folder):
        values = parse_json(_read(folder / CONFIG, _MAX_CONFIG_BYTES), CONFIG)
        if isinstance(values, dict) and values.get("format", FORMAT) != FORMAT:
            raise ModelError(
                f"its format is {str(values['format'])[:20]}; this tfcli reads format {FORMAT}",
                "a newer tfcli may read it   pip install --upgrade tfcli",
            )
        return Bundle(folder, build(BundleConfig, values))


def write_bundle(
    folder: Path,
    *,
    config: BundleConfig,
    state: "Mapping[str, Tensor]",
    tokenizer: Tokenizer,
    recipe_toml: str,
    metrics: Mapping[str, typing.Any],
    card: str,
) -> Path:
    """Writes a bundle and returns its folder, which appears complete or not at all. One that was there is replaced.

    state: the model's state_dict, each tensor under one name. recipe_toml: empty if there is none. Raises ModelError if
    weights or tokenizer do not fit the config, UsageError if something else than a bundle is in the way, ResourceError
    if the disk does not take it.
    """
    folder = folder.resolve()
    data = weights.save(state, config.dtype)
    weights.load(io.BytesIO(data), config.model, config.dtype)  # whatever would be refused later is refused now
    _check_tokenizer(tokenizer.model, config)
    files = {
        WEIGHTS: data,
        TOKENIZER: tokenizer.model,
        CONFIG: _to_json(dataclasses.asdict(config)),
        METRICS: _to_json(metrics),
        **({RECIPE: recipe_toml.encode()} if recipe_toml else {}),
        CARD: card.encode(),
    }
    refuse_to_replace(folder)
    replace_folder(folder, files, FILES)
    return folder


def refuse_to_replace(folder: Path) -> None:
    """UsageError if a bundle cannot be put there without destroying what tfcli did not write: there is a file, or a
    folder that has something in it but no config of tfcli."""
    if not os.path.lexists(folder) or folder.is_dir() and not os.listdir(folder):
        return
    with contextlib.suppress(ModelError, OSError):
        values = parse_json(read_whole(folder / CONFIG, _MAX_CONFIG_BYTES), CONFIG)
        if isinstance(values, dict) and {"format", "tokenizer_sha256", "library_version"} <= values.keys():
            return
    raise UsageError(f'"{folder}" is in the way: it exists and is not a model of tfcli', "choose another folder")


@contextlib.contextmanager
def _naming(folder: Path) -> Iterator[None]:
    """ModelErrors from inside say which model they are about."""
    try:
        yield
    except ModelError as error:
        raise ModelError(f'cannot use the model at "{folder}": {error.message}', error.hint) from None


def _read(path: Path, most: int) -> bytes:
    """The bytes of a small file; none if it does not exist."""
    try:
        return read_whole(path, most)
    except FileNotFoundError:
        return b""


def _check_tokenizer(data: bytes, config: BundleConfig) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != config.tokenizer_sha256:
        raise ModelError(
            f"{TOKENIZER} is not the one it was trained with",
            f"SHA-256 of the file     {found}\nSHA-256 it should have  {config.tokenizer_sha256[:80]}",
        )


def _to_json(values: Mapping[str, typing.Any]) -> bytes:
    return (json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
