"""Two processes train the model that one trains."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from runs import STEPS, final_bytes, short_recipe

from tfcli.config.recipe import make_recipe, to_toml
from tfcli.errors import ModelError
from tfcli.training.checkpoint import TrainState, load_latest, save_state
from tfcli.training.distributed import World
from tfcli.training.network import interface_to, name_interface
from tfcli.training.stage import pick_state

ROOT = Path(__file__).parent.parent
SETTINGS = {
    "model": dict(d_model=32, d_ff=64, num_heads=4, num_encoder_layers=2, num_decoder_layers=2, dropout=0.0),
    "tokenizer": {"vocab_size": 300, "kind": "bpe"},
    # Three rows of the longest kind: one process has two of them, then one; batches of a single row leave it none.
    "training": dict(
        steps=12, batch_tokens=48, grad_accum=2, warmup_steps=2, precision="float32", valid_every=3, ema_decay=0.0
    ),
}


def _train(folder: Path, corpus: Path, processes: int) -> list[float]:
    """The losses of all validations."""
    data = {"train": [{"path": str(corpus)}], "valid": str(corpus), "valid_pairs": 2}
    recipe = folder / f"{processes}.toml"
    recipe.write_text(to_toml(make_recipe({**SETTINGS, "data": data})), encoding="utf-8")
    run = folder / str(processes)
    command = ["-m", "tfcli", "train", str(recipe), "--run-dir", str(run), "--device", "cpu"]
    assert _launch(processes, command, folder).count("\n") == 1, "one process speaks for all"
    lines = map(json.loads, (run / "metrics.jsonl").read_text(encoding="utf-8").split("\n")[:-1])
    return [line["loss"] for line in lines if line["kind"] == "validation"]


def test_two_processes_are_as_good_as_one(tmp_path):
    corpus = tmp_path / "corpus.tsv"
    lines = [f"我有{'很' * (n % 5)}多书{n}\tI have {'very ' * (n % 7)}many books {n}.\n" for n in range(60)]
    corpus.write_text("".join(lines), encoding="utf-8")
    one, two = (_train(tmp_path, corpus, processes) for processes in (1, 2))
    assert len(one) == 4 and one[-1] < one[0]
    # Not the weights: the bias of the keys has no gradient, and the optimizer makes full steps of its rounding errors.
    assert two == pytest.approx(one, rel=1e-6)


def _launch(processes: int, arguments: list[str], folder: Path) -> str:
    """What the processes print."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    command = [sys.executable, *launcher, *arguments]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=300)
    assert ended.returncode == 0, ended.stderr.decode()[-3000:]
    return ended.stdout.decode()


ONE_RUN = """
import os, signal, sys
from pathlib import Path
import pytest, runs
from tfcli.config.recipe import make_recipe, read_toml

folder, name, ends_at = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with pytest.MonkeyPatch.context() as patch:
    if ends_at < runs.STEPS and os.environ["RANK"] == "1":
        runs.at_step(patch, ends_at, runs.terminate)
    outcome = runs.train(make_recipe(read_toml(folder / "recipe.toml")), folder / name)
assert (outcome.step, outcome.signal) == (ends_at, signal.SIGTERM if ends_at < runs.STEPS else 0), outcome
threads = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
assert not [name for name in threads if "gloo" in name], "left behind, they may abort the process at its exit"
"""


def test_a_signal_to_one_process_stops_all_and_the_run_goes_on_as_if_it_had_not_been(tmp_path):
    (tmp_path / "recipe.toml").write_text(to_toml(short_recipe(tmp_path)), encoding="utf-8")
    (tmp_path / "one_run.py").write_text(ONE_RUN, encoding="utf-8")
    for name, ends_at in [("whole", STEPS), ("parts", 7), ("parts", STEPS)]:
        _launch(2, [str(tmp_path / "one_run.py"), str(tmp_path), name, str(ends_at)], tmp_path)
    whole = final_bytes(tmp_path / "whole")
    assert whole == final_bytes(tmp_path / "parts")
    randoms = load_latest(tmp_path / "whole" / "checkpoints")[0].tensors["random"]
    assert set(randoms) == {"0", "1"} and not torch.equal(randoms["0"], randoms["1"])


@pytest.mark.parametrize("picked", [1, 2, 3])
def test_the_others_take_the_checkpoint_that_the_main_process_has_picked(tmp_path, monkeypatch, picked):
    for step in (1, 2):
        save_state(tmp_path, TrainState(step, {"model": {"a": torch.full((2,), step)}}), keep=2)
    monkeypatch.setattr(World, "max", lambda self, *values: [float(picked)])
    other = World(rank=1, size=2, device=torch.device("cpu"))
    if picked == 3:
        with pytest.raises(ModelError, match="step-000000003 is not complete"):
            pick_state(tmp_path, "train", other)
    else:
        assert pick_state(tmp_path, "train", other)[0].step == picked


@pytest.mark.skipif(sys.platform != "linux", reason="interfaces are looked up as Linux has them")
def test_the_interface_that_leads_to_the_main_process_is_named_if_there_are_other_machines(monkeypatch):
    assert interface_to("127.0.0.1") == "lo" and interface_to("nowhere.invalid") is None
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    for here, named, found in [("2", None, None), ("1", "mine", "mine"), ("1", None, "lo"), (None, None, "lo")]:
        for name, value in {"LOCAL_WORLD_SIZE": here, "GLOO_SOCKET_IFNAME": named}.items():
            monkeypatch.setenv(name, "")  # so that it is as it was in the end
            monkeypatch.delenv(name) if value is None else monkeypatch.setenv(name, value)
        name_interface(size=2)
        assert os.environ.get("GLOO_SOCKET_IFNAME") == found


def test_processes_that_cannot_find_each_other_say_what_to_do(tmp_path):
    command = ["-m", "tfcli", "train", "--run-dir", str(tmp_path / "run"), "--device", "cpu"]
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": "nowhere", "PYTHONPATH": str(ROOT)}
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    ended = subprocess.run([*launcher, *command], env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode and "cannot reach the others" in ended.stderr and "name the network" in ended.stderr
