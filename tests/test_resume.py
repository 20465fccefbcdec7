"""A run that is stopped or killed goes on as if nothing had happened: byte for byte."""

import json
import os
import random
import shutil
import signal
import typing
from pathlib import Path

import pytest
from runs import STEPS, Killed, at_step, final_bytes, kill, short_recipe, terminate, train, training

from tfcli.cli.app import main
from tfcli.config import Optimizer, Recipe
from tfcli.training import run
from tfcli.training.checkpoint import list_checkpoints, load_latest


@pytest.fixture(scope="module")
def recipe(tmp_path_factory) -> Recipe:
    return short_recipe(tmp_path_factory.mktemp("corpus"))


@pytest.mark.parametrize("optimizer", typing.get_args(Optimizer))
def test_an_interrupted_run_ends_as_the_uninterrupted_one(recipe, tmp_path, monkeypatch, optimizer):
    recipe = training(recipe, optimizer=optimizer, valid_every=6)
    outcome = train(recipe, tmp_path / "whole")
    assert outcome.step == STEPS and outcome.signal == 0
    whole = final_bytes(tmp_path / "whole")
    assert json.loads(whole["state"])["epoch"] >= 3
    assert {"model.safetensors", "ema.safetensors", "optimizer.safetensors", "random.safetensors"} <= set(whole)
    for step in range(1, STEPS):  # a signal in the middle of every step there is
        with monkeypatch.context() as patch:
            number = random.choice((signal.SIGINT, signal.SIGTERM))
            at_step(patch, step, lambda number=number: os.kill(os.getpid(), number))
            outcome = train(recipe, tmp_path / "parts")
        assert (outcome.step, outcome.signal) == (step, number)
        assert list_checkpoints(tmp_path / "parts" / "checkpoints")[-1].name == f"step-{step:09d}"
    assert train(recipe, tmp_path / "parts").step == STEPS
    assert whole == final_bytes(tmp_path / "parts")
    bundles = [(tmp_path / name / "bundle" / "model.safetensors").read_bytes() for name in ("whole", "parts")]
    assert bundles[0] == bundles[1]


def test_a_run_that_is_killed_again_and_again_ends_as_if_it_had_not_been(recipe, tmp_path, monkeypatch):
    recipe = training(recipe, save_every=2)
    train(recipe, tmp_path / "whole")
    steps = sorted(random.choices(range(1, STEPS), k=6))
    for step in steps:
        with monkeypatch.context() as patch:
            at_step(patch, step, kill)
            with pytest.raises(Killed):
                train(recipe, tmp_path / "parts")
    train(recipe, tmp_path / "parts")
    assert final_bytes(tmp_path / "whole") == final_bytes(tmp_path / "parts"), f"killed at {steps}"


def test_the_comparison_can_fail(recipe, tmp_path, monkeypatch):
    """Dropout goes on where it was: without its random state the run ends elsewhere."""
    train(recipe, tmp_path / "whole")
    with monkeypatch.context() as patch:
        at_step(patch, 5, terminate)
        train(recipe, tmp_path / "parts")
    monkeypatch.setattr("tfcli.training.learner.Learner._set_random_state", lambda self, state: None)
    train(recipe, tmp_path / "parts")
    assert final_bytes(tmp_path / "whole")["model.safetensors"] != final_bytes(tmp_path / "parts")["model.safetensors"]


def test_a_run_stopped_before_its_first_step_begins(recipe, tmp_path, monkeypatch):
    recipe = training(recipe, steps=2)
    with monkeypatch.context() as patch:
        patch.setattr(run, "StopSignal", lambda: Asked())
        assert train(recipe, tmp_path / "parts").step == 0
    train(recipe, tmp_path / "parts")
    train(recipe, tmp_path / "whole")
    assert final_bytes(tmp_path / "whole") == final_bytes(tmp_path / "parts")


class Asked:
    number, asked = signal.SIGTERM, True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def test_a_run_of_an_older_version_goes_on(tmp_path, monkeypatch, capsys):
    """Everything that it depends on must be as it was then: recipe, tokenizer, noise, fingerprints, random states."""
    copy = Path(shutil.copytree(Path(__file__).parent / "data" / "run", tmp_path / "copy"))
    monkeypatch.chdir(copy)
    assert main(["train", "recipe.toml", "--run-dir", "stopped", "--steps", "9", "--device", "cpu"]) == 0
    said = capsys.readouterr().err
    assert "resuming at step 5 (epoch 1" in said and "skipped" not in said and "not bit for bit" not in said
    assert load_latest(copy / "stopped" / "checkpoints")[0].step == 9
