"""What decoding leaves behind, and when a sentence is over: its end, the length limit, repetition. No torch here."""

from collections.abc import Sequence
from dataclasses import dataclass

from tfcli.config import EOS

_LONGEST_UNIT = 6


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A decoded target sentence.

    ids: without BOS and EOS, a forced beginning included. score: mean log-probability of the tokens the model chose,
    EOS among them. finished: the model said EOS before its limit. looped: it repeated itself; one copy is left.
    """

    ids: list[int]
    score: float
    finished: bool
    looped: bool


class Draft:
    """A hypothesis on its way. max_length: tokens it may have, EOS not counted, `prefix` counted."""

    def __init__(self, src: Sequence[int], max_length: int, prefix: Sequence[int] = ()):
        self.prefix = list(prefix)
        self.room = max_length - len(prefix)
        # A source that repeats itself (哈哈哈哈) may be translated by twice as many copies.
        self.allowed_copies = 2 * most_copies(src)
        self.ids: list[int] = []
        self.total, self.num_scores = 0.0, 0
        self.done = self.finished = self.looped = False

    def add(self, token: int, log_probability: float) -> None:
        """The next token. After it, `done` says whether the sentence is over."""
        self.total += log_probability
        self.num_scores += 1
        if token == EOS:
            self.done = self.finished = True
        elif len(self.ids) >= self.room:
            self.done = True
            self._cut_loop(longest=len(self.ids) // 3, copies=3, tokens=8)
        else:
            self.ids.append(token)
            # Not sooner: 1,000,000,000,000 has four copies of ",000".
            self._cut_loop(longest=_LONGEST_UNIT, copies=5, tokens=16)

    def hypothesis(self) -> Hypothesis:
        return Hypothesis(self.prefix + self.ids, self.total / max(self.num_scores, 1), self.finished, self.looped)

    def _cut_loop(self, longest: int, copies: int, tokens: int) -> None:
        end = find_loop(self.ids, longest, max(copies, self.allowed_copies + 1), tokens)
        if end is not None:
            self.ids, self.done, self.looped = self.ids[:end], True, True


def find_loop(ids: Sequence[int], longest: int, copies: int, tokens: int) -> int | None:
    """Where the first copy ends, if `ids` end in at least `copies` of one unit of at most `longest` ids, and these are
    at least so many `tokens`; the last copy may be incomplete. None if they do not."""
    for unit in range(1, longest + 1):
        run = min(unit, len(ids))
        while run < len(ids) and ids[-run - 1] == ids[-run - 1 + unit]:
            run += 1
        if run >= max(copies * unit, tokens):
            return len(ids) - run + unit
    return None


def most_copies(ids: Sequence[int]) -> int:
    """How often the most repeated unit of a few ids stands in a row; 1 if nothing repeats."""
    most = 1
    for unit in range(1, _LONGEST_UNIT + 1):
        run = 0
        for i in range(unit, len(ids)):
            run = run + 1 if ids[i] == ids[i - unit] else 0
            most = max(most, run // unit + 1)
    return most
