"""What every objective is: a module around the model, so that distributed training wraps both at once."""

from torch import Tensor, nn

from tfcli.config import TrainingConfig
from tfcli.data.batch import Batch
from tfcli.training.reward import Reward


class Objective(nn.Module):
    """Turns a batch into something to minimize.

    progress: the share of the run that is done, 0 to 1; the trainer keeps it up to date. reward: how good a translation
    is, for objectives that ask; the default knows no tokenizer.
    """

    def __init__(self, model: nn.Module, config: TrainingConfig, reward: Reward | None = None):
        super().__init__()
        self.model = model
        self.config = config
        self.reward = reward or Reward(config.reward.metric)
        self.progress = 0.0

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """(loss, negative log-likelihood), scalars summed over the target tokens of the batch. The second is for
        people: it stays comparable between objectives. In evaluation mode nothing is drawn at random."""
        raise NotImplementedError
