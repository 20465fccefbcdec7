"""Attention maps of any tokens without a model: made-up numbers that hang together as a model's do."""

import random
from collections.abc import Sequence

import numpy as np

from tfcli.attention_maps.attention_map import Attention, AttentionMap

LAYERS, HEADS, WIDTH = 2, 3, 4

HOSTILE = [
    *("<script>alert(1)</script>", "</script>", "<!--", "-->", "]]>", "<img src=x onerror=alert(1)>", "&lt;", "&", "'"),
    *("\x1b[31m", "\x1b]52;c;aGk=\x07", "\x9b2J", "\u202eabc", "\u2066", "\u200b", "\t", "\n", "\r\n", "\\", "\\t"),
    *("=1+1", "+1", "-1", "@x", "＝1", "'=1", "[bold]x", "[/nope]", "$x$", '" onload="x', "好久", "▁", "▁不见", "é"),
    *("👩‍👩‍👧", "\ufffe", "\uffff"),
    *("javascript:x", "${map}", "$style", "{{x}}", "<0xE5>", "<s>", "</s>", "", "\u2028", "\u0301", "data:text/html,x"),
]


def hostile_tokens(count: int, seed: int) -> list[str]:
    """Tokens out of pieces that mean something to a browser, a terminal, a spreadsheet, a template."""
    rng = random.Random(seed)
    return ["".join(rng.choices(HOSTILE, k=rng.randrange(1, 4))) for _ in range(count)]


def made_map(source: Sequence[str], target: Sequence[str], seed: int = 0, text: str = "") -> AttentionMap:
    """A map over these tokens, </s> added to both. text: stands for both texts."""
    rng = np.random.default_rng(seed)
    sources, targets = (*source, "</s>"), (*target, "</s>")
    read = ("<s>", *target)
    kinds = {"encoder": (sources, sources), "decoder": (read, read), "cross": (targets, sources)}
    attentions = {kind: _attention(kind, *tokens, rng) for kind, tokens in kinds.items()}
    return AttentionMap(
        source=text or "".join(source),
        target=text or "".join(target),
        source_tokens=sources,
        target_tokens=targets,
        logprobs_T=-rng.random(len(targets), dtype=np.float32),
        attentions=attentions,
        kernels=dict.fromkeys(kinds, "full"),
        view_layer=2,
        alignment_TS=attentions["cross"].weights_LHQM[1].mean(0),
        model=text or "made",
        languages=("zh", "en"),
    )


def _attention(kind: str, queries: tuple[str, ...], keys: tuple[str, ...], rng: np.random.Generator) -> Attention:
    q, k, v = (rng.normal(size=(LAYERS, HEADS, len(tokens), WIDTH)) for tokens in (queries, keys, keys))
    scores = q @ k.swapaxes(-1, -2) / WIDTH**0.5
    allowed = np.tri(len(queries), len(keys), dtype=bool) if kind == "decoder" else np.ones(scores.shape, dtype=bool)
    exps = np.where(allowed, np.exp(scores), 0.0)
    weights = exps / exps.sum(-1, keepdims=True)
    arrays = [array.astype(np.float32) for array in (weights, scores, q, k, v, weights @ v)]
    return Attention(kind, queries, keys, *arrays)
