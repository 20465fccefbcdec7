"""The power fails at any moment of many saves: a step that was said to be saved is there.

Without one of the syncs it would not be: the simulation has to find that, else it would prove nothing.
"""

import os
from collections import Counter
from pathlib import Path

import pytest

from faults.calls import watched
from faults.power import Recording
from faults.states import make_state
from tfcli.disk import write_synced
from tfcli.errors import ModelError
from tfcli.training.checkpoint import load_latest, save_state

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="a descriptor's file is asked of /proc")

STATES = [500, pytest.param(100_000, marks=pytest.mark.slow)]
FOLDER = "run/checkpoints"
FORGOTTEN = {
    "every sync": lambda path: True,
    "the sync of the files": lambda path: path.endswith((".safetensors", ".json")),
    "the sync of the manifest": lambda path: path.endswith("manifest.json"),
    "the sync of the temporary folder": lambda path: path.endswith(".new"),
    "the sync of the folder of checkpoints": lambda path: path.endswith("checkpoints"),
    "the sync of the run folder": lambda path: path.endswith("run"),
}


@pytest.fixture(autouse=True)
def no_sync(monkeypatch):
    """It is slow, and needless where the power fails in a simulation."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def record(root: Path, without=lambda path: False) -> Recording:
    """Six saves from nothing, two kept; the fourth finds its place taken by what a crash had damaged."""
    recording = Recording(root, without=without)
    for step in range(1, 7):
        with watched(recording.hook):
            if step == 4:
                damaged = root / FOLDER / "step-000000004"
                damaged.mkdir()
                write_synced(damaged / "manifest.json", b"damaged")
            save_state(root / FOLDER, make_state(step), keep=2)
        recording.promise(step)
    return recording


def losses(recording: Recording, scratch: Path, count: int) -> Counter:
    """How many of so many crashes leave no checkpoint, or one that is older than what was promised."""
    found, known = Counter(lost=0, without=0), {}
    for promised, files in recording.crashes(count):
        seen = {path: data for path, data in files.items() if path.startswith(f"{FOLDER}/step-")}
        key = frozenset(seen.items())
        if key not in known:
            known[key] = newest(scratch / str(len(known)), seen)
        found["lost"] += known[key] < promised
        found["without"] += promised > 0 and not known[key]
    return found


def newest(root: Path, files: dict[str, bytes]) -> int:
    """The step that a run would go on from, 0 if there is none; asked of the code that loads it."""
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    try:
        state, _ = load_latest(root / FOLDER)
    except ModelError:
        return 0
    return state.step if state else 0


@pytest.mark.parametrize("count", STATES)
def test_no_power_failure_loses_a_saved_step(tmp_path, count):
    (tmp_path / "disk").mkdir()
    recording = record(tmp_path / "disk")
    found = losses(recording, tmp_path / "states", count)
    print(f"{count} states of {len(recording.changes)} changes: {dict(found)}")
    assert not found["lost"] and not found["without"]


@pytest.mark.parametrize("what", FORGOTTEN)
def test_without_a_sync_the_simulation_finds_the_loss(tmp_path, what):
    (tmp_path / "disk").mkdir()
    recording = record(tmp_path / "disk", FORGOTTEN[what])
    found = losses(recording, tmp_path / "states", 500)
    print(f"500 states without {what}: {dict(found)}")
    assert found["lost"]


def test_the_simulation_ends_where_the_disk_does(tmp_path):
    recording = record(tmp_path)
    real = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert recording.after_crash(recording.time, share=1.0) == real
