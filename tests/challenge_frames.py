"""Which sentences a frame of the synthetic corpora can make, as regular expressions: more than it will ever draw.

A slot becomes its list of values, or if it has too many the characters that they are made of, as many as they have.
"""

import random
import re
from functools import cache

from tfcli.data.synthetic import SLOTS, SYNTHETIC, names, places
from tfcli.data.synthetic.grammar import Choice, Parts, Slot, read_frames

_FINAL = "。！？.!?；"


def plain(text: str) -> str:
    """Without spaces, quotes and the last mark, which typing changes."""
    return re.sub(r"[\s“”\"《》]", "", text).rstrip(_FINAL)


@cache
def _values(kind: str, form: str) -> str:
    """What a slot matches."""
    rng = random.Random(kind)

    def draw(count: int) -> list[str]:
        values = [SLOTS[kind](rng) for _ in range(count)]
        return [plain(value.forms[form][0] if form else value.zh) for value in values]

    texts = draw(400)
    if kind in names.SLOTS or kind in places.SLOTS:
        texts += draw(7000 if len(set(texts)) < 396 else 4000)
        if len(set(texts)) < 0.4 * len(texts):
            return "(?:" + "|".join(map(re.escape, sorted(set(texts)))) + ")"
    lengths = [len(text) for text in texts]
    return f"[{re.escape(''.join(sorted(set(''.join(texts)))))}]{{{min(lengths)},{max(lengths) + 2}}}"


def _pattern(parts: Parts) -> str:
    texts = []
    for part in parts:
        if isinstance(part, Slot):
            texts.append(_values(part.name.rstrip("0123456789"), part.form))
        elif isinstance(part, Choice):
            texts.append("(?:" + "|".join(_pattern(wording) for wording in part.wordings) + ")")
        else:
            texts.append(re.escape(re.sub(r"[\s“”\"《》]", "", part)))
    return "".join(texts)


@cache
def patterns() -> list[re.Pattern[str]]:
    """What each frame of every corpus can make, without its last mark."""
    frames = [frame for name in SYNTHETIC for frame in read_frames(name)[0]]
    return [re.compile(_pattern(frame.zh).rstrip(_FINAL)) for frame in frames]


def matching(sentence: str) -> list[str]:
    """The frames that could make this sentence."""
    text = plain(sentence)
    return [pattern.pattern for pattern in patterns() if pattern.fullmatch(text)]
