"""The texts of the pages. The first line is the title; {name} is a number, {name:...} says how to show it."""

from importlib.resources import files
from typing import Literal

from tfcli.explain import TOPICS

Language = Literal["en", "zh"]


def title(topic: str, language: Language) -> str:
    return _read(topic, language)[0]


def body(topic: str, language: Language) -> str:
    """What comes after the title, with the places for numbers still open."""
    return _read(topic, language)[1]


def following(topic: str) -> str | None:
    """The topic that is best read next."""
    return dict(zip(TOPICS, TOPICS[1:], strict=False)).get(topic)


def _read(topic: str, language: Language) -> tuple[str, str]:
    text = files("tfcli.explain").joinpath("pages", language, f"{topic}.txt").read_text(encoding="utf-8")
    first, _, rest = text.partition("\n")
    return first, rest.strip("\n")
