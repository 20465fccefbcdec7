"""What ends a run or is told of one: another corpus, tokenizer or number of processes, no memory, a rising loss."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from commands import run as tfcli
from runs import final_bytes, short_recipe, train, training
from test_run import poison

from tfcli.config.recipe import to_toml
from tfcli.errors import DivergedError, ModelError, NotFoundError, ResourceError, TfcliError
from tfcli.training import tensorboard
from tfcli.training.checkpoint import load_latest, save_state
from tfcli.training.distributed import World
from tfcli.training.failures import explain_failure
from tfcli.training.loader import BatchLoader
from tfcli.training.progress import Reporter
from tfcli.training.trainer import Trainer

TESTS = Path(__file__).parent


@pytest.fixture
def recipe(tmp_path):
    (tmp_path / "corpora").mkdir()
    return training(short_recipe(tmp_path / "corpora"), steps=4, save_every=2)


@pytest.fixture
def stopped(recipe, tmp_path):
    """A run after two of its four steps."""
    train(training(recipe, steps=2), tmp_path / "run")
    return tmp_path / "run"


def records(run: Path, kind: str) -> list[dict]:
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    return [record for record in map(json.loads, lines) if record["kind"] == kind]


def test_another_corpus_is_refused_unless_it_is_allowed(recipe, stopped):
    corpus = Path(recipe.data.train[0].path)
    text = corpus.read_text(encoding="utf-8")
    corpus.write_text(text.replace("好", "很", 1), encoding="utf-8")
    checkpoints = final_bytes(stopped)
    with pytest.raises(ModelError, match=r"SHA-256 \w{12}\.\.\. then, \w{12}\.\.\. now") as raised:
        train(recipe, stopped)
    assert "--allow-data-change" in raised.value.hint and final_bytes(stopped) == checkpoints
    assert train(recipe, stopped, allowed=["data"]).step == 4


def test_a_corpus_of_another_age_or_place_is_the_same(recipe, stopped, tmp_path):
    corpus = Path(recipe.data.train[0].path)
    os.utime(corpus, (1, 1))
    whole = train(recipe, tmp_path / "whole")
    train(recipe, stopped)
    assert final_bytes(stopped) == final_bytes(tmp_path / "whole") and whole.step == 4


def test_another_tokenizer_is_refused(recipe, stopped, tmp_path):
    other = dataclasses.replace(recipe, tokenizer=dataclasses.replace(recipe.tokenizer, kind="bpe"))
    train(training(other, steps=1), tmp_path / "other")
    shutil.copy(tmp_path / "other" / "tokenizer.model", stopped / "tokenizer.model")
    with pytest.raises(ModelError, match="tokenizer.model is not the one of the run"):
        train(recipe, stopped)


def test_another_number_of_processes_is_refused_unless_it_is_allowed(recipe, stopped):
    state, _ = load_latest(stopped / "checkpoints")
    facts = {**state.facts, "identity": {**state.facts["identity"], "processes": 2}}
    save_state(stopped / "checkpoints", dataclasses.replace(state, step=3, facts=facts), keep=9)
    with pytest.raises(ModelError, match=r"the run had 2 process\(es\), this one has 1") as raised:
        train(recipe, stopped)
    assert "--allow-world-size-change" in raised.value.hint
    assert train(recipe, stopped, allowed=["world-size"]).step == 4


def test_the_command_has_both_permissions(recipe, stopped, tmp_path):
    Path(recipe.data.train[0].path).write_text("你好\tHello\n谢谢\tThank you\n" * 20, encoding="utf-8")
    (tmp_path / "recipe.toml").write_text(to_toml(recipe), encoding="utf-8")
    arguments = ["train", str(tmp_path / "recipe.toml"), "--run-dir", str(stopped), "--device", "cpu"]
    assert tfcli(*arguments).code == 4
    assert tfcli(*arguments, "--allow-data-change", "--allow-world-size-change").code == 0


def test_a_state_that_says_nothing_of_its_run_can_be_resumed(recipe, stopped):
    state, _ = load_latest(stopped / "checkpoints")
    facts = {name: value for name, value in state.facts.items() if name not in ("identity", "skipped")}
    save_state(stopped / "checkpoints", dataclasses.replace(state, step=3, facts=facts), keep=9)
    assert train(recipe, stopped).step == 4


def test_more_than_one_bad_step_in_a_hundred_ends_the_run(recipe, tmp_path, monkeypatch):
    poison(monkeypatch, {2, 4, 6, 8})
    with pytest.raises(DivergedError, match="4 of 8 steps without a finite gradient"):
        train(training(recipe, steps=20), tmp_path / "run")


NO_MEMORY = [
    MemoryError(),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes."),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
]


@pytest.mark.parametrize("error", NO_MEMORY, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("place", ["Trainer._differentiate", "Trainer._move", "BatchLoader.fetch"])
def test_no_memory_is_said_with_numbers_and_a_way_out(recipe, stopped, monkeypatch, error, place):
    owner = {"Trainer": Trainer, "BatchLoader": BatchLoader}[place.split(".")[0]]
    name = place.split(".")[1]
    work, calls = getattr(owner, name), []

    def failing(*arguments):
        calls.append(1)
        if len(calls) > 1:
            raise error
        return work(*arguments)

    monkeypatch.setattr(owner, name, failing)
    with pytest.raises(ResourceError, match=r"out of memory in step [34]: batches of 200 tokens, [\d,]+ MiB") as raised:
        train(recipe, stopped)
    assert "--batch-tokens 100 --set training.grad_accum=4" in raised.value.hint
    monkeypatch.undo()
    assert train(recipe, stopped).step == 4


def test_other_errors_stay_what_they_are(recipe):
    error = RuntimeError("shapes do not fit")
    world = World(0, 2, torch.device("cpu"))
    assert explain_failure(error, 1, recipe.training, world) is error
    lost = explain_failure(RuntimeError("Connection closed by peer [127.0.0.1]:4"), 7, recipe.training, world)
    assert type(lost) is TfcliError and "in step 7" in lost.message
    alone = World(0, 1, torch.device("cpu"))
    assert not isinstance(explain_failure(RuntimeError("timed out"), 1, recipe.training, alone), TfcliError)


def test_a_rising_loss_is_told_once(recipe, tmp_path, monkeypatch, capsys):
    losses = iter([3.0, 2.9, 3.9, 3.8, 2.5, 2.4])
    log = Trainer._log
    monkeypatch.setattr("tfcli.training.trainer.LOG_EVERY", 1)
    monkeypatch.setattr(Trainer, "_log", lambda trainer, loss, *rest: log(trainer, next(losses), *rest))
    from tfcli.training.run import train as loud

    loud(training(recipe, steps=6), tmp_path / "run", device="cpu")
    said = capsys.readouterr().err
    assert said.count("the loss has risen") == 1 and "step 3: the loss has risen from 2.90 to 3.90" in said


def test_metrics_tell_memory_and_the_share_of_fetching(recipe, tmp_path, monkeypatch):
    monkeypatch.setattr("tfcli.training.trainer.LOG_EVERY", 2)
    train(recipe, tmp_path / "run")
    steps = records(tmp_path / "run", "step")
    assert len(steps) == 2
    assert all(0 <= step["fetching"] < 1 and step["memory_mib"] > 10 and step["skipped"] == 0 for step in steps)


class Board:
    def __init__(self):
        self.scalars, self.closed = [], False

    def add_scalar(self, name, value, step):
        self.scalars.append((name, value, step))

    def close(self):
        self.closed = True


def test_a_board_gets_every_number(tmp_path):
    board = Board()
    with Reporter(tmp_path / "metrics.jsonl", quiet=True, board=board) as reporter:
        reporter.record("validation", step=3, bleu=1.5, best=True, name="x")
    assert board.scalars == [("validation/step", 3, 3), ("validation/bleu", 1.5, 3)] and board.closed


def test_tensorboard_writes_a_file_or_is_named(recipe, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(NotFoundError) as raised:
        tensorboard.open_board(tmp_path)
    assert "pip install 'tfcli[tensorboard]'" in raised.value.hint
    monkeypatch.undo()
    pytest.importorskip("tensorboard")
    train(recipe, tmp_path / "run", tensorboard=True)
    assert list((tmp_path / "run" / "tensorboard").glob("events.*"))


@pytest.mark.slow  # the compiler takes its time
@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a compiler on a CPU")
def test_a_compiled_run_learns_the_same(recipe, tmp_path):
    settings = dict(precision="float32", ema_decay=0.0)
    plain = dataclasses.replace(recipe, model=dataclasses.replace(recipe.model, dropout=0.0))
    losses = []
    for compiled in (False, True):
        train(training(plain, compile=compiled, **settings), tmp_path / str(compiled))
        losses.append(records(tmp_path / str(compiled), "validation")[-1]["loss"])
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)


HANGING = """
    import os, sys, time
    from datetime import timedelta
    import pytest, runs
    from tfcli.cli.app import main
    from tfcli.training import distributed
    distributed._PATIENCE = timedelta(seconds=3)
    if os.environ["RANK"] == "1":
        runs.at_step(pytest.MonkeyPatch(), 2, lambda: time.sleep(9))
    sys.exit(main(sys.argv[1:]))
"""


def test_a_process_that_hangs_is_not_waited_for_for_ever(recipe, tmp_path):
    (tmp_path / "recipe.toml").write_text(to_toml(recipe), encoding="utf-8")
    (tmp_path / "hanging.py").write_text(textwrap.dedent(HANGING), encoding="utf-8")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    arguments = ["hanging.py", "train", "recipe.toml", "--run-dir", "run", "--device", "cpu"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"}
    command = [*launcher, *arguments]
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=200)
    assert ended.returncode != 0
    assert b"process 0 waited in vain for the others in step 2" in ended.stderr, ended.stderr.decode()[-3000:]
