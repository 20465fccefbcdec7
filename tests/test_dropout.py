"""Dropout drops as often as it is told to, independently, and leaves the mean alone."""

import math

import pytest
import torch

from tfcli.transformer.dropout import Dropout


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5, 0.97])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_share_and_the_scale(p, dtype):
    x = torch.ones(400, 251, dtype=dtype)
    y = Dropout(p)(x)
    kept, count = (y != 0).sum().item(), x.numel()
    assert abs(kept - (1 - p) * count) < 6 * math.sqrt(count * p * (1 - p))
    torch.testing.assert_close(y[y != 0], torch.full((kept,), 1 / (1 - p), dtype=dtype), rtol=1e-2, atol=0)


def test_neighbours_are_dropped_independently():
    """Each random number decides four elements: of all pairs among eight neighbours, as many are kept together as
    chance keeps."""
    count = 200_000
    kept = (Dropout(0.5)(torch.ones(count, 8)) != 0).double()
    together = kept.T @ kept / count
    expected = torch.full((8, 8), 0.25, dtype=torch.float64).fill_diagonal_(0.5)
    torch.testing.assert_close(together, expected, atol=6 * 0.5 / math.sqrt(count), rtol=0)


def test_the_gradient_is_the_mask_and_another_call_another_one():
    x = torch.randn(7, 33, requires_grad=True)
    drop = Dropout(0.4)
    y = drop(x)
    y.sum().backward()
    torch.testing.assert_close(x.grad, (y / x).detach())
    assert not torch.equal(drop(x), drop(x))


def test_the_same_random_state_gives_the_same_mask():
    drop, x = Dropout(0.4), torch.randn(5, 9)
    state = torch.get_rng_state()
    first = drop(x)
    torch.set_rng_state(state)
    assert torch.equal(first, drop(x))


@pytest.mark.parametrize("shape", [(0, 3), (1,), (3, 5, 7), (2, 4)])
def test_all_shapes_also_transposed(shape):
    x = torch.ones(shape).transpose(0, -1)
    assert Dropout(0.5)(x).shape == x.shape


def test_nothing_is_dropped_in_evaluation_or_at_zero():
    x = torch.randn(50, 50)
    assert torch.equal(Dropout(0.9).eval()(x), x) and torch.equal(Dropout(0.0)(x), x)
