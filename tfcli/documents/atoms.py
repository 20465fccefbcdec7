"""Atoms on their way through a model: as the placeholders it knows, and back, none lost and none made up."""

from tfcli.config import PLACEHOLDERS
from tfcli.documents.segment import ATOM
from tfcli.documents.words import find_words, scale


def to_placeholders(text: str) -> str:
    """A sentence with the first eight of its atoms as placeholders, which a translator keeps. Further ones stay as they
    are: no model knows them, and `mend_atoms` puts them back."""
    return text.translate(dict(zip(map(ord, ATOM.findall(text)), PLACEHOLDERS, strict=False)))


def from_placeholders(source: str, translation: str) -> str:
    """What a translator made of `to_placeholders(source)`, with the atoms of the source, each once."""
    atoms = ATOM.findall(source)
    known = dict(zip(map(ord, PLACEHOLDERS), atoms, strict=False))
    return mend_atoms(source, translation.translate({ord(char): "" for char in PLACEHOLDERS} | known))


def mend_atoms(source: str, target: str) -> str:
    """A translation with every atom of its source once: others are dropped, lost ones put about where they were."""
    wanted, seen = ATOM.findall(source), set()

    def keep(char: str) -> bool:
        is_new = char in wanted and char not in seen
        seen.add(char)
        return is_new

    mended = "".join(char for char in target if not ATOM.match(char) or keep(char))
    for char in wanted:
        if char in mended:
            continue
        at = scale(source.index(char), (0, len(source)), (0, len(mended)))
        edges = [0, len(mended)] + [edge for word in find_words(mended) for edge in word]
        place = min(edges, key=lambda edge: abs(edge - at))
        left = " " if mended[:place][-1:].isalnum() and mended[:place][-1:].isascii() else ""
        right = " " if mended[place:][:1].isalnum() and mended[place:][:1].isascii() else ""
        mended = mended[:place] + left + char + right + mended[place:]
    return mended
