"""Beam search: the most probable partial translations go on together, step by step. Ids in, ids out.

Step for step what CTranslate2 does, so that both find the same: 2 K candidates a step, so that K go on however many
end; a sentence is over when K hypotheses have ended, or at its limit, where those that have not are taken as they are.

Shapes: B sentences still open, K beams of each, N = B · K, J candidates, T target, V vocabulary, C control tokens and
placeholders.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from tfcli.config import BOS, EOS, PAD
from tfcli.decoding.greedy import greedy, mark_banned, pad
from tfcli.decoding.hypothesis import Hypothesis
from tfcli.decoding.search import DEAD, NUM_CONTROL, Candidate, Search, choose


@torch.inference_mode()
def beam(
    model: nn.Module, src: Sequence[Sequence[int]], search: Search, device: torch.device | str = "cpu"
) -> list[list[Hypothesis]]:
    """For each source sentence up to `search.num_hypotheses`, the best first; see `greedy` for src, and `choose` for
    the rules that a beam's findings must keep. Where none keeps them, what greedy search finds."""
    found = BeamSearch(model, src, search, device).run()
    chosen = [choose(ids, search, candidates) for ids, candidates in zip(src, found, strict=True)]
    left = [row for row, hypotheses in enumerate(chosen) if not hypotheses]
    if left:
        for row, hypothesis in zip(left, greedy(model, [src[row] for row in left], search, device), strict=True):
            chosen[row] = [hypothesis]
    return chosen


@dataclass(slots=True)
class _Sentence:
    """steps: the most it may take. found: what has ended. best_ended: the best candidate of some step did."""

    steps: int
    found: list[Candidate] = field(default_factory=list)
    best_ended: bool = False


class BeamSearch:
    """A batch of sentences on their way. totals_BK: log-probability of each beam. tokens_BKT: what it has said."""

    def __init__(self, model: nn.Module, src: Sequence[Sequence[int]], search: Search, device: torch.device | str):
        self.model, self.search = model, search
        self.sentences = [_Sentence(search.limit(len(ids)) - len(search.prefix) + 1) for ids in src]
        self.open = self.sentences
        self.memory, self.cache = model.encode(pad([[*ids, EOS] for ids in src]).to(device)), model.new_cache()
        self.banned_NC = mark_banned(src).to(device)
        # All beams of a sentence begin alike, so it begins with one.
        self.totals_BK = torch.zeros(len(src), 1, device=device)
        self.tokens_BKT = torch.zeros(len(src), 1, 0, dtype=torch.long, device=device)
        self.read_NT = torch.tensor([[BOS, *search.prefix]] * len(src), device=device)

    def run(self) -> list[list[Candidate]]:
        """What was found for each sentence."""
        while self.open:
            totals_BJ, origins_BJ, tokens_BJ = self._candidates()
            self._collect(totals_BJ, origins_BJ, tokens_BJ)
            self._go_on(totals_BJ, origins_BJ, tokens_BJ)
        return [sentence.found for sentence in self.sentences]

    def _candidates(self) -> tuple[Tensor, Tensor, Tensor]:
        """The best continuations of each sentence, best first: (totals_BJ, the beams they continue, their tokens)."""
        B, K = self.totals_BK.shape
        logits_NV = self.model.logits(self.model.decode(self.read_NT, self.memory, self.cache)[:, -1]).float()
        logits_NV[:, :NUM_CONTROL].masked_fill_(self.banned_NC, -torch.inf)
        J = min(2 * self.search.beam_size, logits_NV.size(1))
        best_NJ, ids_NJ = logits_NV.topk(J)
        logprobs_NJ = best_NJ - logits_NV.logsumexp(-1, keepdim=True)
        totals_BKJ = self.totals_BK[..., None] + logprobs_NJ.view(B, K, J)
        totals_BJ, places_BJ = totals_BKJ.flatten(1).topk(min(2 * self.search.beam_size, K * J))
        tokens_BJ = ids_NJ.view(B, K * J).gather(1, places_BJ)
        if self.search.prefix and not self.tokens_BKT.size(2):
            # Behind a prefix CTranslate2 lets nothing end at once but the best, and something dead takes its place.
            ends_BJ = tokens_BJ == EOS
            ends_BJ[:, 0] = False
            totals_BJ, tokens_BJ = totals_BJ.masked_fill(ends_BJ, DEAD), tokens_BJ.masked_fill(ends_BJ, PAD)
        return totals_BJ, places_BJ // J, tokens_BJ

    def _collect(self, totals_BJ: Tensor, origins_BJ: Tensor, tokens_BJ: Tensor) -> None:
        """Takes what ends here from the best K candidates of each sentence."""
        K, step = self.search.beam_size, self.tokens_BKT.size(2) + 1
        last_B1 = torch.tensor([[sentence.steps == step] for sentence in self.open], device=tokens_BJ.device)
        for b, k in ((tokens_BJ[:, :K] == EOS) | last_B1).nonzero().tolist():
            tokens = [*self.tokens_BKT[b, origins_BJ[b, k]].tolist(), int(tokens_BJ[b, k])]
            self.open[b].found.append(Candidate(tokens, float(totals_BJ[b, k])))
            self.open[b].best_ended |= k == 0

    def _is_over(self, sentence: _Sentence, step: int) -> bool:
        # Where totals are compared as they are, CTranslate2 waits for the best candidate of a step to end as well.
        enough = len(sentence.found) >= self.search.beam_size
        return sentence.steps == step or enough and (self.search.length_penalty > 0 or sentence.best_ended)

    def _go_on(self, totals_BJ: Tensor, origins_BJ: Tensor, tokens_BJ: Tensor) -> None:
        """The best K candidates that have not ended become the beams of the sentences that are not over."""
        step, (B, K) = self.tokens_BKT.size(2) + 1, self.totals_BK.shape
        kept = [b for b, sentence in enumerate(self.open) if not self._is_over(sentence, step)]
        self.open = [self.open[b] for b in kept]
        if not kept:
            return
        kept_B1 = torch.tensor(kept, device=tokens_BJ.device)[:, None]
        ended_BJ, J = tokens_BJ == EOS, tokens_BJ.size(1)
        order_BJ = ended_BJ * J + torch.arange(J, device=ended_BJ.device)
        places_BK = order_BJ.argsort(1)[kept_B1[:, 0], : self.search.beam_size]
        self.totals_BK = totals_BJ.masked_fill(ended_BJ, DEAD)[kept_B1, places_BK]
        origins_BK, tokens_BK = origins_BJ[kept_B1, places_BK], tokens_BJ[kept_B1, places_BK]
        self.tokens_BKT = torch.cat([self.tokens_BKT[kept_B1, origins_BK], tokens_BK[..., None]], dim=2)
        self.read_NT = tokens_BK.view(-1, 1)
        self._reorder((kept_B1 * K + origins_BK).flatten(), same=(len(kept), origins_BK.size(1)) == (B, K))

    def _reorder(self, rows_N: Tensor, same: bool) -> None:
        """Row n goes on with what row rows_N[n] remembers. same: the sentences, and the number of their beams, stay."""
        if same:
            self.cache.reorder(rows_N)
        else:
            self.cache.select(rows_N)
            self.memory, self.banned_NC = self.memory.select(rows_N), self.banned_NC[rows_N]
