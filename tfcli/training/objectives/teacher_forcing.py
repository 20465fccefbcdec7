"""Teacher forcing: the decoder reads the reference and predicts its next token, all positions at once."""

from typing import Any

from torch import Tensor

from tfcli.config import PAD
from tfcli.data.batch import Batch
from tfcli.training.loss import smoothed_cross_entropy
from tfcli.training.objectives.objective import Objective


class TeacherForcing(Objective):
    """loss = -Σ_t log p(y_t | y_<t, x), smoothed. Williams & Zipser 1989; Vaswani et al. 2017 (1706.03762)."""

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        return self.answer(batch.tgt_BT, self.model.encode(batch.src_BS), batch.labels_BT)

    def answer(self, tgt_BT: Tensor, memory: Any, labels_BT: Tensor) -> tuple[Tensor, Tensor]:
        """What it costs to answer with the labels after having read tgt_BT."""
        hidden_BTD = self.model.decode(tgt_BT, memory)
        real_BT = labels_BT != PAD
        smoothing = self.config.label_smoothing if self.training else 0.0
        return smoothed_cross_entropy(hidden_BTD[real_BT], self.model.output_weight_VD, labels_BT[real_BT], smoothing)
