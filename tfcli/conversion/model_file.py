"""The files of a CTranslate2 model: its binary layout, its quantization, its config and its vocabulary.

Written from CTranslate2's `python/ctranslate2/specs/model_spec.py` (binary version 6), and compared with what that
writes by `tests/test_conversion.py`. That module itself cannot be used: it imports torch wherever torch is installed.
"""

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, get_args

import numpy as np

from tfcli.config import BOS, EOS, UNK

Array = np.ndarray
Quantization = Literal["int8", "int16", "float32"]
QUANTIZATIONS: tuple[Quantization, ...] = get_args(Quantization)

MODEL, CONFIG, VOCABULARY = "model.bin", "config.json", "shared_vocabulary.json"
_VERSION, _SPEC, _REVISION = 6, "TransformerSpec", 7
_TYPES = ("float32", "int8", "int16", "int32", "float16", "bfloat16")
"""A type is stored as its place among these."""


def serialize(variables: Mapping[str, Array], quantization: Quantization) -> bytes:
    """model.bin: the variables in alphabetical order, each equal array once, the matrices quantized.

    variables: floating-point ones in float32. They are left as they are.
    """
    aliases = find_aliases(variables)
    stored: dict[str, Array] = {}
    for name, array in variables.items():
        if name not in aliases:
            stored |= _quantize(name, array, quantization)
    parts = [struct.pack("<I", _VERSION), _string(_SPEC), struct.pack("<II", _REVISION, len(stored))]
    for name, array in sorted(stored.items()):
        shape = struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
        kind = struct.pack("<BI", _TYPES.index(array.dtype.name), array.nbytes)
        parts += [_string(name), shape, kind, array.tobytes()]
    parts.append(struct.pack("<I", len(aliases)))
    parts += [_string(name) + _string(first) for name, first in sorted(aliases.items())]
    return b"".join(parts)


def find_aliases(variables: Mapping[str, Array]) -> dict[str, str]:
    """The variables that hold the same as one that comes before them in the alphabet, with the first such one."""
    first: dict[tuple, str] = {}
    aliases = {}
    for name, array in sorted(variables.items()):
        if array.ndim:
            content = array.dtype, array.shape, hashlib.sha256(np.ascontiguousarray(array)).digest()
            if (other := first.setdefault(content, name)) != name:
                aliases[name] = other
    return aliases


def _quantize(name: str, array: Array, quantization: Quantization) -> Iterator[tuple[str, Array]]:
    """A variable as it is stored; a matrix that is multiplied or looked up as integers, with its scale."""
    if not name.endswith("/weight") or quantization == "float32":
        yield name, array
    elif quantization == "int8":
        most = np.abs(array).max(axis=1)
        most[most == 0] = 127.0
        most = np.maximum(most, np.float32(127) / np.finfo(np.float32).max)  # or the scale of a tiny row is infinite
        scale = 127.0 / most
        yield name, np.rint(array * scale[:, None]).astype(np.int8)
        yield f"{name}_scale", scale
    else:
        scale = np.float32(
            2**10 / (np.abs(array).max() or 1)
        )  # 10 bits, so that 12 are left of 32 to sum products of 20
        limits = np.iinfo(np.int16)
        yield name, np.rint(array * scale).clip(limits.min, limits.max).astype(np.int16)
        yield f"{name}_scale", scale


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<H", len(data) + 1) + data + b"\0"


def config_json(names: Sequence[str]) -> bytes:
    """config.json of a model whose tokens have these names. It adds the end of a source sentence itself."""
    config = {
        "add_source_bos": False,
        "add_source_eos": True,
        "bos_token": names[BOS],
        "decoder_start_token": names[BOS],
        "eos_token": names[EOS],
        "layer_norm_epsilon": None,  # that of the kind of norm: 1e-5, or 1e-6 for RMS, as ours
        "multi_query_attention": False,
        "unk_token": names[UNK],
    }
    return (json.dumps(config, indent=2, sort_keys=True) + "\n").encode()


def vocabulary_json(names: Sequence[str]) -> bytes:
    """shared_vocabulary.json: the name of each token, in the order of the ids."""
    return json.dumps(names, indent=2).encode()
