"""Weights as a safetensors file: the header by itself, and tensors that are exactly those the model asks for.

The file is read once and never mapped into memory: a mapped file that somebody truncates later kills the process.
torch and numpy are imported inside the functions, so that counting parameters needs none.
"""

import math
import typing
from collections.abc import Mapping
from typing import BinaryIO, Literal

from tfcli.config import ModelConfig
from tfcli.config.schema import parse_json
from tfcli.errors import ModelError

if typing.TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

Dtype = Literal["float32", "float16", "bfloat16"]
"""How the floating-point tensors of a file are stored."""

Header = dict[str, tuple[str, tuple[int, ...]]]
"""safetensors' code of the data type, and the shape, of each tensor."""

FILE = "model.safetensors"
_MAX_HEADER_BYTES = 1 << 20
_CODES = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "bool": "BOOL"}
_LARGEST_ITEM_BYTES = 8
_NUMPY = {"F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "BOOL": "?"}


def read_header(file: BinaryIO) -> Header:
    """What a safetensors file says it holds, read from where it begins. ModelError if it is damaged."""
    size = int.from_bytes(file.read(8), "little")
    if size > _MAX_HEADER_BYTES:
        raise ModelError(f"{FILE} is damaged: its header claims {size:,} bytes")
    entries = parse_json(file.read(size), f"the header of {FILE}")
    try:
        header = {
            name: (entry["dtype"], tuple(entry["shape"])) for name, entry in entries.items() if name != "__metadata__"
        }
        whole = all(type(length) is int and length >= 0 for _, shape in header.values() for length in shape)
    except (AttributeError, KeyError, TypeError):
        whole = False
    if not whole:
        raise ModelError(f"{FILE} is damaged: its header does not describe tensors")
    return header


def most_bytes(file: BinaryIO) -> int:
    """How large a file that says so of its tensors can be at most."""
    return 8 + _MAX_HEADER_BYTES + _LARGEST_ITEM_BYTES * count_parameters(file)


def count_parameters(file: BinaryIO) -> int:
    """How many numbers a safetensors file says it holds."""
    return sum(math.prod(shape) for _, shape in read_header(file).values())


def save(state: "Mapping[str, Tensor]", dtype: Dtype) -> bytes:
    """A safetensors file of a model's state_dict, floating-point tensors in `dtype`."""
    import safetensors.torch
    import torch

    target = getattr(torch, dtype)
    tensors = {
        name: tensor.detach().to("cpu", target if tensor.is_floating_point() else tensor.dtype).contiguous()
        for name, tensor in state.items()
    }
    return safetensors.torch.save(tensors)


def load(file: BinaryIO, config: ModelConfig, dtype: Dtype) -> "nn.Module":
    """The model of `config` with the weights of a safetensors file, in the file's `dtype`, in evaluation mode.

    Nothing is allocated before names, shapes and types in the header equal those of the model. ModelError if they do
    not, if the file is damaged, or if a weight is not finite.
    """
    from tfcli.build import empty_model

    model = empty_model(config)
    wanted: Header = {}
    for name, tensor in model.state_dict().items():
        stored = dtype if tensor.is_floating_point() else str(tensor.dtype).removeprefix("torch.")
        wanted[name] = (_CODES[stored], tuple(tensor.shape))
    model.load_state_dict(read_tensors(file, wanted), assign=True)
    return model.eval()


def read_tensors(file: BinaryIO, wanted: Header) -> "dict[str, Tensor]":
    """The tensors of a safetensors file that holds exactly those that are wanted; errors as of `load`."""
    import safetensors.torch

    file.seek(0)
    _compare(read_header(file), wanted)
    numbers = sum(math.prod(shape) for _, shape in wanted.values())
    file.seek(0)
    try:
        state = safetensors.torch.load(file.read(8 + _MAX_HEADER_BYTES + _LARGEST_ITEM_BYTES * numbers))
    except safetensors.SafetensorError as error:
        raise ModelError(f"{FILE} is damaged: {error}") from None
    for name, tensor in state.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise _not_finite(name)
    return state


def read_arrays(file: BinaryIO) -> "dict[str, np.ndarray]":
    """The tensors of a safetensors file, without torch, in the data types of the file; bfloat16, which numpy does not
    know, comes as float32. ModelError if the file is damaged or a weight is not finite; which names and shapes there
    must be, only who asks can tell."""
    import numpy as np
    import safetensors

    codes = {code for code, _ in read_header(file).values()}
    if strange := codes - set(_NUMPY):
        raise ModelError(f"{FILE} holds numbers of the type {str(min(map(str, strange)))[:10]}, which no model has")
    file.seek(0)
    try:
        stored = safetensors.deserialize(file.read())
    except safetensors.SafetensorError as error:
        raise ModelError(f"{FILE} is damaged: {error}") from None
    arrays = {}
    for name, entry in stored:
        array = np.frombuffer(entry["data"], _NUMPY[entry["dtype"]])
        if entry["dtype"] == "BF16":
            array = (array.astype("<u4") << 16).view("<f4")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise _not_finite(name)
        arrays[name] = array.reshape(entry["shape"])
    return arrays


def _not_finite(name: str) -> ModelError:
    return ModelError(f'the weights "{name[:80]}" have values that are not finite')


def _compare(found: Header, wanted: Header) -> None:
    for name in wanted:
        if name not in found:
            raise ModelError(f'{FILE} lacks the tensor "{name}" that config.json asks for')
    for name, entry in found.items():
        if name not in wanted:
            raise ModelError(f'{FILE} has a tensor "{name[:80]}" that config.json does not ask for')
        if entry != wanted[name]:
            raise ModelError(f'"{name}" is {_show(entry)} in {FILE}; config.json asks for {_show(wanted[name])}')


def _show(entry: tuple[str, tuple[int, ...]]) -> str:
    dtype, shape = entry
    return f"{str(dtype)[:10]} {' x '.join(str(length)[:20] for length in shape[:8])}"
