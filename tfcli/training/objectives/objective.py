"""What every objective is: a module around the model, so that distributed training wraps both at once."""

from torch import Tensor, nn

from tfcli.config import TrainingConfig
from tfcli.data.batch import Batch


class Objective(nn.Module):
    """Turns a batch into something to minimize."""

    def __init__(self, model: nn.Module, config: TrainingConfig):
        super().__init__()
        self.model = model
        self.config = config

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """(loss, negative log-likelihood), scalars summed over the target tokens of the batch. The second is for
        people: it stays comparable between objectives."""
        raise NotImplementedError
