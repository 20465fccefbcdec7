"""The matrix products of a piece of work, and how fast this machine computes them when it does nothing else."""

import math
from collections import Counter
from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from tests.benchmarks.side_by_side import Times, best, timed

_MATMULS = (torch.ops.aten.mm.default, torch.ops.aten.addmm.default, torch.ops.aten.bmm.default)
_ROUNDS = 5

Layout = tuple[torch.dtype, tuple[int, ...], tuple[int, ...]]
"""Type, shape and strides of a matrix, or of a batch of them."""
Products = Counter[tuple[Layout, Layout]]


class _Recorder(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.products: Products = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func in _MATMULS:
            self.products[_layout(args[-2]), _layout(args[-1])] += 1
        return func(*args, **(kwargs or {}))


def _layout(tensor: Tensor) -> Layout:
    return tensor.dtype, tuple(tensor.shape), tensor.stride()


def record_products(work: Callable[[], object]) -> Products:
    """How often `work` multiplies which matrices."""
    with _Recorder() as recorder:
        work()
    return recorder.products


def count_flops(products: Products) -> int:
    """Two for each multiplication and addition."""
    return sum(2 * math.prod(a[1]) * b[1][-1] * count for (a, b), count in products.items())


def time_products(products: Products) -> Times:
    """The time of all products by themselves, each the best of a few."""
    wall = cpu = 0.0
    for (a, b), count in products.items():
        left, right = _filled(a), _filled(b)
        times = best([timed(lambda: left @ right) for _ in range(_ROUNDS)])  # noqa: B023
        wall, cpu = wall + count * times.wall, cpu + count * times.cpu
    return Times(wall, cpu)


def _filled(layout: Layout) -> Tensor:
    dtype, shape, strides = layout
    return torch.empty_strided(shape, strides, dtype=dtype).fill_(0.01)
