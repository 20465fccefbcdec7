"""Pairs as people type them: small changes to the text of some training pairs, so that the model has seen them.

Each function takes the text of a pair and a random generator and returns the changed text; NoiseConfig says how often.
Which pairs change depends on the seed alone.
"""

import random
import re
from collections.abc import Iterable, Iterator

from tfcli.config import PLACEHOLDERS, NoiseConfig

_FINAL = "。！？.!?；;，,"
_COPIED = re.compile(r"[A-Za-z][A-Za-z0-9.+_-]*[A-Za-z0-9]|\d[\d.,:%-]*\d|\d")

Texts = tuple[str, str]


def drop_final_punctuation(source: str, target: str, rng: random.Random) -> Texts:
    """你好吗？ becomes 你好吗."""
    return source.rstrip(_FINAL) or source, target


def spaces_for_commas(source: str, target: str, rng: random.Random) -> Texts:
    """对不起，我来晚了 becomes 对不起 我来晚了; 1,000 stays."""
    return re.sub(r"[，、]|(?<!\d),|,(?!\d)", " ", source), target


def placeholders(source: str, target: str, rng: random.Random) -> Texts:
    """Up to three words or numbers that stand once on each side become placeholders: the model learns to copy them."""
    both = set(_COPIED.findall(source)) & set(_COPIED.findall(target))  # the 5 of 5岁 is not that of 1985
    shared = [word for word in both if source.count(word) == target.count(word) == 1]
    marks = rng.sample(PLACEHOLDERS, 3)
    for mark, word in zip(marks, sorted(shared, key=source.index), strict=False):
        source, target = source.replace(word, mark), target.replace(word, mark)
    return source, target


def join(source: str, target: str, following: Texts) -> Texts:
    """Two neighbouring pairs as one, with the punctuation between them that spoken lines lack."""
    stop = "" if source[-1:] in _FINAL else "。"
    return f"{source}{stop}{following[0]}", f"{target} {following[1]}"


_SINGLE = (drop_final_punctuation, spaces_for_commas, placeholders)


def add_noise(pairs: Iterable[Texts], config: NoiseConfig, seed: str) -> Iterator[Texts]:
    """The pairs, some of them changed."""
    rng = random.Random(seed)
    pending: Texts | None = None
    for source, target in pairs:
        if pending is not None:
            source, target = join(*pending, (source, target))
            pending = None
        elif rng.random() < config.join:
            pending = (source, target)
            continue
        for change in _SINGLE:
            if rng.random() < getattr(config, change.__name__):
                source, target = change(source, target, rng)
        yield source, target
    if pending is not None:
        yield pending
