"""The numbers of a run for TensorBoard, which comes with an extra."""

from pathlib import Path
from typing import Any

from tfcli.errors import NotFoundError


def open_board(folder: Path) -> Any:
    """A torch.utils.tensorboard.SummaryWriter. NotFoundError if TensorBoard is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise NotFoundError(
            "--tensorboard needs TensorBoard", "install it with   pip install 'tfcli[tensorboard]'"
        ) from None
    return SummaryWriter(folder)
