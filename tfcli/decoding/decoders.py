"""How each kind of model is decoded: the one place that knows."""

from collections.abc import Callable, Sequence

import torch
from torch import nn

from tfcli.decoding.greedy import greedy
from tfcli.decoding.hypothesis import Hypothesis
from tfcli.decoding.parallel import parallel

DECODERS: dict[str, Callable[..., list[Hypothesis]]] = {"greedy": greedy, "parallel": parallel}
"""By `model.decoding`."""


def decode(
    model: nn.Module,
    src: Sequence[Sequence[int]],
    max_lengths: Sequence[int],
    prefix: Sequence[int] = (),
    device: torch.device | str = "cpu",
) -> list[Hypothesis]:
    """One hypothesis for each source sentence, in order, the way this model is decoded; see `greedy`."""
    return DECODERS[model.decoding](model, src, max_lengths, prefix, device)
