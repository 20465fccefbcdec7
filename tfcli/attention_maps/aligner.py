"""Where a model aligns best, found without any alignment made by people.

The rule: over held-out pairs, every target token is linked to the source token with the greatest weight; the place
whose links join the tokens that most exclusively occur together aligns best. How exclusively two tokens occur together
is their Dice coefficient, 2 n(s, t) / (n(s) + n(t)), of the numbers of pairs they are in, which needs no model.

The candidates are the heads of every layer and their mean, each read while the target token is chosen, and one step
later, when it has been read again: in shallow layers that is when a model looks at what it has just translated (Chen et
al. 2020, Accurate Word Alignment Induction from Neural Machine Translation, 2004.14837).

Shapes: L layers, H heads, G the mean of the heads and the heads, T target tokens, S source tokens.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import product

import numpy as np
import torch
from torch import nn

from tfcli.attention_maps.attention_map import Array
from tfcli.bundle import Aligner
from tfcli.config import EOS
from tfcli.transformer.decoder import DecoderRecord

IdPair = tuple[Sequence[int], Sequence[int]]
"""Source and target ids of one pair, without control tokens."""

_STEPS = (0, 1)


def find_aligner(model: nn.Module, pairs: Sequence[IdPair], unlinked: Collection[int] = ()) -> Aligner:
    """The place of `model`, in evaluation mode, that aligns best over `pairs`; an Aligner of zeros if it has no
    cross-attention. unlinked: ids that stand for no part of the text, such as a lone space."""
    most = model.config.max_length - 1
    pairs = [(src, tgt) for src, tgt in pairs if len(src) <= most and len(tgt) <= most]
    sources, targets, together = _count(pairs)
    totals = 0.0
    for src, tgt in pairs:
        columns = [s for s, i in enumerate(src) if i not in unlinked]
        rows = np.array([t for t, j in enumerate(tgt) if j not in unlinked], dtype=int)
        if not columns or not len(rows):
            continue
        weights_LGTS = cross_attention(model, src, tgt)
        if weights_LGTS is None:
            return Aligner()
        dice_TS = np.array(
            [[2 * together[src[s], tgt[t]] / (sources[src[s]] + targets[tgt[t]]) for s in columns] for t in rows]
        )
        best_XLGT = np.stack([weights_LGTS[:, :, rows + step][..., columns].argmax(-1) for step in _STEPS])
        totals = totals + dice_TS[np.arange(len(rows)), best_XLGT].sum(-1)
    return _choose(totals) if np.ndim(totals) else Aligner()


@torch.inference_mode()
def cross_attention(model: nn.Module, src: Sequence[int], tgt: Sequence[int]) -> Array | None:
    """weights_LGTS: the mean of the heads, then each head; a row for every target token and for </s>."""
    device = next(model.parameters()).device
    record, read = DecoderRecord(), model.reads([*tgt, EOS])
    if read is None:
        return None
    memory = model.encode(torch.tensor([[*src, EOS]], device=device))
    model.decode(torch.tensor([read], device=device), memory, record=record)
    if not record.cross_attention or record.cross_attention[0].weights is None:
        return None
    weights_LHTS = torch.cat([look.weights.weights_BHQM for look in record.cross_attention]).float().cpu().numpy()
    return np.concatenate([weights_LHTS.mean(1, keepdims=True), weights_LHTS], axis=1)


def _count(pairs: Sequence[IdPair]) -> tuple[Counter[int], Counter[int], Counter[tuple[int, int]]]:
    """In how many pairs each source id, each target id, and each two of them are."""
    sources, targets, together = Counter(), Counter(), Counter()
    for src, tgt in pairs:
        sources.update(set(src))
        targets.update(set(tgt))
        together.update(product(set(src), set(tgt)))
    return sources, targets, together


def _choose(totals_XLG: Array) -> Aligner:
    view = int(totals_XLG[0, :, 0].argmax())
    after, layer, head = np.unravel_index(totals_XLG.argmax(), totals_XLG.shape)
    return Aligner(view=view + 1, layer=int(layer) + 1, head=int(head), after=bool(after))
