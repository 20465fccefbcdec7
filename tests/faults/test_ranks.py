"""A process of two is killed, torchrun starts both again, and what they come to is what it would have been."""

import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from runs import STEPS, final_bytes

from faults.children import write_recipe

TESTS = Path(__file__).parent.parent


@pytest.mark.parametrize("count", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_two_processes_of_which_one_is_killed_end_as_if_it_had_not_been(tmp_path, count):
    recipe = write_recipe(tmp_path, save_every=2, valid_every=6)
    said = launch(recipe, tmp_path / "whole", rank=-1)
    whole, restarts = digest(tmp_path / "whole"), 0
    assert "died" not in said
    for number in range(count):
        rank, step, seconds = random.randint(0, 1), random.randint(0, STEPS), random.uniform(0, 0.1)
        said = launch(recipe, run := tmp_path / str(number), rank, step, seconds)
        assert digest(run) == whole, f"rank {rank} died {seconds} s after it began step {step}\n{said}"
        restarts += "exitcode: -9" in said
    print(f"{count} runs with a rank that dies, {restarts} started again: all the same")


def launch(recipe: Path, run: Path, rank: int, step: int = 0, seconds: float = 0.0) -> str:
    """What torchrun and its two processes say."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--max-restarts", "3"]
    dying = [TESTS / "faults" / "dying_rank.py", str(rank), str(step), str(seconds)]
    command = ["train", recipe, "--run-dir", run, "--device", "cpu"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"}
    ended = subprocess.run(
        [sys.executable, *launcher, *dying, *command], env=environment, capture_output=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr.decode()[-5000:]
    return ended.stderr.decode()


def digest(run: Path) -> dict[str, str]:
    """SHA-256 of all that a run came to."""
    files = final_bytes(run) | {"bundle": (run / "bundle" / "model.safetensors").read_bytes()}
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
