"""How subtitles are read as sentences and cut again: joined where a sentence runs on, 42 characters a line, two lines.

The numbers are those that broadcasters and streaming services ask for: a line of 42 Latin characters, half as many of
the wide ones.
"""

import unicodedata
from collections.abc import Sequence
from itertools import accumulate, pairwise

from tfcli.documents.words import find_words, is_unspaced

LINE = 42
"""Columns of a line; a wide character takes two."""
_LINES = 2
_LONGEST = 4  # cues that one sentence may run over
_PAUSE, _OVERLAP = 2.0, 1.0  # seconds between two cues of one sentence: at most, and how far they may overlap
_SIGN, _OVER = 12, 20  # columns from the right place that a sign is worth, and a column too many is
_ENDS = '。！？!?….．｡"”』」♪♫'
_CLOSERS = "”’」』）》〉】〕］｝\"')]}»"
_GOES_ON = ",，、;；:：-–—"
_NOT_FIRST = "。，、；：！？…．.,;:!?" + _CLOSERS
_NOT_LAST = "“‘「『（《〈【〔［｛([{«"


def width(text: str) -> int:
    """Columns of a text on the screen."""
    return sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def group_cues(texts: Sequence[str], times: Sequence[tuple[float, float]], joinable: Sequence[bool]) -> list[list[int]]:
    """Which cues one sentence runs over, in order. times: seconds from and to. joinable: one speaks in it, not two.

    A sentence runs on after a cue that ends with a comma or a dash, or before one that begins in lower case; without
    either only where most sentences of the file end with a mark, for there are subtitles without any marks.
    """
    ended = [_has_ended(text) for text in texts]
    is_marked = sum(ended) * 4 >= len(texts)
    groups: list[list[int]] = []
    for i, text in enumerate(texts):
        if groups and len(groups[-1]) < _LONGEST and joinable[i - 1] and joinable[i] and not ended[i - 1]:
            runs_on = texts[i - 1].rstrip()[-1:] in set(_GOES_ON) or text.lstrip()[:1].islower() or is_marked
            if runs_on and -_OVERLAP <= times[i][0] - times[i - 1][1] <= _PAUSE:
                groups[-1].append(i)
                continue
        groups.append([i])
    return groups


def _has_ended(text: str) -> bool:
    text = text.rstrip()
    return text[-1:] in set(_ENDS) or text.rstrip(_CLOSERS)[-1:] in set(_ENDS)


def cut_places(text: str, shares: Sequence[int]) -> list[int]:
    """Where to cut a translation into one part for each cue, by the lengths that the cues had: between words, rather
    after a sign than elsewhere, and so that two lines hold each part where that can be."""
    places, columns = _break_places(text), [0, *accumulate(map(_columns, text))]
    total, found, wanted = sum(shares), [], 0.0

    def cost(place: int) -> float:
        part, rest = columns[place] - columns[last], columns[-1] - columns[place]
        over = max(0, part - _LINES * LINE) + max(0, rest - left * _LINES * LINE)
        after_sign = text[max(place - 2, 0) : place].rstrip()[-1:] in set(_ENDS + _GOES_ON)
        return abs(columns[place] - wanted) - _SIGN * after_sign + _OVER * over

    for done, share in enumerate(shares[:-1], 1):
        wanted += share * columns[-1] / max(total, 1)
        last, left = found[-1] if found else 0, len(shares) - done
        free = [place for place in places if place > last]
        found.append(min(free[: max(len(free) - left + 1, 1)], key=cost, default=len(text)))
    return found


def wrap_places(text: str) -> list[int]:
    """Where to break a text into lines of at most 42 columns, of about the same length where two hold it. A word of
    more columns stays whole."""
    if width(text.rstrip()) <= LINE:
        return []
    places, columns = _break_places(text), [0, *accumulate(map(_columns, text))]
    if columns[-1] <= _LINES * LINE + 1:
        fits = [at for at in places if width(text[:at].rstrip()) <= LINE and columns[-1] - columns[at] <= LINE]
        if fits:
            return [min(fits, key=lambda at: abs(columns[-1] - 2 * columns[at]))]
    found, start = [], 0
    for place, following in pairwise([*places, len(text)]):
        if width(text[start:following].rstrip()) > LINE:
            found.append(place)
            start = place
    return found


def _break_places(text: str) -> list[int]:
    """Before which characters a line may end: at spaces, and between the characters of scripts without them."""
    places = []
    for (_, end), (start, _) in pairwise(find_words(text)):
        spaced = start > end
        if (spaced or is_unspaced(text[end - 1]) or is_unspaced(text[start])) and (
            spaced or (text[start] not in _NOT_FIRST and text[end - 1] not in _NOT_LAST)
        ):
            places.append(start)
    return places
