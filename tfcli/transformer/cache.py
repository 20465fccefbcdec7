"""What a decoder remembers between steps.

Shapes: B batch, H heads, M keys so far, K d_head.
"""

import torch
from torch import Tensor

_GROWTH = 32
"""Room is made for so many more tokens at a time: copying all keys at every step would be quadratic."""


class LayerCache:
    """The memory of one decoder layer: named tensors whose first dimension is the batch. tensors: of what was decoded.
    source: of the source sentence."""

    def __init__(self):
        self.tensors: dict[str, Tensor] = {}
        self.source: dict[str, Tensor] = {}

    def append(self, name: str, new_BHTK: Tensor, length: int) -> Tensor:
        """Writes `new` behind the first `length` entries and returns all, (B, H, length + T, K)."""
        end = length + new_BHTK.size(2)
        store = self.tensors.get(name)
        if store is None or store.size(2) < end:
            B, H, T, K = new_BHTK.shape
            larger = new_BHTK.new_empty(B, H, end + _GROWTH, K)
            if store is not None:
                larger[:, :, :length] = store[:, :, :length]
            self.tensors[name] = store = larger
        store[:, :, length:end] = new_BHTK
        return store[:, :, :end]


class Cache:
    """One LayerCache per decoder layer; `length` is the number of tokens already decoded."""

    def __init__(self, num_layers: int):
        self.length = 0
        self.layers = [LayerCache() for _ in range(num_layers)]

    def select(self, rows: Tensor) -> None:
        """Keeps the given sentences of the batch, in the given order."""
        self.reorder(rows)
        for layer in self.layers:
            layer.source = _take(layer.source, rows)

    def reorder(self, rows: Tensor) -> None:
        """Each row goes on with what was decoded in another one of the same source sentence."""
        for layer in self.layers:
            layer.tensors = _take(layer.tensors, rows)


def _take(tensors: dict[str, Tensor], rows: Tensor) -> dict[str, Tensor]:
    return {name: torch.index_select(tensor, 0, rows) for name, tensor in tensors.items()}
