"""Parallel decoding: all words at once, and for some models again and again. Ids in, ids out.

Shapes: B batch, T target, D d_model, V vocabulary, C control tokens and placeholders.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from tfcli.config import BOS, EOS, PAD
from tfcli.decoding.greedy import mark_banned, pad
from tfcli.decoding.hypothesis import Hypothesis
from tfcli.decoding.search import NUM_CONTROL, Search
from tfcli.transformer.non_autoregressive.model import NonAutoregressiveTransformer, is_last

_CANDIDATES = 3
"""So many lengths are tried; the translation with the highest mean log-probability, its length among it, is kept."""
_PLACES_AT_ONCE = 2048
"""Logits of so many places exist at a time."""


@torch.inference_mode()
def parallel(
    model: NonAutoregressiveTransformer,
    src: Sequence[Sequence[int]],
    search: Search,
    device: torch.device | str = "cpu",
) -> list[Hypothesis]:
    """One hypothesis for each source sentence, in order; see `greedy` for the arguments. There is neither a beam nor a
    prefix: words that are written at once have no beginning to go on from."""
    src_BS, banned_BC = pad([[*ids, EOS] for ids in src]).to(device), mark_banned(src).to(device)
    memory, limits = model.encode(src_BS), [search.limit(len(ids)) for ids in src]
    found: list[list[Hypothesis]] = []
    for canvas in model.canvases(src_BS, memory, _CANDIDATES):
        tokens_BT, scores_BT = _choose(model, model.read(canvas, memory), canvas.real_BT, banned_BC)
        for round in range(1, model.rounds):
            covered_BT = least_certain(scores_BT, canvas.real_BT, round / model.rounds)
            if not covered_BT.any():
                break
            draft_BT = tokens_BT.masked_fill(covered_BT, BOS).masked_fill(~canvas.real_BT, PAD)
            again_BT, again_scores_BT = _choose(model, model.decode(draft_BT, memory), canvas.real_BT, banned_BC)
            tokens_BT = again_BT.where(covered_BT, tokens_BT)
            scores_BT = again_scores_BT.where(covered_BT, scores_BT)
        if canvas.logprobs_B is not None:  # the end was chosen by its length
            scores_BT = scores_BT + is_last(canvas.real_BT) * canvas.logprobs_B[:, None]
        rows = tokens_BT.tolist(), scores_BT.tolist(), canvas.real_BT.sum(1).tolist(), limits
        found.append([_read(model, *row) for row in zip(*rows, strict=True)])
    return [max(candidates, key=lambda hypothesis: hypothesis.score) for candidates in zip(*found, strict=True)]


def least_certain(scores_BT: Tensor, real_BT: Tensor, progress: float) -> Tensor:
    """covered_BT: True at the (1 - progress) · N least probable of the N words of each row, rounded down; EOS, at the
    last place, stays. Ghazvininejad et al. 2019 (1904.09324), section 3.1."""
    counts_B1 = ((real_BT.sum(1, keepdim=True) - 1) * (1 - progress) + 1e-6).long()
    words_BT = real_BT & ~is_last(real_BT)
    return scores_BT.masked_fill(~words_BT, torch.inf).argsort(dim=1, stable=True).argsort(1) < counts_B1


def _choose(
    model: NonAutoregressiveTransformer, hidden_BTD: Tensor, real_BT: Tensor, banned_BC: Tensor
) -> tuple[Tensor, Tensor]:
    """(tokens_BT, their log-probabilities_BT), a few rows at a time."""
    rows, chosen = max(_PLACES_AT_ONCE // real_BT.size(1), 1), []
    for hidden, real, never in zip(hidden_BTD.split(rows), real_BT.split(rows), banned_BC.split(rows), strict=True):
        logits_BTV = model.logits(hidden).float()
        logits_BTV[..., :NUM_CONTROL].masked_fill_(never[:, None], -torch.inf)
        model.restrict(logits_BTV, real)
        chosen.append(model.choose(logits_BTV, real))
    tokens, scores = zip(*chosen, strict=True)
    return torch.cat(tokens), torch.cat(scores)


def _read(
    model: NonAutoregressiveTransformer, tokens: list[int], scores: list[float], length: int, limit: int
) -> Hypothesis:
    """The hypothesis that stands on one canvas."""
    ids, score, finished = model.transcribe(tokens[:length], scores[:length])
    kept: list[int] = []
    for token in ids:
        if not (EOS < token < NUM_CONTROL and token in kept):  # a placeholder stands once
            kept.append(token)
    return Hypothesis(kept[:limit], score, finished and len(kept) <= limit, False)
