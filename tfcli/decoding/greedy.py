"""Greedy decoding: the most probable token, one after another, until the model says it is done. Ids in, ids out.

Shapes: B batch, S source, T target, V vocabulary, C control tokens and placeholders.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tfcli.config import BOS, EOS, PAD, PLACEHOLDERS
from tfcli.decoding.hypothesis import Draft, Hypothesis

NUM_CONTROL = EOS + 1 + len(PLACEHOLDERS)
"""The first so many ids are control tokens and placeholders."""

_KEEP_UNTIL = 0.75
"""The batch is made smaller when no more than this part of it is still being decoded: copying the cache costs too."""


@torch.inference_mode()
def greedy(
    model: nn.Module,
    src: Sequence[Sequence[int]],
    max_lengths: Sequence[int],
    prefix: Sequence[int] = (),
    device: torch.device | str = "cpu",
) -> list[Hypothesis]:
    """One hypothesis for each source sentence, in order.

    src: ids without EOS, which is added as in training. max_lengths: the most tokens of each hypothesis, below the
    model's max_length. prefix: ids every hypothesis begins with. PAD, UNK and BOS are never emitted, a placeholder only
    if the source has it, and once.
    """
    drafts = [Draft(ids, max_length, prefix) for ids, max_length in zip(src, max_lengths, strict=True)]
    active = drafts
    memory, cache = model.encode(pad([[*ids, EOS] for ids in src]).to(device)), model.new_cache()
    forbidden_BC = forbidden(src).to(device)
    tgt_BT = torch.tensor([[BOS, *prefix]] * len(src), device=device)
    while True:
        logits_BV = model.logits(model.decode(tgt_BT, memory, cache)[:, -1]).float()
        logits_BV[:, :NUM_CONTROL].masked_fill_(forbidden_BC, -torch.inf)
        # max, because argmax takes longer on a CPU and the log-probability is needed anyway
        scores_B, tokens_B = logits_BV.log_softmax(-1).max(-1)
        for row, (draft, token, score) in enumerate(zip(active, tokens_B.tolist(), scores_B.tolist(), strict=True)):
            if not draft.done:
                draft.add(token, score)
                if EOS < token < NUM_CONTROL:
                    forbidden_BC[row, token] = True
        open_rows = [row for row, draft in enumerate(active) if not draft.done]
        if not open_rows:
            return [draft.hypothesis() for draft in drafts]
        if len(open_rows) <= _KEEP_UNTIL * len(active):
            rows = torch.tensor(open_rows, device=device)
            active = [active[row] for row in open_rows]
            memory, tokens_B, forbidden_BC = memory.select(rows), tokens_B[rows], forbidden_BC[rows]
            cache.select(rows)
        tgt_BT = tokens_B[:, None]


def pad(rows: Sequence[Sequence[int]]) -> Tensor:
    """ids_BS with PAD at the end of the shorter rows."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows])


def forbidden(src: Sequence[Sequence[int]]) -> Tensor:
    """forbidden_BC: True for the ids below C that a hypothesis of this source may not contain."""
    return torch.tensor([[i < EOS or (i > EOS and i not in ids) for i in range(NUM_CONTROL)] for ids in map(set, src)])
