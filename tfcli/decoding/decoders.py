"""How each kind of torch model is decoded: the one place that knows."""

from collections.abc import Callable, Sequence

import torch
from torch import nn

from tfcli.decoding.beam import beam
from tfcli.decoding.greedy import greedy
from tfcli.decoding.hypothesis import Hypothesis
from tfcli.decoding.parallel import parallel
from tfcli.decoding.search import Search

DECODERS: dict[str, Callable[..., list[Hypothesis]]] = {"greedy": greedy, "parallel": parallel}
"""By `model.decoding`: what finds one hypothesis for each sentence."""


def decode(
    model: nn.Module, src: Sequence[Sequence[int]], search: Search, device: torch.device | str = "cpu"
) -> list[list[Hypothesis]]:
    """For each source sentence its hypotheses, the best first, found the way this model is decoded."""
    if search.beam_size > 1:
        return beam(model, src, search, device)
    return [[hypothesis] for hypothesis in DECODERS[model.decoding](model, src, search, device)]
