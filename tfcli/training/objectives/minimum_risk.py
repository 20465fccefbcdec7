"""Minimum risk: among several translations of a sentence, probability moves to the better ones.

Shapes: B batch, C candidates of a sentence, the reference among them, T target, N candidates of all sentences.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from tfcli.config import PAD
from tfcli.data.batch import Batch
from tfcli.training.objectives.sampling import Sample, evaluating, write
from tfcli.training.objectives.teacher_forcing import TeacherForcing


class MinimumRisk(TeacherForcing):
    """risk = Σ_{y in S} Q(y) (1 - r(y)), Q(y) = p(y | x)^α / Σ_{y' in S} p(y' | x)^α, where S are the reference and a
    few distinct translations drawn from the model. Shen et al. 2016 (1512.02433), section 3.

    The loss is risk / α: the gradient of log Q carries a factor α, and without it has the size it has in teacher
    forcing. S is drawn without dropout; it takes `candidates` + 1 times the memory of teacher forcing, which this is in
    evaluation mode and before the reward begins."""

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        if not self.training or self.progress < self.config.reward.start:
            return super().forward(batch)
        drawn = self._draw(batch)
        B, C, _ = drawn.ids_BT.shape
        candidates = Sample(drawn.ids_BT.flatten(0, 1), drawn.real_BT.flatten(0, 1))
        labels_NT = batch.labels_BT.repeat_interleave(C, dim=0)
        rewards = self.reward(candidates.rows(), Sample(labels_NT, labels_NT != PAD).rows())
        risk_BC = 1 - torch.tensor(rewards, device=labels_NT.device).view(B, C)
        rows = torch.arange(B, device=labels_NT.device).repeat_interleave(C)
        nll_BC = candidates.nll(self.model, self.model.encode(batch.src_BS).select(rows)).sum(1).view(B, C)
        sharpness = self.config.reward.sharpness
        scores_BC = (-sharpness * nll_BC).masked_fill(_repeated(drawn.ids_BT), -torch.inf)
        return (scores_BC.softmax(1) * risk_BC).sum() / sharpness, nll_BC[:, 0].sum().detach()

    @torch.no_grad()
    def _draw(self, batch: Batch) -> Sample:
        """The candidates of each sentence, (B, C, T), the reference first."""
        (B, T), count = batch.labels_BT.shape, self.config.reward.candidates
        rows = torch.arange(B, device=batch.src_BS.device).repeat_interleave(count)
        with evaluating(self.model):
            memory = self.model.encode(batch.src_BS).select(rows)
            drawn = write(self.model, memory, batch.labels_BT[rows], torch.zeros_like(rows), temperature=1.0)
        width = max(T, drawn.ids_BT.size(1))

        def beside(reference_BT: Tensor, drawn_NT: Tensor, fill: int) -> Tensor:
            one, others = (F.pad(x, (0, width - x.size(1)), value=fill) for x in (reference_BT, drawn_NT))
            return torch.cat([one[:, None], others.view(B, count, width)], dim=1)

        return Sample(beside(batch.labels_BT, drawn.ids_BT, PAD), beside(batch.labels_BT != PAD, drawn.real_BT, False))


def _repeated(ids_BCT: Tensor) -> Tensor:
    """repeated_BC: True where the same candidate stands before."""
    return (ids_BCT[:, :, None] == ids_BCT[:, None]).all(-1).tril(-1).any(-1)
