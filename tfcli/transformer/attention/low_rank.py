"""Attention to a fixed number of mixtures of all keys.

Shapes: B batch, H heads, Q queries, M keys, K d_head, R rank.
"""

import torch
from torch import Tensor, nn

from tfcli.config import ModelConfig
from tfcli.transformer.attention.full import attend
from tfcli.transformer.attention.kernel import Kernel, Scores, Weights
from tfcli.transformer.masks import Mask


class LowRank(Kernel):
    """softmax(q (E k)ᵀ / √K) F v, E and F learned (R, M): however long the text, R keys and values are left of it.
    Linformer, Wang et al. 2020 (2006.04768), equation 7; E and F are shared by the heads of a layer.

    Padding is made zero before it is mixed, and columns beyond the text are not used, so a batch changes nothing. There
    is no weight per token, and no causal form: each mixture contains the end of the text.
    """

    def __init__(self, config: ModelConfig, layer: int = 0):
        super().__init__(config, layer)
        R, M = config.rank, config.max_length
        self.keys_RM, self.values_RM = (nn.Parameter(torch.empty(R, M).normal_(std=R**-0.5)) for _ in range(2))

    def forward(
        self, q_BHQK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, mask: Mask, scores: Scores | None, need_weights: bool
    ) -> tuple[Tensor, Weights | None]:
        if mask.keys_BM is not None:
            padding = ~mask.keys_BM[:, None, :, None]
            k_BHMK, v_BHMK = k_BHMK.masked_fill(padding, 0), v_BHMK.masked_fill(padding, 0)
        num_keys = k_BHMK.size(2)
        k_BHRK = self.keys_RM[:, :num_keys] @ k_BHMK
        v_BHRK = self.values_RM[:, :num_keys] @ v_BHMK
        return attend(q_BHQK, k_BHRK, v_BHRK, None)[0], None
