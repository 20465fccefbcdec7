"""A run that is killed, wherever it is: nothing that was saved is lost, and what it comes to is what it would have."""

import hashlib
import random
import time
from pathlib import Path

import pytest
from runs import STEPS, final_bytes

from faults.children import Child, start, write_recipe
from tfcli.training.checkpoint import list_checkpoints, load_latest, load_state


@pytest.mark.parametrize("kills", [5, pytest.param(200, marks=pytest.mark.slow)])
def test_a_killed_run_loses_nothing_and_ends_as_if_it_had_not_been(tmp_path, kills):
    """Goes on until one kill in five was inside a save."""
    recipe = write_recipe(tmp_path, save_every=1, keep=3, valid_every=6)
    assert start(recipe, tmp_path / "whole", tmp_path / "whole.diary").wait() == 0
    whole, names = digest(tmp_path / "whole"), tree(tmp_path / "whole")
    run, saved, killed, inside, completed = tmp_path / "0", 0, 0, 0, 0
    while killed < kills or inside < kills // 5 or not completed:
        child = start(recipe, run, tmp_path / f"{killed}-{completed}.diary")
        if killed < kills or inside < kills // 5:
            kill_sometime(child, STEPS - saved)
        ended = child.wait()
        saved = check(run, child, saved)
        if ended == 0:
            assert digest(run) == whole and tree(run) == names
            completed, saved = completed + 1, 0
            run = tmp_path / str(completed)
        else:
            assert ended == -9, child.said.read_text()
            killed += 1
            inside += "saving" in "".join(child.lines()[-1:])
    print(f"{killed} kills, {inside} inside a save, {completed} runs completed")


def kill_sometime(child: Child, steps: int) -> None:
    """As it starts, or in one of the steps it has to go, which write three lines each."""
    lines = random.randint(0, 3 * steps)
    child.wait_for_lines(1 + lines)
    time.sleep(random.uniform(0, 0.02 if lines else 0.5))
    child.process.kill()


def check(run: Path, child: Child, before: int) -> int:
    """Looks at what a process that is gone left behind; the step the next one will go on from. before: and this one."""
    checkpoints = run / "checkpoints"
    for path in list_checkpoints(checkpoints):
        load_state(path)
    state, skipped = load_latest(checkpoints)
    saved, found = max([before, *child.steps("saved")]), state.step if state else 0
    assert skipped == [] and found in (saved, saved + 1)
    if child.steps("updated"):  # it came to its first step, and had tidied up before
        leftovers = [path.name for path in checkpoints.iterdir() if path.name.startswith(".")]
        assert len(leftovers) <= 1, f"its own at most: {leftovers}"
    return found


def digest(run: Path) -> dict[str, str]:
    """SHA-256 of all that a run came to."""
    assert load_latest(run / "checkpoints")[0].step == STEPS
    files = final_bytes(run) | {"bundle": (run / "bundle" / "model.safetensors").read_bytes()}
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def tree(run: Path) -> list[str]:
    return sorted(str(path.relative_to(run)) for path in run.rglob("*"))
