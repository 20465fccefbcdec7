"""Links between the words of a sentence and of its translation, as places in both texts."""

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from tfcli.documents.moving import Link
from tfcli.documents.segment import Span

_FAR = 40
"""Characters over which a word is looked for that is not where it should be."""


class WordLinks(NamedTuple):
    """The words of both sides as a tokenizer spells them, and which source word each target word was made from."""

    source: Sequence[str]
    target: Sequence[str]
    links: Sequence[tuple[int, int]]


def place_links(found: WordLinks, source: str, target: str) -> list[Link]:
    """The links as characters of both texts; one of a word that is not found there is left out."""
    sources, targets = find_places(found.source, source), find_places(found.target, target)
    return [(a, b) for i, j in found.links if (a := sources[i]) is not None and (b := targets[j]) is not None]


def find_places(words: Sequence[str], text: str) -> list[Span | None]:
    """Where each word stands in a text, from left to right; None for one that is not there. A tokenizer may have
    changed the width and the form of characters, so these do not count."""
    folded, places = _fold(text)
    found: list[Span | None] = []
    at = 0
    for word in words:
        wanted = _fold(word)[0]
        start = folded.find(wanted, at, at + len(wanted) + _FAR) if wanted else -1
        if start < 0:
            found.append(None)
            continue
        at = start + len(wanted)
        found.append((places[start], places[at - 1] + 1))
    return found


def _fold(text: str) -> tuple[str, list[int]]:
    """The characters of a text in their plainest form, without white space, and where each comes from."""
    folded, places = [], []
    for i, char in enumerate(text):
        plain = [part for part in unicodedata.normalize("NFKC", char).lower() if not part.isspace() and part != "▁"]
        folded += plain
        places += [i] * len(plain)
    return "".join(folded), places
