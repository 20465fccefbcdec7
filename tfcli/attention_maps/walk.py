"""Attention step by step for one query: dot products, scaling, mask, softmax, weighted sum of the values.

The vectors are the model's own; the steps are worked out here in the open, and end where the model ended.

Shapes: M keys, K d_head.
"""

import re
from dataclasses import dataclass

import numpy as np

from tfcli.attention_maps.attention_map import Array, Attention, AttentionMap
from tfcli.attention_maps.view import ALL, MEAN, NAMES, View, choose
from tfcli.attention_maps.words import SPACE
from tfcli.config import MapKind
from tfcli.errors import ModelError, UsageError

_CLOSE = 1e-3


@dataclass(frozen=True, eq=False)
class Walk:
    """The way of one query through one head. layer, head: from 1; query: place of the token, from 0.

    dots_M: q·k. scaled_M: divided by √K; given_M: what the model itself recorded there, which differs where positions
    change the scores. allowed_M: False where the mask is. exps_M: e to the power of what is left, over the greatest.
    weights_M: these over their sum. parts_MK: each value times its weight. sum_K: their sum. out_K: what the model
    went on with.
    """

    kind: MapKind
    layer: int
    head: int
    query: int
    queries: tuple[str, ...]
    keys: tuple[str, ...]
    q_K: Array
    k_MK: Array
    v_MK: Array
    dots_M: Array
    scaled_M: Array
    given_M: Array
    allowed_M: Array
    exps_M: Array
    weights_M: Array
    parts_MK: Array
    sum_K: Array
    out_K: Array

    @property
    def difference(self) -> float:
        """The largest difference between our sum and the model's output."""
        return float(np.abs(self.sum_K - self.out_K).max())


def start_walk(whole: AttentionMap, view: View, query: str) -> Walk:
    """The walk through the layer and head of a view, for a query named by its place or its token. Where the view leaves
    the head open, that with the greatest weight is taken. UsageError if there is no such thing."""
    if view.kind == ALL:
        raise UsageError("a walk goes through one kind of attention", "--kind cross, encoder or decoder")
    attention = whole[view.kind]
    num_layers, num_heads = attention.weights_LHQM.shape[:2]
    default = whole.view_layer if view.kind == "cross" else num_layers
    (layer,) = choose(view.layer or str(default), num_layers, "layer", NAMES[view.kind], ())
    place = find_query(attention, query)
    head = None
    if view.head not in (None, MEAN):
        head = int(choose(view.head, num_heads, "head", NAMES[view.kind], ())[0])
    return walk(whole, view.kind, int(layer), place, head)


def find_query(attention: Attention, wish: str) -> int:
    """The place of a query given by its number or its token, the first of equal ones."""
    tokens = [token.removeprefix(SPACE) for token in attention.queries]
    if wish in tokens:
        return tokens.index(wish)
    if re.fullmatch("[0-9]{1,4}", wish) and int(wish) < len(tokens):
        return int(wish)
    known = ", ".join(f"{i} {token}" for i, token in enumerate(tokens))
    raise UsageError(f'there is no query "{wish}"', f"they are   {known}")


def walk(whole: AttentionMap, kind: MapKind, layer: int, query: int, head: int | None = None) -> Walk:
    """The walk of the query at a place, through a layer and head from 1; None: the head with the greatest weight.

    Raises UsageError if words were merged, as they have no vectors, and ModelError if the walk does not end at the
    model's output, because the model does more than the walk.
    """
    attention = whole[kind]
    if attention.q_LHQK is None:
        raise UsageError("the walk follows the pieces of the model, not words", "leave out --words")
    weights_HM = attention.weights_LHQM[layer - 1, :, query]
    h = head - 1 if head else int(weights_HM.max(-1).argmax())
    q_K = attention.q_LHQK[layer - 1, h, query]
    k_MK, v_MK = attention.k_LHMK[layer - 1, h], attention.v_LHMK[layer - 1, h]
    dots_M = k_MK @ q_K
    given_M = attention.scores_LHQM[layer - 1, h, query]
    allowed_M = attention.weights_LHQM[layer - 1, h, query] > 0  # a masked key gets nothing at all
    exps_M = np.where(allowed_M, np.exp(given_M - given_M[allowed_M].max()), 0.0)
    weights_M = exps_M / exps_M.sum()
    parts_MK = weights_M[:, None] * v_MK
    found = Walk(
        kind=kind,
        layer=layer,
        head=h + 1,
        query=query,
        queries=attention.queries,
        keys=attention.keys,
        q_K=q_K,
        k_MK=k_MK,
        v_MK=v_MK,
        dots_M=dots_M,
        scaled_M=dots_M / np.sqrt(len(q_K)),
        given_M=given_M,
        allowed_M=allowed_M,
        exps_M=exps_M,
        weights_M=weights_M,
        parts_MK=parts_MK,
        sum_K=parts_MK.sum(0),
        out_K=attention.out_LHQK[layer - 1, h, query],
    )
    if found.difference > _CLOSE * max(1.0, float(np.abs(found.out_K).max())):
        kernel = whole.kernels[kind]
        raise ModelError(
            f'the {kind} attention of this model, "{kernel}", is no softmax of scores and one sum of values',
            "there is no such walk; its weights can be shown   --format table",
        )
    return found
