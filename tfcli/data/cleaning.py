"""Which pairs are left out of training: one function per rule, and a count of what each dropped.

A rule takes the two sides as ids (without control tokens) and the DataConfig, and says whether to drop the pair.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from tfcli.config import DataConfig

Ids = Sequence[int]


def empty(src: Ids, tgt: Ids, config: DataConfig) -> bool:
    """A side says nothing."""
    return not src or not tgt


def too_long(src: Ids, tgt: Ids, config: DataConfig) -> bool:
    """A side has more tokens than fit, its closing control token included."""
    return max(len(src), len(tgt)) + 1 > config.max_length


def uneven(src: Ids, tgt: Ids, config: DataConfig) -> bool:
    """The sides differ so much in length that they hardly say the same. Very short sides may: 对 is "That's right."."""
    shorter, longer = sorted((len(src), len(tgt)))
    return longer > config.max_ratio * shorter + 4


RULES: dict[str, Callable[[Ids, Ids, DataConfig], bool]] = {"empty": empty, "too long": too_long, "uneven": uneven}


def why_dropped(src: Ids, tgt: Ids, config: DataConfig, counts: Counter[str]) -> str | None:
    """The name of the first rule that drops the pair, counted; None if it stays."""
    for name, rule in RULES.items():
        if rule(src, tgt, config):
            counts[name] += 1
            return name
    return None
