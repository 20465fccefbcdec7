"""A process of two is killed, torchrun starts both again, and what they come to is what it would have been. On two
machines too, which are two network namespaces here: nothing but a cable between them."""

import hashlib
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
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


@pytest.fixture
def machines() -> Iterator[list[list[str]]]:
    """What to put in front of a command to run it on one of two machines, 10.9.0.1 and 10.9.0.2."""
    names = [f"tfcli-{os.getpid()}-{i}" for i in range(2)]
    cable = [f"tf{os.getpid()}-{i}" for i in range(2)]
    commands = [["netns", "add", name] for name in names]
    commands.append(["link", "add", cable[0], "type", "veth", "peer", "name", cable[1]])
    for i, (name, end) in enumerate(zip(names, cable, strict=True), 1):
        commands.append(["link", "set", end, "netns", name])
        commands.append(["-n", name, "address", "add", f"10.9.0.{i}/24", "dev", end])
        commands += [["-n", name, "link", "set", device, "up"] for device in (end, "lo")]
    if not shutil.which("ip"):
        pytest.skip("there is no ip")
    try:
        for command in commands:
            if (done := subprocess.run(["ip", *command], capture_output=True)).returncode:
                pytest.skip(f"no network namespaces here: {done.stderr.decode()}")
        yield [["ip", "netns", "exec", name] for name in names]
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)


@pytest.mark.slow
@pytest.mark.parametrize("rank", [-1, 0, 1])
def test_two_machines_are_as_good_as_one_also_if_a_process_of_one_is_killed(tmp_path, machines, rank):
    recipe = write_recipe(tmp_path, save_every=2, valid_every=6)
    launch(recipe, tmp_path / "whole", rank=-1)
    where = ["--nnodes=2", "--nproc-per-node=1", "--master-addr=10.9.0.1", "--master-port=29500"]
    launchers = [
        begin([*machine, sys.executable], [*where, f"--node-rank={node}"], recipe, tmp_path / "run", rank, STEPS // 2)
        for node, machine in enumerate(machines)
    ]
    said = "".join(map(end, launchers))
    assert digest(tmp_path / "run") == digest(tmp_path / "whole"), said
    assert ("exitcode: -9" in said) == (rank >= 0)


def launch(recipe: Path, run: Path, rank: int, step: int = 0, seconds: float = 0.0) -> str:
    """What torchrun and its two processes say."""
    return end(begin([sys.executable], ["--standalone", "--nproc-per-node=2"], recipe, run, rank, step, seconds))


def begin(
    python: list[str], where: list[str], recipe: Path, run: Path, rank: int, step: int = 0, seconds: float = 0.0
) -> subprocess.Popen:
    launcher = ["-m", "torch.distributed.run", "--max-restarts", "3", *where]
    dying = [TESTS / "faults" / "dying_rank.py", str(rank), str(step), str(seconds)]
    command = ["train", recipe, "--run-dir", run, "--device", "cpu"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"}
    return subprocess.Popen(
        [*python, *launcher, *dying, *command], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def end(launcher: subprocess.Popen) -> str:
    with launcher:
        try:
            said = launcher.communicate(timeout=120)[1].decode()
        finally:
            launcher.kill()
    assert launcher.returncode == 0, said[-5000:]
    return said


def digest(run: Path) -> dict[str, str]:
    """SHA-256 of all that a run came to."""
    files = final_bytes(run) | {"bundle": (run / "bundle" / "model.safetensors").read_bytes()}
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
