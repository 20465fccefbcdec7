"""A finished model whose matrices lie in memory the way oneDNN's kernels read them.

PyTorch multiplies float32 matrices with MKL, which on some processors leaves half of their vector width unused, and
bfloat16 ones with oneDNN, which orders a weight anew at every call. Ordering each weight once and for all is worth
1.3 to 1.8 times the sentences a second (tests/benchmarks/engine_speed.py); the results are the same up to rounding.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfcli.transformer.seq2seq import Seq2Seq

_ROWS = 64
"""How many rows the order is chosen for; it serves any other number too."""


class PackedLinear(nn.Module):
    """x Wᵀ + b, for inference only. The operations belong to PyTorch's compiler and have no public name."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None):
        super().__init__()
        self.bias = bias
        with torch.no_grad():
            self.packed = torch.ops.mkldnn._reorder_linear_weight(weight.detach(), _ROWS)
        self.multiply = torch.ops.mkldnn._linear_pointwise.default

    def forward(self, x: Tensor) -> Tensor:
        rows = x.numel() // x.size(-1)
        if (more := few_sizes(rows) - rows) == 0:
            return self.multiply(x, self.packed, self.bias, "none", [], "")
        filled = F.pad(x.reshape(rows, -1), (0, 0, 0, more))
        return self.multiply(filled, self.packed, self.bias, "none", [], "")[:rows].unflatten(0, x.shape[:-1])


def few_sizes(rows: int) -> int:
    """The next of eight numbers to each power of two: oneDNN keeps up to a megabyte for every number it meets."""
    step = 1 << max(rows.bit_length() - 4, 0)
    return -(-rows // step) * step


def pack(model: Seq2Seq) -> None:
    """Packs all linear layers and the output matrix of a model on the CPU. Where the processor, the data type or this
    PyTorch does not allow it, the model stays as it is."""
    try:
        output = PackedLinear(model.output_weight_VD)
        layers = {name: PackedLinear(m.weight, m.bias) for name, m in model.named_modules() if isinstance(m, nn.Linear)}
    except (RuntimeError, AttributeError):
        return
    for name, layer in layers.items():
        model.set_submodule(name, layer)
    # A plain attribute in front of the method: as a module it would stand behind it.
    object.__setattr__(model, "logits", output)
