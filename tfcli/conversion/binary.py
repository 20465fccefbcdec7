"""model.bin, CTranslate2's binary file of a model: its layout and its quantization.

Written from CTranslate2's `python/ctranslate2/specs/model_spec.py` (binary version 6), and compared with what that
writes by `tests/test_conversion.py`. That module itself cannot be used: it imports torch wherever torch is installed.
"""

import hashlib
import struct
from collections.abc import Iterator, Mapping

import numpy as np

from tfcli.conversion.convert import Quantization

Array = np.ndarray

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
