"""Pairs as people type them: changes to the text of some training pairs, so that the model has seen them.

Each function takes the text of a pair and a random generator and returns the changed text; NoiseConfig says how often.
Which pairs change depends on the seed alone.
"""

import random
import re
from collections.abc import Callable, Iterable, Iterator

from tfcli.config import PLACEHOLDERS, NoiseConfig
from tfcli.data.synthetic.substitution import substitute

_FINAL = "。！？.!?；;，,"
_WIDE = {".": "。", "!": "！", "?": "？"}
_NARROW = {wide: narrow for narrow, wide in _WIDE.items()}
_OPEN = _FINAL + "…:：\"”』」'’)）—～~"
"""A text that ends in one of these has an end of its own."""
_COPIED = re.compile(r"[A-Za-z][A-Za-z0-9.+_-]*[A-Za-z0-9]|\d[\d.,:%-]*\d|\d")
_CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")

Texts = tuple[str, str]
Change = Callable[[str, str, random.Random], Texts]


def add_final_punctuation(source: str, target: str, rng: random.Random) -> Texts:
    """好久不见, Long time no see. becomes 好久不见。 in the script of the text that lacks the mark."""
    return _ended(source, target), _ended(target, source)


def _ended(text: str, model: str) -> str:
    mark = _NARROW.get(model[-1:], model[-1:])
    if mark not in _WIDE or not text or text[-1] in _OPEN:
        return text
    return text + (_WIDE[mark] if _CJK.search(text) else mark)


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


def join(first: Texts, following: Texts) -> Texts:
    """Two neighbouring pairs as one, each with the punctuation between them that spoken lines lack."""
    source, target = (_glued(*texts) for texts in zip(first, following, strict=True))
    return source, target


def _glued(text: str, following: str) -> str:
    wide = _CJK.match(text[-1:])
    stop = "" if text[-1:] in _OPEN else "。" if wide else "."
    return f"{text}{stop}{'' if wide else ' '}{following}"


_CHANGES: dict[str, Change] = {
    "substitution": substitute,
    "drop_final_punctuation": drop_final_punctuation,
    "spaces_for_commas": spaces_for_commas,
    "placeholders": placeholders,
}


def add_noise(pairs: Iterable[Texts], config: NoiseConfig, seed: str) -> Iterator[Texts]:
    """The pairs, some of them changed, and some joined to the one that follows."""
    rng = random.Random(seed)
    changes = [(change, rate) for name, change in _CHANGES.items() if (rate := getattr(config, name))]
    pending: Texts | None = None
    for pair in pairs:
        if config.add_final_punctuation and rng.random() < config.add_final_punctuation:
            pair = add_final_punctuation(*pair, rng)
        if pending is not None:
            pair, pending = join(pending, pair), None
        elif config.join and rng.random() < config.join:
            pending = pair
            continue
        for change, rate in changes:
            if rng.random() < rate:
                pair = change(*pair, rng)
        yield pair
    if pending is not None:
        yield pending
