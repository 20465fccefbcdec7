"""Many trainers on one run folder at the same moment: one trains, the others leave, and say who it is."""

import fcntl
import os
import shutil
import signal
import threading
from pathlib import Path

import pytest

from faults.children import new_event, start, write_recipe
from tfcli.errors import ResourceError
from tfcli.training.checkpoint import load_latest
from tfcli.training.run_folder import RunFolder


@pytest.mark.parametrize(("rounds", "starts"), [(1, 20), pytest.param(10, 20, marks=pytest.mark.slow)])
def test_of_many_starts_one_wins_and_the_others_name_it(tmp_path, rounds, starts):
    recipe = write_recipe(tmp_path, steps=100_000)
    for number in range(rounds):
        run, begin = tmp_path / f"run-{number}", new_event()
        leave_a_name(run)
        children = [start(recipe, run, tmp_path / f"{number}-{i}.diary", begin) for i in range(starts)]
        for child in children:
            child.wait_for("ready")
        begin.set()
        while len(alive := [child for child in children if child.process.is_alive()]) > 1:
            alive[0].process.join(0.05) or alive[-1].process.join(0.05)
        (winner,) = alive
        winner.wait_for("updated")
        for child in children:
            if child is not winner:
                assert child.wait() == 9 and not child.steps("updated")
                (line,) = child.said.read_text().split("\n")[:-1]
                assert f"process {winner.process.pid} is training" in line and str(run) in line
        winner.send(signal.SIGTERM)
        assert winner.wait() == 143
        assert load_latest(run / "checkpoints")[0].step == winner.steps("updated")[-1]
        shutil.rmtree(run)


def leave_a_name(run: Path) -> None:
    """As a process does that was killed; nobody has a number that large."""
    run.mkdir()
    (run / "run.lock").write_text("999999999")


def test_the_one_that_has_the_lock_but_not_written_its_name_yet_is_named(tmp_path):
    leave_a_name(run := tmp_path / "run")
    with open(run / "run.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        writing = threading.Timer(0.1, (run / "run.lock").write_text, [str(os.getppid())])
        writing.start()
        with pytest.raises(ResourceError, match=f"process {os.getppid()} is training"), RunFolder(run).locked():
            pass
        writing.join()


def test_a_holder_that_is_not_of_this_machine_is_named_as_it_names_itself(tmp_path):
    leave_a_name(run := tmp_path / "run")
    with open(run / "run.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ResourceError, match="process 999999999 is training"), RunFolder(run).locked():
            pass
