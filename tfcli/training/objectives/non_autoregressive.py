"""The objective of models that write all words at once."""

from torch import Tensor

from tfcli.data.batch import Batch
from tfcli.training.loss import smoothed_cross_entropy
from tfcli.training.objectives.objective import Objective


class NonAutoregressive(Objective):
    """loss = -log P(Y | X) as the model factorizes it: each kind of model says in its `losses` which words it scores
    one by one, smoothed like those of any other objective, and what comes beside them (lengths, fertilities, whole
    chains). Gu et al. 2018 (1711.02281); Ghazvininejad et al. 2019 (1904.09324); Libovický & Helcl 2018 (1811.04719);
    Sun et al. 2019 (1910.11555)."""

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        return self.model.losses(batch.src_BS, batch.labels_BT, self._cross_entropy)

    def _cross_entropy(self, hidden_ND: Tensor, labels_N: Tensor) -> tuple[Tensor, Tensor]:
        smoothing = self.config.label_smoothing if self.training else 0.0
        return smoothed_cross_entropy(hidden_ND, self.model.output_weight_VD, labels_N, smoothing)
