"""From attention to links between source and target tokens.

Shapes: T target tokens, S source tokens.
"""

from collections.abc import Sequence

from tfcli.attention_maps.attention_map import Array
from tfcli.attention_maps.words import SPACE

Link = tuple[int, int]
"""Source token, target token, from 0."""

_UNLINKED = {"<s>", "</s>", SPACE}
"""Tokens that stand for no part of the text."""


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
