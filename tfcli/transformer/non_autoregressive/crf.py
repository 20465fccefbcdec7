"""A linear-chain CRF over words that were written at once: neighbours are chosen together.

Shapes: B batch, T target, V vocabulary, R rank, K candidates kept of each place, J candidates of the place before.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfcli.config import BOS, PAD, ModelConfig
from tfcli.transformer.non_autoregressive.lengths import Parallel
from tfcli.transformer.non_autoregressive.model import CrossEntropy

_RANK, _CANDIDATES = 32, 64
_WORD_BY_WORD = 0.5


class LinearChainCrf(nn.Module):
    """P(y | X) = exp(Σ_t s_t(y_t) + Σ_t M(y_{t-1}, y_t)) / Z(X), where M = E₁ E₂ᵀ has rank 32 and Z sums over chains of
    the 64 best words of each place only. Sun et al. 2019 (1910.11555), without their dynamic transitions."""

    def __init__(self, vocab_size: int, rank: int = _RANK, candidates: int = _CANDIDATES):
        super().__init__()
        self.candidates = min(candidates, vocab_size)
        self.before, self.after = nn.Embedding(vocab_size, rank), nn.Embedding(vocab_size, rank)
        for embedding in (self.before, self.after):
            nn.init.normal_(embedding.weight, std=0.1)

    def nll(self, scores_BTV: Tensor, labels_BT: Tensor, real_BT: Tensor) -> Tensor:
        """-log P(labels)_B. The label of a place is always among its candidates: the first of them."""
        preferred_BTV = scores_BTV.detach().scatter(2, labels_BT[..., None], torch.inf)
        words_BTK = preferred_BTV.topk(self.candidates).indices
        scores_BTK, steps_BTJK = scores_BTV.gather(2, words_BTK), self._transitions(words_BTK)
        label_scores_BT = scores_BTK[..., 0] + steps_BTJK[..., 0, 0]
        return log_partition(scores_BTK, steps_BTJK, real_BT) - (label_scores_BT * real_BT).sum(1)

    def decode(self, scores_BTV: Tensor, real_BT: Tensor) -> tuple[Tensor, Tensor]:
        """(the best chain's words_BT, log P(chain)_B)."""
        scores_BTK, words_BTK = scores_BTV.topk(self.candidates)
        steps_BTJK = self._transitions(words_BTK)
        choice_BT, best_B = viterbi(scores_BTK, steps_BTJK, real_BT)
        words_BT = words_BTK.gather(2, choice_BT[..., None])[..., 0]
        return words_BT, best_B - log_partition(scores_BTK, steps_BTJK, real_BT)

    def _transitions(self, words_BTK: Tensor) -> Tensor:
        """M between the candidates of each place and those of the place before it; 0 into the first place."""
        inner = self.before(words_BTK[:, :-1]) @ self.after(words_BTK[:, 1:]).transpose(2, 3)
        return F.pad(inner.float(), (0, 0, 0, 0, 1, 0))


def log_partition(scores_BTK: Tensor, steps_BTJK: Tensor, real_BT: Tensor) -> Tensor:
    """log Z_B: logsumexp over all chains of the sum of their scores and steps, by the forward algorithm."""
    alpha_BK = scores_BTK[:, 0]
    for t in range(1, scores_BTK.size(1)):
        longer_BK = (alpha_BK[:, :, None] + steps_BTJK[:, t]).logsumexp(1) + scores_BTK[:, t]
        alpha_BK = longer_BK.where(real_BT[:, t, None], alpha_BK)
    return alpha_BK.logsumexp(1)


def viterbi(scores_BTK: Tensor, steps_BTJK: Tensor, real_BT: Tensor) -> tuple[Tensor, Tensor]:
    """(the best chain's candidate at each place_BT, its score_B). Behind the end the last choice is repeated."""
    best_BK, backward = scores_BTK[:, 0], []
    stay_K = torch.arange(scores_BTK.size(2), device=scores_BTK.device)
    for t in range(1, scores_BTK.size(1)):
        longer_BK, origin_BK = (best_BK[:, :, None] + steps_BTJK[:, t]).max(1)
        best_BK = (longer_BK + scores_BTK[:, t]).where(real_BT[:, t, None], best_BK)
        backward.append(origin_BK.where(real_BT[:, t, None], stay_K))
    score_B, choice_B = best_BK.max(1)
    choices = [choice_B]
    for origin_BK in reversed(backward):
        choices.append(origin_BK.gather(1, choices[-1][:, None])[:, 0])
    return torch.stack(choices[::-1], dim=1), score_B


class Crf(Parallel):
    """`Parallel` whose words are chosen by a CRF over its logits. Sun et al. 2019 (1910.11555):
    loss = -log P_CRF(Y | X) + 0.5 · (-Σ_t log p(y_t | X))."""

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.crf = LinearChainCrf(config.vocab_size)

    def losses(self, src_BS: Tensor, labels_BT: Tensor, cross_entropy: CrossEntropy) -> tuple[Tensor, Tensor]:
        memory, real_BT = self.encode(src_BS), labels_BT != PAD
        hidden_BTD = self.decode(torch.where(real_BT, BOS, PAD), memory)
        words_loss, _ = cross_entropy(hidden_BTD[real_BT], labels_BT[real_BT])
        nll = self.crf.nll(self.logits(hidden_BTD).float(), labels_BT, real_BT).sum()
        nll = nll + self.length.nll(memory, real_BT.sum(1))
        return nll + _WORD_BY_WORD * words_loss, nll.detach()

    def choose(self, logits_BTV: Tensor, real_BT: Tensor) -> tuple[Tensor, Tensor]:
        """The probability of the chain, in equal parts on its places."""
        tokens_BT, logprob_B = self.crf.decode(logits_BTV, real_BT)
        return tokens_BT, (logprob_B / real_BT.sum(1))[:, None].expand_as(tokens_BT)
