"""Sentence boundaries, and pieces that fit a model. No character is ever lost: the pieces always join to the text."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from unicodedata import category

# Every run of end marks with the closing quotes and the white space after it; `_ends_sentence` says which ones count.
_END = re.compile(r"""(?P<marks>[。｡！？；….!?]+)(?P<closers>[”’」』）》〉】〕］｝"')\]}»]*)(?P<space>\s*)|\n\s*""")
_WIDE = re.compile("[。｡！？；…]")
_PAUSE = re.compile(r"(?:[，、：；]|[,;:](?=[\s,;:]|[^\x00-\x7f]))+\s*")
_SPACE = re.compile(r"\s+")

_SAYS = re.compile(r"[^\s，。！？；,.!?“「『]{0,6}[说道问喊叫答嚷][^\s，。！？；,.!?“「『]{0,3}[，。]")

_WORD_BEFORE = re.compile(r"(?<!\w)[A-Za-z][A-Za-z.]*\Z")
_EXTENDING = {"Mn", "Mc", "Me", "Cf"}
_ABBREVIATION = re.compile(
    r"mrs?|ms|messrs|mme|dr|prof|st|sr|jr|rev|gen|col|capt|lt|sgt|gov|sen|rep|hon|mt|ft|vs|etc|cf|al|approx|ca|inc|ltd"
    r"|co|corp|dept|univ|ave|blvd|jan|feb|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tue|thu|fri|ph\.d|[a-z](\.[a-z])*"
)
_ONLY_BEFORE_DIGITS = re.compile("nos?|figs?|eq|vols?|ch|sec|pp?|mar|sat|sun|wed")

# From coarse to fine: how to cut, and whether that is a hard cut.
Levels = list[tuple[Callable[[str], list[str]], bool]]


def split(text: str) -> list[str]:
    """Cut `text` after each sentence; white space stays at the end of the sentence before it.

    Wide marks (。！？；…) end a sentence by themselves, `! ?` before white space or a wide character, `.` before white
    space unless it belongs to an abbreviation, an initial or a list number; closing quotes and brackets stay with the
    sentence. `"".join(split(text)) == text` for every text.
    """
    start, pieces = 0, []
    for match in _END.finditer(text):
        if match.end() < len(text) and _ends_sentence(text, start, match):
            pieces.append(text[start : match.end()])
            start = match.end()
    return pieces + [text[start:]] if text else []


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    marks, closers, space = match["marks"], match["closers"], match["space"]
    if marks is None or "\n" in space:
        return True
    following = text[match.end()]
    # “走！”，他说   "Really?" he said   Well... maybe
    if following in "，、：,:" or ((closers or "…" in marks or ".." in marks) and following.islower()):
        return False
    if closers and _SAYS.match(text, match.end()):
        return False  # “好。”他说。
    if _WIDE.search(marks):
        return True
    if marks != ".":
        return bool(space) or (marks[-1] != "." and following > "\u2e7f")  # 真的吗?是
    return bool(space) and not _is_abbreviation(text, start, match.start(), following)


def _is_abbreviation(text: str, start: int, dot: int, following: str) -> bool:
    """Whether the full stop at `dot`, in the sentence that began at `start`, belongs to the word before it."""
    if dot - start < 5 and text[start:dot].strip().isdigit():
        return True  # the number of a list item
    word = _WORD_BEFORE.search(text, max(start, dot - 12), dot)
    if not word:
        return False
    if _ONLY_BEFORE_DIGITS.fullmatch(word[0].lower()):
        return following.isdigit()
    return _ABBREVIATION.fullmatch(word[0].lower()) is not None


def split_to_fit(text: str, comfortable: int, limit: int, length: Callable[[str], int]) -> list[tuple[str, bool]]:
    """Cut `text` into its sentences, and those that are too long into pieces; all of them join to the text.

    A sentence of more than `comfortable` by `length` is cut after pauses (，、：, ; :), into as few pieces of about one
    length as hold no more than that, where it has so many pauses. What is over the `limit` even so is cut at white
    space, then hard, between characters as people see them; the pieces of a hard cut carry True. Only a single code
    point that is over the limit on its own comes back longer, flagged too. `length` (a tokenizer) should grow with the
    text; it is called on near-linear amounts of it.
    """
    comfortable = min(comfortable, limit)
    pieces: list[tuple[str, bool]] = []
    for sentence in split(text) or [text]:
        size = length(sentence)
        if size <= comfortable:
            pieces.append((sentence, False))
            continue
        even = -(-size // -(-size // comfortable))
        for clause in _clauses(sentence, even, comfortable, length):
            fits = length(clause) <= limit
            pieces += [(clause, False)] if fits else _fit(clause, lambda piece: length(piece) <= limit, _LEVELS)
    return pieces


def _clauses(sentence: str, even: int, most: int, length: Callable[[str], int]) -> list[str]:
    """Runs of parts between pauses: each ends as soon as it is `even` long, and before it is longer than `most`."""
    runs, sizes = [""], [0]
    for part in _cut_after(_PAUSE, sentence):
        size = length(part)
        if sizes[-1] and (sizes[-1] >= even or sizes[-1] + size > most):
            runs.append("")
            sizes.append(0)
        runs[-1] += part
        sizes[-1] += size
    return runs


def _fit(text: str, fits: Callable[[str], bool], levels: Levels) -> Iterator[tuple[str, bool]]:
    """Group the parts of a text that does not fit; a part that does not fit alone goes to the next finer level."""
    (cut, hard), *finer = levels
    parts = cut(text)
    if len(parts) == 1 and finer:
        yield from _fit(text, fits, finer)
        return
    at, guess = 0, 1
    while at < len(parts):
        fitting = _count_fitting(parts, at, fits, guess)
        guess = max(fitting, 1)
        if not fitting and finer:
            yield from _fit(parts[at], fits, finer)
        else:
            yield "".join(parts[at : at + guess]), hard
        at += guess


def _count_fitting(parts: list[str], at: int, fits: Callable[[str], bool], guess: int) -> int:
    """How many parts from `at` on fit together, looked for in doubling steps around `guess`, then by halving."""
    low, high, step = 0, len(parts) - at + 1, 1
    probe = min(guess, high - 1)
    while high - low > 1:
        if fits("".join(parts[at : at + probe])):
            low, probe = probe, probe + step
        else:
            high, probe = probe, probe - step
        step *= 2
        if not low < probe < high:
            probe = (low + high) // 2
    return low


def _cut_after(mark: re.Pattern[str], text: str) -> list[str]:
    edges = [0, *(match.end() for match in mark.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(edges) if start < end]


def _clusters(text: str) -> list[str]:
    """Characters as people see them, near enough: marks, joiners, skin tones, low surrogates stay with their base."""
    starts = [i for i, char in enumerate(text) if i == 0 or not (_extends(char) or text[i - 1] == "\u200d")]
    return [text[start:end] for start, end in pairwise([*starts, len(text)])]


def _extends(char: str) -> bool:
    skin_tone, low_surrogate = "\U0001f3fb" <= char <= "\U0001f3ff", "\udc00" <= char <= "\udfff"
    return char >= "\u0300" and (category(char) in _EXTENDING or skin_tone or low_surrogate)


_LEVELS: Levels = [
    (lambda text: _cut_after(_SPACE, text), False),
    (_clusters, True),
    (list, True),
]
