"""How a translation is searched for, and the rules that every engine keeps: what is never said, what is said once, when
a sentence is over. No torch here.

The rules, in short: PAD, UNK, BOS and placeholders that the source has not are never said; a placeholder is said once;
a hypothesis is over at its end, at the limit of its length, or where it repeats itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tfcli.config import BOS, EOS, PAD, PLACEHOLDERS, UNK
from tfcli.decoding.hypothesis import Hypothesis
from tfcli.decoding.loops import LONGEST_UNIT, find_loop, most_copies
from tfcli.errors import UsageError

NUM_CONTROL = EOS + 1 + len(PLACEHOLDERS)
"""The first so many ids are control tokens and placeholders."""

_FREE_TOKENS = 16
"""So many tokens every translation may have beyond the ratio: short sources may need them."""
_MOST_PENALTY = 10
_LOOP_TOKENS = 16
"""Fewer repeated tokens are no loop, as long as there is room for more."""
DEAD = -1e10
"""Log-probability of a partial translation that only fills a place in a beam."""


@dataclass(frozen=True)
class Search:
    """What is searched for. UsageError if there can be no such search.

    max_length: most tokens of a hypothesis, below what the model holds. beam_size: partial translations that are kept
    at every step; 1 is greedy search. num_hypotheses: so many are wanted, the best first. length_penalty: α of `rank`.
    length_ratio: target tokens per source token. prefix: ids that each hypothesis begins with.
    """

    max_length: int
    beam_size: int = 1
    num_hypotheses: int = 1
    length_penalty: float = 1.0
    length_ratio: float = 2.0
    prefix: tuple[int, ...] = ()

    def __post_init__(self):
        if self.beam_size < 1:
            raise UsageError(f"a beam is at least 1 wide, not {self.beam_size}", "1 is greedy search")
        if self.num_hypotheses < 1:
            raise UsageError(f"there is at least 1 alternative, not {self.num_hypotheses}")
        if self.num_hypotheses > self.beam_size:
            most = f"{self.beam_size} alternative{'s' * (self.beam_size > 1)}"
            raise UsageError(
                f"a beam of {self.beam_size} finds at most {most}, not {self.num_hypotheses}",
                f"widen it   --beam {self.num_hypotheses}",
            )
        if not 0 <= self.length_penalty <= _MOST_PENALTY:
            raise UsageError(f"the length penalty is 0 to {_MOST_PENALTY}, not {self.length_penalty:g}")
        if not self.length_ratio > 0:
            raise UsageError(f"the length ratio must be more than 0, not {self.length_ratio:g}")
        if len(self.prefix) >= self.max_length:
            raise UsageError(f"the prefix has {len(self.prefix)} tokens; a translation may have {self.max_length}")

    def limit(self, source_tokens: int) -> int:
        """The most tokens of a hypothesis of a source of so many; the prefix is counted, EOS is not."""
        by_source = int(min(self.length_ratio * source_tokens, self.max_length))
        return min(self.max_length, by_source + _FREE_TOKENS + len(self.prefix))

    def rank(self, total: float, num_tokens: int) -> float:
        """What hypotheses are compared by: total / num_tokens^α.

        total: log-probability of the tokens that were chosen. num_tokens: of the hypothesis, prefix and EOS counted. Wu
        et al. 2016 (1609.08144), equation 14, without the 5 that it adds to the length, as in CTranslate2. With α = 1
        and without a prefix this is the score of `Hypothesis`.
        """
        return total / num_tokens**self.length_penalty


def banned(src: Sequence[int]) -> list[int]:
    """The ids that no hypothesis of this source may contain. They get no probability: logits of -inf."""
    return [PAD, UNK, BOS, *(i for i in range(EOS + 1, NUM_CONTROL) if i not in src)]


def repeated_placeholder(ids: Sequence[int]) -> int | None:
    """Where a placeholder stands for the second time; None if none does."""
    seen = set()
    for place, token in enumerate(ids):
        if EOS < token < NUM_CONTROL:
            if token in seen:
                return place
            seen.add(token)
    return None


def may_loop(ids: Sequence[int]) -> bool:
    """Whether a draft that took these ids one by one can have stopped at a loop before its limit: a loop is many tokens
    of few kinds. This looks only once, and most translations have no loop."""
    return len(ids) - len(set(ids)) >= _LOOP_TOKENS - LONGEST_UNIT


class Draft:
    """A hypothesis on its way, token by token. limit: tokens it may have, `prefix` counted, EOS not."""

    def __init__(self, src: Sequence[int], limit: int, prefix: Sequence[int] = ()):
        self.prefix = list(prefix)
        self.room = limit - len(prefix)
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
            self._cut_loop(longest=LONGEST_UNIT, copies=5, tokens=_LOOP_TOKENS)

    def hypothesis(self) -> Hypothesis:
        return Hypothesis(self.prefix + self.ids, self.total / max(self.num_scores, 1), self.finished, self.looped)

    def _cut_loop(self, longest: int, copies: int, tokens: int) -> None:
        end = find_loop(self.ids, longest, max(copies, self.allowed_copies + 1), tokens)
        if end is not None:
            self.ids, self.done, self.looped = self.ids[:end], True, True


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a beam found: the tokens that were chosen one after another behind the prefix, EOS the last if it was said;
    their log-probability."""

    tokens: list[int]
    total: float


def choose(src: Sequence[int], search: Search, found: Sequence[Candidate]) -> list[Hypothesis]:
    """The hypotheses a beam is asked for, the best first, out of those it found: none that repeats itself or a
    placeholder. If none is left, an engine gives what greedy search finds, where both are stopped on the way."""
    alive = (one for one in found if one.total > DEAD / 2)
    ranked = sorted(alive, key=lambda one: -search.rank(one.total, len(search.prefix) + len(one.tokens)))
    replayed = (_replay(src, search, one) for one in ranked[: search.beam_size])
    return [h for h in replayed if not h.looped and repeated_placeholder(h.ids) is None][: search.num_hypotheses]


def _replay(src: Sequence[int], search: Search, candidate: Candidate) -> Hypothesis:
    draft = Draft(src, search.limit(len(src)), search.prefix)
    for token in candidate.tokens:
        if draft.done:
            break
        draft.add(token, 0.0)
    draft.total, draft.num_scores = candidate.total, len(candidate.tokens)
    return draft.hypothesis()
