"""Batches: every drawn pair once, within the budget, in few shapes, and always the same for a seed and an epoch."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tfcli.data.bucketing import ROWS, STEP, plan_epoch, round_up

PAIRS = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), max_size=200)


def plan(pairs, batch_tokens=64, seed=1, epoch=0):
    lengths = [np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1)]
    return plan_epoch(*lengths, batch_tokens, seed, epoch), lengths


def same(one, other) -> bool:
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@given(PAIRS, st.integers(1, 500), st.integers(0, 10**6), st.integers(0, 100))
def test_every_pair_is_in_one_batch_within_the_budget(pairs, batch_tokens, seed, epoch):
    batches, (src, tgt) = plan(pairs, batch_tokens, seed, epoch)
    assert sorted(row for rows in batches for row in rows.tolist()) == list(range(len(pairs)))
    for rows in batches:
        longest = max(round_up(int(src[rows].max())), round_up(int(tgt[rows].max())))
        assert len(rows) > 0 and (len(rows) == 1 or len(rows) * longest <= batch_tokens)
        assert len(set(round_up(tgt[rows]).tolist())) == 1
    again, _ = plan(pairs, batch_tokens, seed, epoch)
    assert same(batches, again)


def test_another_epoch_or_seed_is_another_order():
    rng = np.random.default_rng()
    pairs = rng.integers(1, 30, (300, 2)).tolist()
    batches, _ = plan(pairs)
    assert not same(batches, plan(pairs, epoch=1)[0])
    assert not same(batches, plan(pairs, seed=2)[0])
    # Not only the batches are shuffled, what is in them too.
    assert {frozenset(rows.tolist()) for rows in batches} != {frozenset(r.tolist()) for r in plan(pairs, epoch=1)[0]}


def test_shapes_are_few_and_rows_come_in_eights():
    rng = np.random.default_rng()
    lengths = np.minimum(rng.geometric(0.06, (20_000, 2)), 100)
    batches, (src, tgt) = plan(lengths.tolist(), batch_tokens=1024)
    shapes = Counter((len(r), round_up(int(src[r].max())), round_up(int(tgt[r].max()))) for r in batches)
    assert all(width % STEP == 0 for _, *widths in shapes for width in widths)
    odd = sum(count for (rows, *_), count in shapes.items() if rows % ROWS)
    assert odd <= len(set(round_up(tgt).tolist())) + sum(1 for r in batches if len(r) < ROWS)
    padded = sum(len(r) * (round_up(int(src[r].max())) + round_up(int(tgt[r].max()))) for r in batches)
    assert (src.sum() + tgt.sum()) / padded > 0.8  # what is computed is mostly text


def test_lengths_are_rounded_up():
    assert [round_up(n) for n in (1, STEP - 1, STEP, STEP + 1)] == [STEP, STEP, STEP, 2 * STEP]
    assert round_up(np.array([1, 5])).tolist() == [STEP, 2 * STEP]
