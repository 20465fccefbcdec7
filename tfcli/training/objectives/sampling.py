"""Tokens of the model's own: chosen at single places, or written one after another.

Shapes: B batch, T target, N tokens, D d_model, V vocabulary.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tfcli.config import BOS, EOS, PAD
from tfcli.training.loss import token_nll

_CHUNK = 512  # tokens whose logits exist at a time


@dataclass(frozen=True)
class Sample:
    """Target sentences. real_BT: True up to the end of each, its EOS included; beyond it ids_BT is PAD."""

    ids_BT: Tensor
    real_BT: Tensor

    def rows(self) -> list[list[int]]:
        """The ids of each sentence."""
        return [row[:length] for row, length in zip(self.ids_BT.tolist(), self.real_BT.sum(1).tolist(), strict=True)]

    def nll(self, model: nn.Module, memory: Any) -> Tensor:
        """nll_BT: -log p of each token after those before it, 0 beyond the end."""
        tgt_BT = self.ids_BT.roll(1, dims=1)
        tgt_BT[:, 0] = BOS
        hidden_BTD = model.decode(tgt_BT, memory)
        nll_N = token_nll(hidden_BTD[self.real_BT], model.output_weight_VD, self.ids_BT[self.real_BT])
        return nll_N.new_zeros(self.ids_BT.shape).masked_scatter(self.real_BT, nll_N)


def choose(logits_NV: Tensor, temperature: float) -> Tensor:
    """ids_N: the most probable ones at temperature 0, else drawn from softmax(logits / temperature)."""
    if not temperature:
        return logits_NV.argmax(-1)
    return (logits_NV.float() / temperature).softmax(-1).multinomial(1)[:, 0]


def choose_everywhere(model: nn.Module, hidden_BTD: Tensor, temperature: float) -> Tensor:
    """ids_BT: what the model says next at every place."""
    chunks = hidden_BTD.flatten(0, 1).split(_CHUNK)
    return torch.cat([choose(model.logits(chunk), temperature) for chunk in chunks]).view(hidden_BTD.shape[:2])


@torch.no_grad()
def write(model: nn.Module, memory: Any, labels_BT: Tensor, given_B: Tensor, temperature: float) -> Sample:
    """The first given_B tokens of each reference, continued by the model. It may say anything: what it says is drawn
    from exactly the distribution that `Sample.nll` computes. A sentence that is half as long again as the longest
    reference is broken off."""
    B, T = labels_BT.shape
    cache, last_B = model.new_cache(), torch.full_like(given_B, BOS)
    open_B = torch.ones_like(given_B, dtype=torch.bool)
    ids, real = [], []
    for t in range(min(T + T // 2 + 2, model.config.max_length)):
        last_B = choose(model.logits(model.decode(last_B[:, None], memory, cache)[:, -1]), temperature)
        if t < T:
            last_B = torch.where(t < given_B, labels_BT[:, t], last_B)
        ids.append(last_B.masked_fill(~open_B, PAD))
        real.append(open_B)
        open_B = open_B & (last_B != EOS)
        if not open_B.any():
            break
    return Sample(torch.stack(ids, dim=1), torch.stack(real, dim=1))


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """The model as it translates, without dropout, for a while."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)
