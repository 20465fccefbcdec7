"""The learning rate: a pure function of the step and of the share of the run that is done."""

import dataclasses
import itertools
import math
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.config import Schedule, TrainingConfig
from tfcli.training.schedule import SCHEDULES, learning_rate

PEAK = 0.002
NAMES = typing.get_args(Schedule)


def rates(schedule: str, steps: int = 200, warmup: int = 20, decay: float = 0.25) -> list[float]:
    config = TrainingConfig(schedule=schedule, learning_rate=PEAK, warmup_steps=warmup, decay_fraction=decay)
    config = dataclasses.replace(config, decay_steps=max(round(decay * steps), 1))
    return [learning_rate(config, step, step / steps) for step in range(steps + 1)]


def test_there_is_one_function_for_every_name():
    assert set(SCHEDULES) == set(NAMES)


@pytest.mark.parametrize("schedule", NAMES)
def test_it_warms_up_in_a_line_and_then_never_rises(schedule):
    found = rates(schedule)
    for step in range(20):
        assert found[step] == pytest.approx(PEAK * (step + 1) / 20)
    assert all(later <= earlier for earlier, later in itertools.pairwise(found[19:]))
    assert max(found) == pytest.approx(PEAK)


def test_what_it_is_afterwards_by_hand():
    linear, cosine, root, constant = (rates(n) for n in ("linear", "cosine", "inverse_sqrt", "constant"))
    assert linear[150] == cosine[150] == constant[200] == pytest.approx(PEAK)
    assert linear[175] == cosine[175] == pytest.approx(PEAK / 2)
    assert linear[200] == cosine[200] == pytest.approx(0)
    assert cosine[160] == pytest.approx(PEAK * (1 + math.cos(math.pi / 5)) / 2)
    assert root[80] == pytest.approx(PEAK / 2) and root[180] == pytest.approx(PEAK / 3)


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_the_whole_run_or_none_of_it_can_be_decay(schedule):
    assert rates(schedule, warmup=0, decay=0.0) == [PEAK] * 201
    whole = rates(schedule, warmup=0, decay=1.0)
    assert whole[0] == PEAK and whole[100] == pytest.approx(PEAK / 2) and whole[200] == pytest.approx(0)


@given(st.sampled_from(NAMES), st.integers(0, 10**6), st.integers(0, 10**7), st.floats(0, 1), st.floats(0, 1))
def test_it_is_between_nothing_and_the_peak(schedule, warmup, step, progress, decay):
    config = TrainingConfig(schedule=schedule, learning_rate=PEAK, warmup_steps=warmup, decay_fraction=decay)
    assert 0 <= learning_rate(config, step, progress) <= PEAK * (1 + 1e-9)
