"""Scheduled sampling: the decoder learns to go on from its own words, not from the reference's alone.

Shapes: B batch, T target.
"""

from typing import Any

import torch
from torch import Tensor

from tfcli.config import PAD
from tfcli.data.batch import Batch
from tfcli.training.objectives.sampling import choose_everywhere
from tfcli.training.objectives.teacher_forcing import TeacherForcing
from tfcli.training.schedule import ramp


class ScheduledSampling(TeacherForcing):
    """loss = -Σ_t log p(y_t | z_<t, x), where z_t is y_t, or with probability p the model's own answer to y_<t. Bengio
    et al. 2015 (1506.03099), for Transformers in two passes: the first answers everywhere at once, the second reads the
    mixture and is learned from. Mihaylova & Martins 2019 (1906.07651), without gradient through the first pass.

    p grows during the run. In evaluation mode it is 0, and this is teacher forcing."""

    passes = 1

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        sampling = self.config.sampling
        probability = sampling.probability * ramp(self.progress, sampling.start, sampling.end)
        if not self.training or not probability:
            return super().forward(batch)
        memory = self.model.encode(batch.src_BS)
        own_BT = (torch.rand(batch.tgt_BT.shape, device=batch.tgt_BT.device) < probability) & (batch.tgt_BT != PAD)
        return self.answer(self.mix(batch.tgt_BT, memory, own_BT), memory, batch.labels_BT)

    @torch.no_grad()
    def mix(self, tgt_BT: Tensor, memory: Any, own_BT: Tensor) -> Tensor:
        """The decoder's input with tokens of its own where own_BT says so; the first one is always BOS."""
        mixed_BT, temperature = tgt_BT, self.config.sampling.temperature
        for number in range(1, self.passes + 1):
            answers_BT = choose_everywhere(self.model, self.model.decode(mixed_BT, memory), temperature)
            # What it answers at t - 1 is what it reads at t. Before `number` it has read nothing but what stays.
            fresh_BT = torch.where(own_BT, answers_BT.roll(1, dims=1), tgt_BT)
            mixed_BT = torch.cat([mixed_BT[:, :number], fresh_BT[:, number:]], dim=1)
        return mixed_BT


class ParallelScheduledSampling(ScheduledSampling):
    """The same with K passes before the last one, each reading the mixture of the one before: after the first, an
    answer may build on answers. With K = T it is what writing one token after another would give. Duckworth et al. 2019
    (1906.04331), algorithm 1."""

    @property
    def passes(self) -> int:
        return self.config.sampling.passes
