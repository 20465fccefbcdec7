"""A run that was stopped and resumed is, byte for byte, the run that was not."""

import os
import signal

import pytest

from tfcli.errors import DivergedError, ModelError, ResourceError
from tfcli.recipe import make_recipe
from tfcli.training import trainer as trainer_room
from tfcli.training.checkpoint import list_checkpoints, read_verified
from tfcli.training.run import train
from tfcli.training.run_folder import RunFolder
from tfcli.training.trainer import Trainer

STEPS = 14


@pytest.fixture
def settings(tmp_path):
    corpus = tmp_path / "corpus.tsv"
    lines = [f"我有{'很' * (n % 5)}多书{n}\tI have {'very ' * (n % 7)}many books {n}.\n" for n in range(60)]
    corpus.write_text("".join(lines), encoding="utf-8")
    return {
        "model": dict(d_model=16, d_ff=32, num_heads=2, num_encoder_layers=1, num_decoder_layers=1, dropout=0.3),
        "tokenizer": {"vocab_size": 300, "kind": "bpe"},
        "data": {
            "train": [{"path": str(corpus), "weight": 1.5}],
            "valid": str(corpus),
            "valid_pairs": 2,
            "noise": {"drop_final_punctuation": 0.5, "join": 0.2},
        },
        "training": dict(
            steps=STEPS, batch_tokens=400, grad_accum=2, warmup_steps=2, ema_decay=0.9, valid_every=5, save_every=4
        ),
    }


def stop_after(step, monkeypatch):
    """Ctrl-C in the middle of the update that makes it `step`."""
    update = Trainer._update

    def stopping(self, *arguments):
        if self.learner.step == step - 1:
            os.kill(os.getpid(), signal.SIGINT)
        return update(self, *arguments)

    monkeypatch.setattr(Trainer, "_update", stopping)


def last_checkpoint(folder):
    path = list_checkpoints(RunFolder(folder).checkpoints)[-1]
    files = read_verified(path)
    files.pop("state.json")  # holds the seconds, which differ
    return path.name, files


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("stops", [[1], [3, 4], [6, 9, 13]])
def test_stopped_and_resumed_is_byte_identical(settings, tmp_path, monkeypatch, optimizer, stops):
    settings["training"]["optimizer"] = optimizer
    recipe = make_recipe(settings)
    whole = train(recipe, tmp_path / "whole", device="cpu", quiet=True)
    for step in stops:
        with monkeypatch.context() as patch:
            stop_after(step, patch)
            outcome = train(recipe, tmp_path / "parts", device="cpu", quiet=True)
        assert (outcome.signal, outcome.step) == (signal.SIGINT, step)
    resumed = train(recipe, tmp_path / "parts", device="cpu", quiet=True)
    assert resumed.step == whole.step == STEPS
    name, files = last_checkpoint(tmp_path / "whole")
    assert {"model.safetensors", "ema.safetensors", "optimizer.safetensors", "random.safetensors"} <= files.keys()
    assert last_checkpoint(tmp_path / "parts") == (name, files)


def test_the_run_above_crosses_epochs(settings, tmp_path):
    """Or the test above would not test what it should."""
    outcome = train(make_recipe(settings), tmp_path / "run", device="cpu", quiet=True)
    state = (list_checkpoints(RunFolder(tmp_path / "run").checkpoints)[-1] / "state.json").read_text()
    assert outcome.step == STEPS and '"epoch": 0' not in state


def test_another_architecture_is_refused_with_both_values(settings, tmp_path):
    train(make_recipe(settings), tmp_path / "run", device="cpu", quiet=True)
    settings["model"]["num_heads"] = 4
    with pytest.raises(ModelError, match=r"model\.num_heads: 2 -> 4"):
        train(make_recipe(settings), tmp_path / "run", device="cpu", quiet=True)


def test_more_steps_are_welcome(settings, tmp_path):
    train(make_recipe(settings), tmp_path / "run", device="cpu", quiet=True)
    settings["training"]["steps"] = STEPS + 2
    assert train(make_recipe(settings), tmp_path / "run", device="cpu", quiet=True).step == STEPS + 2


def test_a_run_without_a_checkpoint_may_change(settings, tmp_path):
    settings["data"]["train"][0]["path"] = "missing.tsv"
    with pytest.raises(Exception, match="missing.tsv"):
        train(make_recipe(settings), tmp_path / "run", device="cpu", quiet=True)
    settings["data"]["train"][0]["path"] = settings["data"]["valid"]
    assert train(make_recipe(settings), tmp_path / "run", device="cpu", quiet=True).step == STEPS


def test_a_second_trainer_is_refused(settings, tmp_path):
    with RunFolder(tmp_path / "run").locked(), pytest.raises(ResourceError, match=f"process {os.getpid()}"):
        train(make_recipe(settings), tmp_path / "run", device="cpu", quiet=True)


def test_gradients_that_are_not_finite_change_nothing_and_end_the_run(settings, tmp_path, monkeypatch):
    norm = trainer_room.nn.utils.clip_grad_norm_
    seen = []

    def poisoned(parameters, limit):
        parameters = list(parameters)
        seen.append([p.detach().clone() for p in parameters])
        return norm(parameters, limit) * float("nan" if len(seen) > 2 else 1.0)

    monkeypatch.setattr(trainer_room.nn.utils, "clip_grad_norm_", poisoned)
    with pytest.raises(DivergedError):
        train(make_recipe(settings), tmp_path / "run", device="cpu", quiet=True)
    assert len(seen) == 2 + trainer_room.MAX_BAD_STEPS + 1
    assert all((a == b).all() for a, b in zip(seen[2], seen[-1], strict=True))
    assert not all((a == b).all() for a, b in zip(seen[0], seen[2], strict=True))
