"""Reinforcement: whole translations are written, judged, and made more or less probable.

Shapes: B batch, T target.
"""

import torch
from torch import Tensor

from tfcli.config import PAD
from tfcli.data.batch import Batch
from tfcli.training.loss import smoothed_cross_entropy
from tfcli.training.objectives.sampling import Sample, evaluating, write
from tfcli.training.objectives.teacher_forcing import TeacherForcing
from tfcli.training.schedule import ramp


class SequenceReward(TeacherForcing):
    """loss = -Σ_{t<s} log p(y_t | y_<t, x) - (r(ŷ) - r(ȳ)) Σ_{t≥s} log p(ŷ_t | ŷ_<t, x). Both ŷ, drawn, and ȳ, greedy,
    begin with the s first tokens of the reference, and s falls to 0 during the run: MIXER, Ranzato et al. 2016
    (1511.06732). What the model reaches by greedy decoding is the baseline: self-critical, Rennie et al. 2017
    (1612.00563); only what beats it becomes more probable. Departure from MIXER: s is a share of each sentence.

    Both are written without dropout. In evaluation mode, and before the reward begins, this is teacher forcing."""

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        share = ramp(self.progress, self.config.reward.start, self.config.reward.end)
        if not self.training or not share:
            return super().forward(batch)
        real_BT = batch.labels_BT != PAD
        lengths_B = real_BT.sum(1)
        given_B = lengths_B - (share * lengths_B).ceil().long()
        drawn, advantage_B = self._draw(batch, given_B)
        memory = self.model.encode(batch.src_BS)
        free_BT = torch.arange(drawn.ids_BT.size(1), device=given_B.device) >= given_B[:, None]
        reinforced = (advantage_B * (drawn.nll(self.model, memory) * free_BT).sum(1)).sum()
        hidden_BTD, weight_VD = self.model.decode(batch.tgt_BT, memory), self.model.output_weight_VD
        given_BT = torch.arange(real_BT.size(1), device=given_B.device) < given_B[:, None]
        rest_BT = real_BT & ~given_BT
        loss, nll = smoothed_cross_entropy(
            hidden_BTD[given_BT], weight_VD, batch.labels_BT[given_BT], self.config.label_smoothing
        )
        with torch.no_grad():  # not learned from, but told to people
            _, rest_nll = smoothed_cross_entropy(hidden_BTD[rest_BT], weight_VD, batch.labels_BT[rest_BT], 0.0)
        return loss + reinforced, nll + rest_nll

    @torch.no_grad()
    def _draw(self, batch: Batch, given_B: Tensor) -> tuple[Sample, Tensor]:
        """Translations drawn from the model, and how much better than the greedy ones each is, advantage_B."""
        with evaluating(self.model):
            memory = self.model.encode(batch.src_BS)
            drawn, greedy = (write(self.model, memory, batch.labels_BT, given_B, heat) for heat in (1.0, 0.0))
        references = Sample(batch.labels_BT, batch.labels_BT != PAD).rows()
        rewards = torch.tensor([self.reward(sample.rows(), references) for sample in (drawn, greedy)])
        return drawn, (rewards[0] - rewards[1]).to(given_B.device)
