"""The pages on attention: queries, keys and values, scores, scaling, masks, softmax, heads.

Shapes: L layers, H heads, Q queries, M keys, K d_head, S source, T target.
"""

import numpy as np
import torch

from tfcli.attention_maps.attention_map import Array
from tfcli.attention_maps.collect import collect
from tfcli.attention_maps.habits import summarize
from tfcli.attention_maps.walk import Walk, walk
from tfcli.config import UNK
from tfcli.explain.facts import Facts, Matrix, Table
from tfcli.explain.lesson import Lesson
from tfcli.transformer.attention.full import attend
from tfcli.transformer.attention.multihead import MemoryAttention, SelfAttention, split_heads
from tfcli.transformer.cross_attention import CROSS
from tfcli.transformer.masks import Mask


def qkv(lesson: Lesson) -> Facts:
    """What becomes of the first token in the first head of the encoder's first layer."""
    config, encoder = lesson.model.config, lesson.map.encoder
    numbers = {
        "token": lesson.map.source_tokens[0],
        "width": config.d_model,
        "heads": config.num_heads,
        "head_width": config.d_model // config.num_heads,
        "weights": 3 * config.d_model**2,
        "q": encoder.q_LHQK[0, 0, 0].tolist(),
        "k": encoder.k_LHMK[0, 0, 0].tolist(),
        "v": encoder.v_LHMK[0, 0, 0].tolist(),
    }
    return Facts(numbers, [SelfAttention, split_heads])


def scores(lesson: Lesson) -> Facts:
    """Every query with every key, in the first head of the encoder's first layer."""
    encoder = lesson.map.encoder
    dots_QM = encoder.q_LHQK[0, 0] @ encoder.k_LHMK[0, 0].T
    query, key = np.unravel_index(dots_QM.argmax(), dots_QM.shape)
    numbers = {
        "dots": Matrix(encoder.queries, encoder.keys, dots_QM.tolist()),
        "count": dots_QM.size,
        "query": encoder.queries[query],
        "key": encoder.keys[key],
        "largest": float(dots_QM.max()),
    }
    return Facts(numbers, [attend])


def scaling(lesson: Lesson) -> Facts:
    """What the division by √K does to all scores of the encoder."""
    encoder = lesson.map.encoder
    dots_LHQM = encoder.q_LHQK @ encoder.k_LHMK.swapaxes(-1, -2)
    width = encoder.q_LHQK.shape[-1]
    scaled_LHQM = dots_LHQM / np.sqrt(width)
    numbers = {"head_width": width, "root": float(np.sqrt(width)), "most": float(np.log2(len(encoder.keys)))}
    for name, scores_LHQM in (("raw", dots_LHQM), ("scaled", scaled_LHQM)):
        weights_LHQM = _softmax(scores_LHQM)
        entropy = -(weights_LHQM * np.log2(weights_LHQM.clip(1e-30))).sum(-1).mean()
        numbers |= {f"{name}_spread": float(scores_LHQM.std()), f"{name}_entropy": float(entropy)}
        numbers[f"{name}_greatest"] = float(weights_LHQM.max(-1).mean())
    return Facts(numbers, [attend])


def masks(lesson: Lesson) -> Facts:
    """The decoder's first layer, and whether what comes later can be felt earlier."""
    decoder, model = lesson.map.decoder, lesson.model
    weights_QM = decoder.weights_LHQM[0, 0]
    memory = model.encode(torch.tensor([lesson.src]))
    one_TD, other_TD = (
        model.decode(torch.tensor([reads]), memory)[0] for reads in (lesson.reads, [*lesson.reads[:-1], UNK])
    )
    change_T = (one_TD - other_TD).abs().amax(-1)
    seen = [[*row[: query + 1], *[None] * (len(row) - query - 1)] for query, row in enumerate(weights_QM.tolist())]
    numbers = {
        "weights": Matrix(decoder.queries, decoder.keys, seen),
        "hidden": sum(row.count(None) for row in seen),
        "all": weights_QM.size,
        "last": decoder.queries[-1],
        "earlier": float(change_T[:-1].max()) if len(change_T) > 1 else 0.0,
        "there": float(change_T[-1]),
    }
    return Facts(numbers, [Mask])


def softmax(lesson: Lesson) -> Facts:
    """From scores to weights, for the first word that is written."""
    found = _first_walk(lesson)
    rows = zip(found.keys, found.given_M.tolist(), found.exps_M.tolist(), found.weights_M.tolist(), strict=True)
    numbers = {
        "query": lesson.map.target_tokens[0],
        "layer": found.layer,
        "head": found.head,
        "keys": Table([list(row) for row in rows]),
        "exps": float(found.exps_M.sum()),
        "sum": float(found.weights_M.sum()),
    }
    return Facts(numbers, [attend])


def attention(lesson: Lesson) -> Facts:
    """The weighted sum of the values, for the first word that is written."""
    found = _first_walk(lesson)
    rows = zip(found.keys, found.weights_M.tolist(), found.v_MK.tolist(), strict=True)
    numbers = {
        "query": lesson.map.target_tokens[0],
        "layer": found.layer,
        "head": found.head,
        "values": Table([list(row) for row in rows]),
        "ours": found.sum_K.tolist(),
        "model": found.out_K.tolist(),
        "difference": found.difference,
    }
    return Facts(numbers, [attend, SelfAttention, MemoryAttention])


def heads(lesson: Lesson) -> Facts:
    """What the heads of two layers do."""
    config, whole = lesson.model.config, lesson.map
    shown = {("encoder", config.num_encoder_layers), ("cross", whole.view_layer)}
    habits = [habit for habit in summarize(whole) if (habit.kind, habit.layer) in shown]
    numbers = {
        "heads": config.num_heads,
        "head_width": config.d_model // config.num_heads,
        "width": config.d_model,
        "habits": Table([[h.kind, h.layer, h.head, h.entropy, h.distance, h.habit] for h in habits]),
    }
    return Facts(numbers, [split_heads, SelfAttention, summarize])


def cross_attention(lesson: Lesson) -> Facts:
    """Target to source, where the model aligns best, the mean of its heads."""
    whole = lesson.map
    weights_TS = whole.cross.weights_LHQM[whole.view_layer - 1].mean(0)
    rows = zip(whole.target_tokens, weights_TS.argmax(-1), weights_TS.max(-1).tolist(), strict=True)
    numbers = {
        "layer": whole.view_layer,
        "weights": Matrix(whole.cross.queries, whole.cross.keys, weights_TS.tolist()),
        "strongest": Table([[target, whole.source_tokens[key], weight] for target, key, weight in rows]),
        "memory": len(lesson.src),
        "width": lesson.model.config.d_model,
    }
    return Facts(numbers, [MemoryAttention, CROSS[lesson.model.config.cross_attention], collect])


def _first_walk(lesson: Lesson) -> Walk:
    return walk(lesson.map, "cross", lesson.map.view_layer, 0)


def _softmax(scores: Array) -> Array:
    exps = np.exp(scores - scores.max(-1, keepdims=True))
    return exps / exps.sum(-1, keepdims=True)
