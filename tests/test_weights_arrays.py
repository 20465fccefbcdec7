"""Weights for engines without torch: the same numbers, the same refusals."""

import io

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save

from tfcli import weights
from tfcli.bundle import read_bundle
from tfcli.errors import ModelError


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_arrays_are_what_was_saved(dtype):
    state = {"a": torch.randn(3, 5) * 1e3, "b": torch.randn(()), "c": torch.arange(4), "d": torch.empty(0, 2)}
    arrays = weights.read_arrays(io.BytesIO(weights.save(state, dtype)))
    assert arrays.keys() == state.keys()
    for name, tensor in state.items():
        stored = tensor.to(getattr(torch, dtype)) if tensor.is_floating_point() else tensor
        same = stored.float() if dtype == "bfloat16" and stored.is_floating_point() else stored
        assert torch.equal(torch.from_numpy(arrays[name].copy()), same)


def test_arrays_of_a_bundle_are_the_weights_of_its_model(tiny_bundle):
    arrays, state = tiny_bundle.arrays(), tiny_bundle.load_model().state_dict()
    assert arrays.keys() == state.keys()
    assert all(torch.equal(torch.from_numpy(arrays[name].astype("float32")), state[name]) for name in state)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite_is_refused(value):
    for dtype in ("float32", "float16", "bfloat16"):
        data = weights.save({"a": torch.ones(3), "bad": torch.tensor([1.0, value])}, dtype)
        with pytest.raises(ModelError, match='"bad" have values that are not finite'):
            weights.read_arrays(io.BytesIO(data))


def test_a_strange_type_is_refused():
    with pytest.raises(ModelError, match="type F8_E4M3, which no model has"):
        weights.read_arrays(io.BytesIO(save({"a": torch.ones(2).to(torch.float8_e4m3fn)})))


WHOLE = weights.save({"a": torch.ones(3, 2), "b": torch.zeros(4)}, "float16")


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255), st.booleans())
def test_a_damaged_file_is_refused_or_holds_numbers(place, byte, cut):
    damaged = WHOLE[:place] if cut else WHOLE[:place] + bytes([byte]) + WHOLE[place + 1 :]
    try:
        arrays = weights.read_arrays(io.BytesIO(damaged))
    except ModelError:
        return
    assert not cut and sum(array.nbytes for array in arrays.values()) <= len(WHOLE)


def test_a_damaged_bundle_is_named(tiny_copy):
    path = tiny_copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelError, match=f'cannot use the model at "{tiny_copy}": model.safetensors is damaged'):
        read_bundle(tiny_copy).arrays()
