"""Runs that are refused, go wrong or end early: nothing is lost, and what happened is said."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from runs import STEPS, at_step, final_bytes, short_recipe, terminate, train, training

from tfcli.config import CorpusConfig, Recipe
from tfcli.errors import DivergedError, ModelError, NotFoundError, ResourceError
from tfcli.training import run
from tfcli.training.averaging import average_checkpoints
from tfcli.training.checkpoint import list_checkpoints, load_latest, load_state, read_verified, save_state
from tfcli.training.run_folder import MAY_CHANGE, RunFolder
from tfcli.training.trainer import MAX_BAD_STEPS, Trainer


@pytest.fixture(scope="module")
def recipe(tmp_path_factory) -> Recipe:
    return short_recipe(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def short(recipe) -> Recipe:
    return training(recipe, steps=2, save_every=1)


@pytest.fixture(scope="module")
def finished(short, tmp_path_factory) -> Path:
    """A run of two steps, never changed by a test."""
    path = tmp_path_factory.mktemp("runs") / "finished"
    train(short, path)
    return path


@pytest.fixture
def copy(finished, tmp_path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))


def tree(path: Path) -> dict[str, bytes]:
    return {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file() and p.name != "run.lock"}


@pytest.mark.parametrize(
    ("changes", "values"),
    [
        ({"model": {"d_ff": 48}}, ("model.d_ff", "32", "48")),
        ({"model": {"dropout": 0.0}}, ("model.dropout", "0.2", "0.0")),
        ({"training": {"optimizer": "muon"}}, ("training.optimizer", "adamw", "muon")),
        ({"training": {"batch_tokens": 99}}, ("training.batch_tokens", "200", "99")),
        ({"training": {"seed": 2}}, ("training.seed", "1", "2")),
        ({"tokenizer": {"vocab_size": 501}}, ("tokenizer.vocab_size", "500", "501")),
        ({"data": {"max_length": 64}}, ("data.max_length", "128", "64")),
        ({"source": "ja"}, ("source", "zh", "ja")),
    ],
)
def test_another_recipe_is_refused_with_both_values_and_nothing_is_touched(short, copy, changes, values):
    before = tree(copy)
    changed = short
    for section, settings in changes.items():
        value = dataclasses.replace(getattr(short, section), **settings) if isinstance(settings, dict) else settings
        changed = dataclasses.replace(changed, **{section: value})
    with pytest.raises(ModelError) as raised:
        train(changed, copy)
    name, old, new = values
    assert f"{name}: {old} -> {new}" in raised.value.message and "--fresh" in raised.value.hint
    assert tree(copy) == before


def test_another_corpus_is_refused(short, copy):
    for corpora in ((), (dataclasses.replace(short.data.train[0], weight=2.0),)):
        with pytest.raises(ModelError, match="data.train"):
            train(dataclasses.replace(short, data=dataclasses.replace(short.data, train=corpora)), copy)


def test_a_run_that_never_came_to_a_checkpoint_may_become_another(recipe, tmp_path):
    missing = dataclasses.replace(recipe.data, train=(CorpusConfig("missing.tsv"),))
    with pytest.raises(NotFoundError, match="missing.tsv"):
        train(dataclasses.replace(recipe, data=missing), tmp_path)
    assert train(training(recipe, steps=1), tmp_path).step == 1


def test_what_may_change_is_said_and_goes_on(short, copy, capsys):
    longer = training(short, steps=3, keep=5, learning_rate=0.002, patience=7)
    outcome = run.train(longer, copy, device="cpu")
    assert outcome.step == 3
    said = " ".join(capsys.readouterr().err.split())
    assert "training.steps: 2 -> 3" in said and "resuming at step 2" in said
    with pytest.raises(ModelError, match="training.seed"):  # the recipe that was accepted is the one to compare with
        train(training(longer, seed=5), copy)
    assert {f"training.{name}" for name in MAY_CHANGE} <= set(_names(Recipe()))


def _names(recipe: Recipe) -> list[str]:
    values = dataclasses.asdict(recipe)
    return [*values, *(f"{table}.{name}" for table, v in values.items() if isinstance(v, dict) for name in v)]


def test_a_finished_run_is_finished(short, copy):
    before = tree(copy / "checkpoints")
    assert train(short, copy).step == 2
    assert tree(copy / "checkpoints") == before


@pytest.mark.parametrize("states", [{"0": torch.get_rng_state(), "1": torch.get_rng_state()}, {"0": torch.zeros(16)}])
def test_a_run_of_other_processes_goes_on_and_says_so(short, copy, capsys, states):
    state = load_latest(copy / "checkpoints")[0]
    shutil.rmtree(copy / "checkpoints")
    state.tensors["random"] = states
    save_state(copy / "checkpoints", state, keep=1)
    assert run.train(training(short, steps=3), copy, device="cpu").step == 3
    assert "not bit for bit" in capsys.readouterr().err


def test_fresh_forgets_the_run(short, copy):
    changed = dataclasses.replace(short, model=dataclasses.replace(short.model, d_ff=48))
    assert train(changed, copy, fresh=True).step == 2
    weights = load_latest(copy / "checkpoints")[0].tensors["model"]
    assert weights["encoder.layers.0.feed_forward.up.weight"].size(0) == 48


def test_a_damaged_checkpoint_is_passed_over_said_and_made_again(short, finished, copy, capsys):
    newest = list_checkpoints(copy / "checkpoints")[-1]
    (newest / "model.safetensors").write_bytes(b"damaged")
    run.train(short, copy, device="cpu")
    said = " ".join(capsys.readouterr().err.split())
    assert "skipped: step-000000002 is damaged" in said and "resuming at step 1 " in said
    assert final_bytes(copy) == final_bytes(finished)


def test_a_second_trainer_on_the_folder_is_refused_by_the_name_of_the_first(short, copy):
    before = tree(copy)
    with RunFolder(copy).locked(), pytest.raises(ResourceError, match=f"process {os.getpid()} is training"):
        train(training(short, steps=9), copy)
    assert tree(copy) == before


def test_the_lock_goes_with_its_process(short, copy):
    script = (
        "import os, pathlib, sys; from tfcli.training.run_folder import RunFolder\n"
        "RunFolder(pathlib.Path(sys.argv[1])).locked().__enter__(); os._exit(9)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", script, str(copy)], env=environment).returncode == 9
    with RunFolder(copy).locked():
        pass


def poison(monkeypatch, steps) -> None:
    """Makes the gradient of some steps infinite."""
    clip = torch.nn.utils.clip_grad_norm_
    made = []

    def clipping(parameters, norm):
        parameters = list(parameters)
        made.append(1)
        if len(made) in steps:
            parameters[0].grad[0] = torch.inf
        return clip(parameters, norm)

    monkeypatch.setattr("tfcli.training.trainer.nn.utils.clip_grad_norm_", clipping)


def test_a_step_without_a_finite_gradient_changes_nothing_and_is_said(recipe, tmp_path, monkeypatch, capsys):
    recipe = training(recipe, save_every=1, steps=6, ema_decay=0.0)
    poison(monkeypatch, {3, 4, 5})
    run.train(recipe, tmp_path, device="cpu")
    said = capsys.readouterr().err
    assert [f"step {n}: the gradient is" in said for n in range(1, 7)] == [False, False, True, True, True, False]
    paths = list_checkpoints(tmp_path / "checkpoints")
    weights = [read_verified(path)["model.safetensors"] for path in paths]
    moments = [read_verified(path)["optimizer.safetensors"] for path in paths]
    assert weights[1] == weights[2] == weights[3] == weights[4] != weights[5] and weights[0] != weights[1]
    assert moments[1] == moments[4] != moments[5]


def test_a_run_whose_gradients_stay_infinite_ends_and_keeps_what_it_had(recipe, tmp_path, monkeypatch):
    recipe = training(recipe, save_every=2)
    poison(monkeypatch, range(4, 100))
    with pytest.raises(DivergedError) as raised:
        train(recipe, tmp_path)
    assert f"{MAX_BAD_STEPS + 1} steps" in raised.value.message
    advised = raised.value.hint.split("--set ")[1].partition("=")[0]
    assert advised.removeprefix("training.") in MAY_CHANGE  # the hint can be followed
    state, skipped = load_latest(tmp_path / "checkpoints")
    assert not skipped and all(t.isfinite().all() for t in state.tensors["model"].values())
    monkeypatch.undo()
    assert train(training(recipe, learning_rate=1e-4), tmp_path).step == STEPS


def test_weights_that_are_not_finite_are_never_saved(recipe, tmp_path, monkeypatch):
    recipe = training(recipe, save_every=1)

    def spoil(trainer):
        if trainer.learner.step == 3:
            next(iter(trainer.learner.model.parameters())).data[0] = torch.nan
        return save(trainer)

    save = Trainer._save
    monkeypatch.setattr(Trainer, "_save", spoil)
    with pytest.raises(DivergedError, match="step 3"):
        train(recipe, tmp_path)
    assert load_latest(tmp_path / "checkpoints")[0].step == 2


def test_validation_leaves_everything_as_it_was(recipe, tmp_path):
    for every in (1, 100):
        train(training(recipe, valid_every=every, steps=6), tmp_path / str(every))
    often, once = (final_bytes(tmp_path / str(every)) for every in (1, 100))
    assert often.keys() == once.keys()
    trained = [name for name in often if name.endswith(".safetensors") and name != "best.safetensors"]
    assert len(trained) > 3 and all(often[name] == once[name] for name in trained)


def test_patience_ends_a_run_that_gets_no_better(recipe, tmp_path, monkeypatch):
    scores = iter([1.0, 3.0, 2.0, 3.0, 9.0])

    def validate(validation, objective, device):
        return dict.fromkeys(("chrf", "bleu", "loss"), next(scores)), ["?"] * len(validation.pairs)

    monkeypatch.setattr("tfcli.training.validation.Validation.run", validate)
    outcome = train(training(recipe, valid_every=1, patience=2), tmp_path)
    assert outcome.step == 4 and outcome.scores["chrf"] == 3.0


def test_the_mean_of_the_last_checkpoints_is_a_candidate_of_a_finished_run_only(recipe, tmp_path, monkeypatch):
    recipe = training(recipe, average=3, save_every=2, steps=6)
    averaged = []

    def averaging(paths):
        averaged.append([load_state(path).step for path in paths])
        return average_checkpoints(paths)

    monkeypatch.setattr(run, "average_checkpoints", averaging)
    with monkeypatch.context() as patch:
        at_step(patch, 5, terminate)
        train(recipe, tmp_path)
    assert averaged == []
    train(recipe, tmp_path)
    assert averaged == [[4, 5, 6]]


def test_progress_and_scores_are_in_the_metrics(finished):
    lines = (finished / "metrics.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    records = [json.loads(line) for line in lines]
    assert [record["step"] for record in records if record["kind"] == "validation"] == [2]
    assert all({"loss", "bleu", "chrf", "best"} <= set(r) for r in records if r["kind"] == "validation")
