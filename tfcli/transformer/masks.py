"""Who may attend to whom. True = may attend, everywhere.

Shapes: B batch, Q queries, M keys.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Mask:
    """keys_BM: True where a key is real and not padding; None if all are. Every row has at least one True.
    causal: a query sees no key that stands after it."""

    keys_BM: Tensor | None = None
    causal: bool = False

    def allowed(self, num_queries: int, num_keys: int, device: torch.device) -> Tensor | None:
        """Boolean, broadcastable to (B, 1, Q, M); None if everything is allowed. The last query stands at the last key:
        with a cache there are more keys than queries."""
        allowed = None
        if self.causal and num_queries > 1:
            ones = torch.ones(num_queries, num_keys, dtype=torch.bool, device=device)
            allowed = ones.tril(num_keys - num_queries)[None, None]
        if self.keys_BM is not None:
            keys = self.keys_BM[:, None, None, :]
            allowed = keys if allowed is None else allowed & keys
        return allowed

    def select(self, rows: Tensor) -> "Mask":
        """The mask of some sentences of the batch."""
        return self if self.keys_BM is None else Mask(self.keys_BM[rows], self.causal)
