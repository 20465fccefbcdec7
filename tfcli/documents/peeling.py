"""Pieces of a file with tags, and which of them are around a sentence rather than in it."""

from collections import defaultdict
from typing import NamedTuple


class Piece(NamedTuple):
    """text[start:end] of a file. kind: text, open, close, void, comment; or, to who makes segments of them, atom, point
    and break. name: of a tag, in lower case. is_fixed: the tag says that what is in it is not to be translated."""

    kind: str
    start: int
    end: int
    name: str = ""
    is_fixed: bool = False


def peel(text: str, run: list[Piece]) -> list[Piece]:
    """A run without what stands in front of and behind all its words: space, points, and tags around all of it."""
    partners = _find_partners(run)
    first, last = 0, len(run) - 1
    while first <= last:
        if _is_empty(text, run[first]) or (run[first].kind == "open" and first not in partners):
            first += 1
        elif _is_empty(text, run[last]) or (run[last].kind == "close" and last not in partners):
            last -= 1
        elif partners.get(first) == last:
            first, last = first + 1, last - 1
        else:
            break
    return run[first : last + 1]


def _is_empty(text: str, piece: Piece) -> bool:
    return piece.kind in ("point", "atom") or (piece.kind == "text" and not text[piece.start : piece.end].strip())


def _find_partners(run: list[Piece]) -> dict[int, int]:
    """Where the tag at each place is closed, or was opened; those without a partner are not in it."""
    partners: dict[int, int] = {}
    opened: dict[str, list[int]] = defaultdict(list)
    for i, piece in enumerate(run):
        if piece.kind == "open":
            opened[piece.name].append(i)
        elif piece.kind == "close" and opened[piece.name]:
            start = opened[piece.name].pop()
            partners[start], partners[i] = i, start
    return partners
