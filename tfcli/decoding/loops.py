"""Where a sequence of ids repeats itself: what a model does that does not find the end."""

from collections.abc import Sequence

LONGEST_UNIT = 6
"""Units of up to so many ids are looked for after each token."""


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
    for unit in range(1, LONGEST_UNIT + 1):
        run = 0
        for i in range(unit, len(ids)):
            run = run + 1 if ids[i] == ids[i - unit] else 0
            most = max(most, run // unit + 1)
    return most
