"""Cross-entropy from hidden states, without ever holding all logits.

Shapes: N tokens (padding left out), D d_model, V vocabulary.
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

_TINY = torch.finfo(torch.float32).tiny

_CHUNK = 512
"""Tokens whose logits exist at a time. The full matrix, 7,000 tokens by 16,000 words, would go through memory a dozen
times; a chunk mostly stays in the cache."""


def smoothed_cross_entropy(
    hidden_ND: Tensor, weight_VD: Tensor, labels_N: Tensor, smoothing: float
) -> tuple[Tensor, Tensor]:
    """(loss, negative log-likelihood), both summed over the tokens; only the first carries a gradient.

    loss = (1 - e) * -log p(y) + e * mean over the vocabulary of -log p: Szegedy et al. 2016 (1512.00567).
    Logits and softmax are computed in the autocast type if there is one; sums are float32.
    """
    kind = hidden_ND.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else hidden_ND.dtype
    return _SmoothedCrossEntropy.apply(hidden_ND, weight_VD, labels_N, smoothing, dtype)


def token_nll(hidden_ND: Tensor, weight_VD: Tensor, labels_N: Tensor) -> Tensor:
    """Negative log-likelihood of each token by itself, nll_N in float32, to be weighed and differentiated. The logits
    are computed a second time on the way back."""
    chunks = zip(hidden_ND.split(_CHUNK), labels_N.split(_CHUNK), strict=True)
    return torch.cat([checkpoint(_chunk_nll, h, weight_VD, y, use_reentrant=False) for h, y in chunks])


def _chunk_nll(hidden_ND: Tensor, weight_VD: Tensor, labels_N: Tensor) -> Tensor:
    return F.cross_entropy((hidden_ND @ weight_VD.T).float(), labels_N, reduction="none")


class _SmoothedCrossEntropy(torch.autograd.Function):
    """The gradients of both inputs are computed on the way forward, while a chunk's softmax is at hand.

    With p = softmax(h Wᵀ), dloss/dlogits = p - (1 - e) * onehot(y) - e / V. The last term is the same for every entry,
    so its share of the gradients is a sum of W's rows and a sum of h's: it never touches the (N, V) matrix.
    """

    @staticmethod
    def forward(ctx, hidden_ND, weight_VD, labels_N, smoothing, dtype):
        V = weight_VD.size(0)
        h_ND, w_VD = hidden_ND.to(dtype), weight_VD.to(dtype)
        w_sum_D = weight_VD.float().sum(0)
        grad_hidden = torch.empty_like(hidden_ND)
        grad_weight = torch.zeros(weight_VD.shape, dtype=torch.float32, device=weight_VD.device)
        loss = hidden_ND.new_zeros((), dtype=torch.float32)
        nll = loss.clone()
        for start in range(0, hidden_ND.size(0), _CHUNK):
            rows = slice(start, start + _CHUNK)
            h, y = h_ND[rows], labels_N[rows, None]
            logits = h @ w_VD.T
            p = logits.softmax(-1, dtype=torch.float32)
            # log Z from the label's own entry: one pass over the logits less than a logsumexp beside the softmax.
            log_z = logits.gather(1, y)[:, 0].float() - p.gather(1, y)[:, 0].clamp_min(_TINY).log()
            chunk_nll = (log_z - logits.gather(1, y)[:, 0].float()).sum()
            mean_logits = (h.float() @ w_sum_D) / V
            nll += chunk_nll
            loss += (1 - smoothing) * chunk_nll + smoothing * (log_z - mean_logits).sum()
            p = p.to(dtype).scatter_add_(1, y, torch.full_like(y, smoothing - 1, dtype=dtype))
            grad_hidden[rows] = (p @ w_VD).float() - smoothing / V * w_sum_D
            grad_weight += p.T @ h
        grad_weight -= smoothing / V * hidden_ND.float().sum(0)
        ctx.save_for_backward(grad_hidden, grad_weight.to(weight_VD.dtype))
        ctx.mark_non_differentiable(nll)
        return loss, nll

    @staticmethod
    def backward(ctx, grad_loss, _):
        grad_hidden, grad_weight = ctx.saved_tensors
        return grad_hidden * grad_loss, grad_weight * grad_loss, None, None, None
