"""Sentence frames with slots: a line of Chinese, a line of English, and values that fill both.

A frame is written as `{person}花了{price}买[这辆|一辆]车。` TAB `{person} paid {price} for [the|this] car.`: {slot} and
{slot2} are two values of one kind, {slot.form} another form of the same value (person.his, things.is). [a|b] is one of
several wordings, drawn for each side by itself. <a|b> is one choice for both sides: the first choice of the Chinese is
the first of the English, so a line with two of them must have them in one order. A third column, if there is one, says
how often the frame is drawn beside the others (1). The article before a slot follows its value: "a {age}" becomes
"an 8".
"""

import random
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from itertools import accumulate
from typing import NamedTuple

Texts = tuple[str, str]


class Value(NamedTuple):
    """What fills a slot: its text in each language, and further forms of it by name."""

    zh: str
    en: str
    forms: Mapping[str, Texts] = {}


Slots = Mapping[str, Callable[[random.Random], Value]]


class Slot(NamedTuple):
    """Where a value stands, in one of its forms ("" for itself)."""

    name: str
    form: str


class Choice(NamedTuple):
    """Wordings. shared: which choice of both sides it is, from 0; None for one that this side makes alone."""

    wordings: tuple[tuple["str | Slot", ...], ...]
    shared: int | None


Parts = tuple[str | Slot | Choice, ...]

_TOKEN = re.compile(r"(\{[^{}]*\}|\[[^][]*\]|<[^<>]*>)")
_SLOT = re.compile(r"\{([a-z_]+\d?)(?:\.([a-z]+))?\}")
_VOWEL_SOUND = re.compile(r"(?!uni|eu|one\b|us(e|a|er)\b)[aeiou]|8|1[18](?!\d)", re.IGNORECASE)
_SENTENCE = re.compile(r"(^|(?<!\.m)(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!Mrs)[.?!]\"? )([a-z])")
_SEAM = re.compile(r"(?<=[\u4e00-\u9fff])(?=[0-9A-Za-z])|(?<=[0-9A-Za-z%])(?=[\u4e00-\u9fff])")
_FINAL = "。！？；"

SINGULAR = {"is": ("", "is"), "was": ("", "was"), "has": ("", "has"), "s": ("", "s"), "does": ("", "does")}
PLURAL = {"is": ("", "are"), "was": ("", "were"), "has": ("", "have"), "s": ("", ""), "does": ("", "do")}


class Frame(NamedTuple):
    """One line of a file of frames. slots: the values it asks for. choices: how many wordings each shared one has."""

    zh: Parts
    en: Parts
    slots: tuple[str, ...]
    choices: tuple[int, ...]


def parse_frame(line: str) -> tuple[Frame, float]:
    """A frame and how often it is drawn beside the others."""
    zh, en, *weight = line.split("\t")
    slots = dict.fromkeys(match[1] for match in _SLOT.finditer(zh + en))
    sides = _parse(zh), _parse(en)
    choices = [[len(part.wordings) for part in side if _is_shared(part)] for side in sides]
    if choices[0] != choices[1]:
        raise ValueError(f"the choices of the two sides differ: {line}")
    return Frame(*sides, tuple(slots), tuple(choices[0])), float(*weight or [1])


def _is_shared(part: str | Slot | Choice) -> bool:
    return isinstance(part, Choice) and part.shared is not None


def _parse(text: str) -> Parts:
    parts: list[str | Slot | Choice] = []
    for token in filter(None, _TOKEN.split(text)):
        if slot := _SLOT.fullmatch(token):
            parts.append(Slot(slot[1], slot[2] or ""))
        elif token[0] in "[<":
            shared = sum(map(_is_shared, parts)) if token[0] == "<" else None
            parts.append(Choice(tuple(_parse(wording) for wording in token[1:-1].split("|")), shared))
        else:
            parts.append(token)
    return tuple(parts)


@cache
def read_frames(name: str) -> tuple[list[Frame], list[float]]:
    """The frames of a built-in file, and their weights added up."""
    lines = resources.files(__package__).joinpath(f"frames/{name}.tsv").read_text("utf-8").splitlines()
    frames, weights = zip(*map(parse_frame, lines), strict=True)
    return list(frames), list(accumulate(weights))


def draw(name: str, slots: Slots, rng: random.Random) -> Texts:
    """One pair from the frames of this name."""
    frames, weights = read_frames(name)
    return fill(rng.choices(frames, cum_weights=weights)[0], slots, rng)


def fill(frame: Frame, slots: Slots, rng: random.Random) -> Texts:
    """A frame with values drawn for its slots, no two alike; typed sometimes without the final mark of the Chinese, or
    with spaces between Chinese and digits."""
    values: dict[str, Value] = {}
    for slot in frame.slots:
        for _ in range(20):
            value = slots[slot.rstrip("0123456789")](rng)
            if not any(value.zh == other.zh or value.en == other.en for other in values.values()):
                break
        values[slot] = value
    chosen = [rng.randrange(wordings) for wordings in frame.choices]
    zh, en = _join(frame.zh, values, chosen, 0, rng), _join(frame.en, values, chosen, 1, rng)
    en = _SENTENCE.sub(lambda match: match[1] + match[2].upper(), re.sub(r"(?<=\.m\.)\.", "", en))
    if rng.random() < 0.35 and len(zh) > 1:
        zh = zh.rstrip(_FINAL)
    if rng.random() < 0.06:
        zh = _SEAM.sub(" ", zh)
    return zh, en


def _join(parts: Parts, values: Mapping[str, Value], chosen: list[int], side: int, rng: random.Random) -> str:
    text = ""
    for part in parts:
        if isinstance(part, Choice):
            wordings = part.wordings
            wording = rng.choice(wordings) if part.shared is None else wordings[chosen[part.shared]]
            text += _join(wording, values, chosen, side, rng)
        elif isinstance(part, Slot):
            value = values[part.name]
            filling = (value.forms[part.form] if part.form else value)[side]
            text = (article(text, filling) if side else text) + filling
        else:
            text += part
    return text


def article(before: str, following: str) -> str:
    """English text before a value, its last word "a" or "an" made right for the value."""
    if not before.lower().endswith((" a ", " an ")) and before.lower() not in ("a ", "an "):
        return before
    letters = before.rstrip(" ").removesuffix("n")
    return f"{letters}{'n' * bool(_VOWEL_SOUND.match(following))} "
