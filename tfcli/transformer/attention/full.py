"""Scaled dot-product attention over all keys.

Shapes: B batch, H heads, Q queries, M keys, K d_head.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from tfcli.transformer.attention.kernel import Kernel, Scores, Weights
from tfcli.transformer.masks import Mask


def attend(
    q_BHQK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, allowed_BHQM: Tensor | None, scores: Scores | None = None
) -> tuple[Tensor, Weights]:
    """Softmax attention written out, over any number of leading dimensions."""
    scores_BHQM = (q_BHQK * q_BHQK.size(-1) ** -0.5) @ k_BHMK.transpose(-2, -1)
    if scores is not None:
        scores_BHQM = scores(scores_BHQM)
    masked_BHQM = scores_BHQM
    if allowed_BHQM is not None:
        masked_BHQM = scores_BHQM.masked_fill(~allowed_BHQM, torch.finfo(scores_BHQM.dtype).min)
    weights_BHQM = masked_BHQM.softmax(dim=-1)
    return weights_BHQM @ v_BHMK, Weights(scores_BHQM, weights_BHQM)


class Full(Kernel):
    """softmax(q kᵀ / √K) v. Vaswani et al. 2017 (1706.03762), equation 1.

    Two paths, equal up to rounding. The fused one is PyTorch's; it keeps no weights. The explicit one is written out
    above; it also serves training on a CPU, where the backward pass of the fused kernel is slower on short sentences.
    """

    def allowed(self, mask: Mask, num_queries: int, num_keys: int, device: torch.device) -> Tensor | None:
        """Who attends to whom, as in `Mask.allowed`; a subclass allows less."""
        return mask.allowed(num_queries, num_keys, device)

    def forward(
        self, q_BHQK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, mask: Mask, scores: Scores | None, need_weights: bool
    ) -> tuple[Tensor, Weights | None]:
        allowed_BHQM = self.allowed(mask, q_BHQK.size(2), k_BHMK.size(2), q_BHQK.device)
        training_on_cpu = q_BHQK.requires_grad and q_BHQK.device.type == "cpu"
        if scores is None and not need_weights and not training_on_cpu:
            return F.scaled_dot_product_attention(q_BHQK, k_BHMK, v_BHMK, attn_mask=allowed_BHQM), None
        out_BHQK, weights = attend(q_BHQK, k_BHMK, v_BHMK, allowed_BHQM, scores)
        return out_BHQK, weights if need_weights else None
