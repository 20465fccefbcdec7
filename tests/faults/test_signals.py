"""Ctrl-C and SIGTERM at any time: the step is finished and saved, then the process goes; a second one goes at once."""

import os
import random
import signal
import time
import weakref
from pathlib import Path

import pytest

from faults.children import run_in_fork, start, write_recipe
from tfcli.cli import app
from tfcli.training.checkpoint import load_latest

ENDLESS = {"steps": 100_000, "save_every": 1000, "valid_every": 7}


@pytest.mark.parametrize("count", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_a_signal_at_any_time_ends_after_the_step_with_its_checkpoint(tmp_path, count):
    """One run, stopped again and again: as it starts, in a step, in a validation."""
    recipe, run = write_recipe(tmp_path, **ENDLESS), tmp_path / "run"
    before, inside = 0, 0
    for number in range(count):
        child = start(recipe, run, tmp_path / f"{number}.diary")
        child.wait_for("running")
        time.sleep(random.uniform(0, 2))
        kind = random.choice((signal.SIGINT, signal.SIGTERM))
        child.send(kind)
        assert child.wait() == 128 + kind, child.said.read_text()
        updated, asked = child.steps("updated"), child.steps("asked")
        state, skipped = load_latest(run / "checkpoints")
        assert skipped == []
        assert (state.step if state else 0) == max(updated, default=before), "the latest is the step just finished"
        assert len([step for step in updated if asked and step > asked[0]]) <= 1, "no step is begun after the signal"
        before, inside = state.step if state else 0, inside + bool(asked)
    print(f"{count} signals, {inside} of them while training; came to step {before}")


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_at_once_and_saves_nothing(tmp_path, kind):
    recipe, run = write_recipe(tmp_path, steps=9, save_every=1), tmp_path / "run"
    child = start(recipe, run, tmp_path / "diary", sleep_at=3)
    child.wait_for("sleeping")
    child.send(signal.SIGTERM)
    child.wait_for("asked")
    assert child.process.is_alive(), "it would finish its step"
    child.send(kind)
    assert child.wait() == 128 + kind
    assert load_latest(run / "checkpoints")[0].step == 2


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_where_nothing_can_be_raised_is_not_lost(tmp_path, kind):
    run_in_fork(be_asked_in_a_callback, kind, tmp_path / "said")


def be_asked_in_a_callback(kind: int, said: Path) -> None:
    """While the modules of a command are imported, Python calls back when a lock is gone, and cannot raise there."""
    os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT, 0o600), 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def command(*_, **__):
        lock = {1}
        gone = weakref.ref(lock, lambda reference: os.kill(os.getpid(), kind))
        del lock
        assert gone() is None
        time.sleep(60)
        return 0

    app.make_app = lambda name: command
    assert app.main([]) == 128 + kind
