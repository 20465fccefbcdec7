"""What each head tends to do over a sentence, by simple measures, and a name for it.

Shapes: Q queries, M keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfcli.attention_maps.alignment import Link
from tfcli.attention_maps.attention_map import Array, Attention, AttentionMap
from tfcli.attention_maps.text import default_links
from tfcli.config import MapKind

_MOST = 0.5
"""A habit has its name if it gets more than this share of the weight."""
_SPREAD = 0.85
_NEAR = 0.5


@dataclass(frozen=True)
class Habit:
    """One head. layer, head: from 1.

    entropy: of a row's weights in bits, on average; 0 is one key only. distance: from the query's place to where it
    looks, in tokens, on average; in cross-attention from the diagonal. alignment: share of the weight that lies on the
    links of the default alignment; None in self-attention. habit: a name in words.
    """

    kind: MapKind
    layer: int
    head: int
    entropy: float
    distance: float
    alignment: float | None
    habit: str


def summarize(whole: AttentionMap) -> list[Habit]:
    """Every head of every kind."""
    return [
        _describe(whole, attention, layer, head)
        for attention in whole.attentions.values()
        for layer, head in np.ndindex(attention.weights_LHQM.shape[:2])
    ]


def _describe(whole: AttentionMap, attention: Attention, layer: int, head: int) -> Habit:
    weights_QM = attention.weights_LHQM[layer, head]
    entropy_Q = -(weights_QM * np.log2(weights_QM.clip(1e-12))).sum(-1)
    keys, queries = np.arange(weights_QM.shape[1]), np.arange(weights_QM.shape[0], dtype=float)
    if attention.kind == "cross":
        queries *= (len(keys) - 1) / max(len(queries) - 1, 1)
    away_QM = np.abs(keys - queries[:, None])
    distance = float((weights_QM * away_QM).sum(-1).mean())
    alignment, after = None, 0.0
    if attention.kind == "cross":
        found = default_links(whole) or []
        alignment, after = _share(weights_QM, found), _share(weights_QM[1:], found)
    visible_QM = np.tri(*weights_QM.shape) if attention.kind == "decoder" else np.ones(weights_QM.shape)
    count_Q = visible_QM.sum(-1)
    spread = float(np.mean(entropy_Q / np.log2(count_Q).clip(1)))
    near = distance / max(float(np.mean((away_QM * visible_QM).sum(-1) / count_Q)), 1e-9)
    name = _name(attention.kind, weights_QM, spread, near, alignment, after)
    return Habit(attention.kind, layer + 1, head + 1, float(entropy_Q.mean()), distance, alignment, name)


def _share(weights_QM: Array, found: Sequence[Link]) -> float:
    """The mean weight of the links whose query is there."""
    weights = [weights_QM[target, source] for source, target in found if target < len(weights_QM)]
    return float(np.mean(weights)) if weights else 0.0


def _name(kind: MapKind, weights_QM: Array, spread: float, near: float, alignment: float | None, after: float) -> str:
    """The first that is true. spread, near: entropy and distance as parts of what looking evenly at all would give.
    alignment, after: share of the weight on the links of a query's own token, and of the token before it."""
    shares = {"looks at the end": 0.0 if kind == "decoder" else weights_QM[:, -1].mean()}
    if kind == "cross":
        shares |= {"aligns": alignment, "aligns the token before": after}
    elif len(weights_QM) > 1:
        shares |= {
            "looks one back": weights_QM.diagonal(-1).mean(),
            "looks at itself": weights_QM.diagonal()[1:].mean(),
            "looks one ahead": weights_QM.diagonal(1).mean(),
            "looks at the start": weights_QM[2:, 0].mean() if len(weights_QM) > 2 else 0.0,
        }
    habit = max(shares, key=shares.__getitem__)
    if shares[habit] > _MOST:
        return habit
    if spread > _SPREAD:
        return "looks everywhere"
    return "looks nearby" if near < _NEAR else "mixed"
