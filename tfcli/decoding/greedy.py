"""Greedy search: the most probable token, one after another, until the model says it is done. Ids in, ids out.

Shapes: B batch, S source, T target, V vocabulary, C control tokens and placeholders.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tfcli.config import BOS, EOS, PAD
from tfcli.decoding.hypothesis import Hypothesis
from tfcli.decoding.search import NUM_CONTROL, Draft, Search, banned

_KEEP_UNTIL = 0.75
"""The batch is made smaller when no more than this part of it is still being decoded: copying the cache costs too."""


@torch.inference_mode()
def greedy(
    model: nn.Module, src: Sequence[Sequence[int]], search: Search, device: torch.device | str = "cpu"
) -> list[Hypothesis]:
    """One hypothesis for each source sentence, in order.

    src: ids without EOS, which is added as in training. A placeholder that was said loses its place among the choices,
    but not its probability: the scores of the others are the model's own.
    """
    drafts = [Draft(ids, search.limit(len(ids)), search.prefix) for ids in src]
    active = drafts
    memory, cache = model.encode(pad([[*ids, EOS] for ids in src]).to(device)), model.new_cache()
    banned_BC = mark_banned(src).to(device)
    said_BC = torch.zeros_like(banned_BC)
    tgt_BT = torch.tensor([[BOS, *search.prefix]] * len(src), device=device)
    while True:
        logits_BV = model.logits(model.decode(tgt_BT, memory, cache)[:, -1]).float()
        logits_BV[:, :NUM_CONTROL].masked_fill_(banned_BC, -torch.inf)
        scores_BV = logits_BV.log_softmax(-1)
        scores_BV[:, :NUM_CONTROL].masked_fill_(said_BC, -torch.inf)
        # max, because argmax takes longer on a CPU and the log-probability is needed anyway
        scores_B, tokens_B = scores_BV.max(-1)
        for row, (draft, token, score) in enumerate(zip(active, tokens_B.tolist(), scores_B.tolist(), strict=True)):
            if not draft.done:
                draft.add(token, score)
                if EOS < token < NUM_CONTROL:
                    said_BC[row, token] = True
        open_rows = [row for row, draft in enumerate(active) if not draft.done]
        if not open_rows:
            return [draft.hypothesis() for draft in drafts]
        if len(open_rows) <= _KEEP_UNTIL * len(active):
            rows = torch.tensor(open_rows, device=device)
            active = [active[row] for row in open_rows]
            memory, tokens_B = memory.select(rows), tokens_B[rows]
            banned_BC, said_BC = banned_BC[rows], said_BC[rows]
            cache.select(rows)
        tgt_BT = tokens_B[:, None]


def pad(rows: Sequence[Sequence[int]]) -> Tensor:
    """ids_BS with PAD at the end of the shorter rows."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows])


def mark_banned(src: Sequence[Sequence[int]]) -> Tensor:
    """banned_BC: True for the ids below C that a hypothesis of this source may not contain."""
    marks_BC = torch.zeros(len(src), NUM_CONTROL, dtype=torch.bool)
    for row, ids in enumerate(src):
        marks_BC[row, banned(ids)] = True
    return marks_BC
