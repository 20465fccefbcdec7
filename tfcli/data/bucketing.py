"""Which pairs make up which batch: a pure function of the seed and the epoch, so there is no iterator state to lose."""

import numpy as np

STEP = 4
"""Lengths are rounded up to a multiple of this: few distinct shapes, so freed memory fits the next batch."""

ROWS = 8
"""Batches have a multiple of so many rows where there are enough pairs, for the same reason."""


def round_up(length: np.ndarray | int) -> np.ndarray | int:
    """The padded length of a sequence."""
    return -(-length // STEP) * STEP


def plan_epoch(
    src_lengths: np.ndarray,
    tgt_lengths: np.ndarray,
    batch_tokens: int,
    seed: int,
    epoch: int,
) -> list[np.ndarray]:
    """The batches of one epoch, in the order of training; each an array of pair numbers.

    batch_tokens: rows times padded length of the longer side is at most this, unless a single pair is longer.
    """
    rng = np.random.default_rng([seed, epoch])
    pairs = rng.permutation(len(src_lengths))
    src, tgt = round_up(src_lengths[pairs]), round_up(tgt_lengths[pairs])
    order = np.lexsort((src, tgt))  # by target length, then source length; equal ones stay shuffled
    pairs, src, tgt = pairs[order], src[order], tgt[order]
    batches, start = [], 0
    ends = np.append(np.flatnonzero(np.diff(tgt)) + 1, len(pairs))  # a batch never mixes target lengths
    for end in ends:
        while start < end:
            stop = _fit(src, tgt[start], start, end, batch_tokens)
            batches.append(pairs[start:stop])
            start = stop
    return [batches[i] for i in rng.permutation(len(batches))]


def _fit(src: np.ndarray, tgt_length: int, start: int, end: int, batch_tokens: int) -> int:
    """The largest stop such that the rows from start to stop fit; sources get longer from row to row."""
    stop = end
    while True:
        longest = max(int(src[stop - 1]), tgt_length)
        rows = max(batch_tokens // longest, 1)
        if rows >= ROWS:
            rows -= rows % ROWS
        if start + rows >= stop:
            return stop
        stop = start + rows
