"""Padded tensors for one step of training.

Shapes: B batch, S source, T target.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tfcli.config import BOS, PAD
from tfcli.data.bucketing import round_up
from tfcli.data.encoded import EncodedPairs


@dataclass(frozen=True)
class Batch:
    """src_BS ends with EOS. tgt_BT is what the decoder reads, BOS first; labels_BT is what it should answer, EOS last:
    the same sequence one place on. Padding is PAD."""

    src_BS: Tensor
    tgt_BT: Tensor
    labels_BT: Tensor

    def to(self, device: torch.device) -> "Batch":
        """On the device. To a GPU the copy runs beside the computation, which pinned memory allows."""
        tensors = self.src_BS, self.tgt_BT, self.labels_BT
        pinned = (t.pin_memory() if device.type == "cuda" else t for t in tensors)
        return Batch(*(t.to(device, non_blocking=True) for t in pinned))


def make_batch(pairs: EncodedPairs, rows: np.ndarray, rank: int = 0, world: int = 1) -> Batch:
    """The batch of the given pairs; with several processes, the rows of this one, padded like the whole batch."""
    src_width = int(round_up(pairs.src.lengths[rows].max()))
    tgt_width = int(round_up(pairs.tgt.lengths[rows].max()))
    mine = rows[rank::world]
    labels_BT = torch.from_numpy(pairs.tgt.padded(mine, tgt_width, PAD))
    tgt_BT = labels_BT.roll(1, dims=1)
    tgt_BT[:, 0] = BOS
    return Batch(torch.from_numpy(pairs.src.padded(mine, src_width, PAD)), tgt_BT, labels_BT)


def count_labels(pairs: EncodedPairs, rows: np.ndarray) -> int:
    """Target tokens of a batch over all processes, padding not counted."""
    return int((pairs.tgt.offsets[rows + 1] - pairs.tgt.offsets[rows]).sum())
