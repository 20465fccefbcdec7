"""Packed matrices compute what the layers they replace compute."""

import copy

import pytest
import torch
from torch import nn

from tfcli.build import build_model
from tfcli.config import ModelConfig
from tfcli.decoding.engines import packed
from tfcli.decoding.engines.packed import PackedLinear, pack
from tfcli.decoding.greedy import greedy
from tfcli.decoding.search import Search

onednn = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this PyTorch has no oneDNN")


def random_model() -> nn.Module:
    return build_model(ModelConfig(vocab_size=75, d_model=24, d_ff=40, num_heads=3, num_encoder_layers=2)).eval()


@onednn
@pytest.mark.parametrize("shape", [(1, 5), (3, 5), (2, 7, 5), (3, 7, 5), (65, 5)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_packed_layer_is_the_layer(shape: tuple[int, ...], bias: bool):
    linear, x = nn.Linear(5, 11, bias=bias), torch.randn(shape)
    with torch.inference_mode():
        torch.testing.assert_close(PackedLinear(linear.weight, linear.bias)(x), linear(x))


def test_rows_are_rounded_up_to_few_numbers_and_not_far():
    sizes = [packed.few_sizes(rows) for rows in range(1, 4097)]
    assert all(rows <= size <= max(rows * 9 / 8, rows) for rows, size in enumerate(sizes, 1))
    assert sizes == sorted(sizes) and len(set(sizes)) <= 8 * 10 and sizes[:16] == list(range(1, 17))


@onednn
def test_a_packed_model_decodes_the_same():
    model = random_model()
    other = copy.deepcopy(model)
    pack(other)
    assert not any(isinstance(module, nn.Linear) for module in other.modules())
    src = [[20, 30, 40, 50], [12], [70, 70, 71]]
    for plain, fast in zip(greedy(model, src, Search(9)), greedy(other, src, Search(9)), strict=True):
        assert plain.ids == fast.ids
        assert plain.score == pytest.approx(fast.score, abs=1e-4)


def test_where_packing_is_impossible_the_model_stays(monkeypatch: pytest.MonkeyPatch):
    def refuse(*arguments):
        raise RuntimeError("not on this processor")

    monkeypatch.setattr(packed, "PackedLinear", refuse)
    model = random_model()
    before = dict(model.named_modules())
    pack(model)
    assert dict(model.named_modules()) == before
    assert model.logits(torch.zeros(1, 24)).shape == (1, 75)
