"""From attention to links between source and target tokens.

Shapes: L layers, H heads, T target tokens, S source tokens.
"""

from collections.abc import Sequence

import numpy as np

from tfcli.attention_maps.attention_map import Array
from tfcli.attention_maps.words import SPACE
from tfcli.bundle import Aligner

Link = tuple[int, int]
"""Source token, target token, from 0."""

_UNLINKED = {"<s>", "</s>", SPACE}
"""Tokens that stand for no part of the text."""


def read_alignment(weights_LHTS: Array, aligner: Aligner) -> Array:
    """alignment_TS: the weights at the place where a model aligns best."""
    num_layers, num_heads = weights_LHTS.shape[:2]  # a config may claim more than there is
    heads_HTS = weights_LHTS[min(aligner.layer, num_layers) - 1]  # layer 0, not measured, is the last
    rows_TS = heads_HTS[min(aligner.head, num_heads) - 1] if aligner.head else heads_HTS.mean(0)
    # The last token is not read again; it is </s>, or the translation was cut.
    return np.concatenate([rows_TS[1:], rows_TS[-1:]]) if aligner.after else rows_TS


def links(
    weights_TS: Array, source: Sequence[str], target: Sequence[str], threshold: float | None = None
) -> list[Link]:
    """Which source token each target token was made from, in the order of the source.

    Without a threshold each target token has one link, to the source token it looked at most; with one, it has links to
    all that got at least this weight. Control tokens and lone spaces are never linked.
    """
    sources = [j for j, token in enumerate(source) if token not in _UNLINKED]
    targets = [i for i, token in enumerate(target) if token not in _UNLINKED]
    if not sources:
        return []
    if threshold is None:
        found = [(sources[int(weights_TS[i, sources].argmax())], i) for i in targets]
    else:
        found = [(j, i) for i in targets for j in sources if weights_TS[i, j] >= threshold]
    return sorted(found)


def to_pharaoh(found: Sequence[Link]) -> str:
    """Links as `source-target` pairs, the format of word aligners since Pharaoh (Koehn 2004)."""
    return " ".join(f"{source}-{target}" for source, target in found)


def alignment_error_rate(found: Sequence[Link], sure: set[Link], possible: set[Link]) -> tuple[int, int]:
    """What a corpus's alignment error rate is made of: 1 - Σ first / Σ second. sure links must be found, possible ones
    (sure ones among them) may be. Och & Ney 2003, A Systematic Comparison of Various Statistical Alignment Models."""
    answer = set(found)
    return len(answer & sure) + len(answer & possible), len(answer) + len(sure)
