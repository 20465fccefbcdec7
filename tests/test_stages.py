"""Recipes in stages: each starts from what it should, and no interruption changes what a run comes to."""

import dataclasses
import json
import random
import shutil
import signal
import tomllib
from pathlib import Path

import pytest
import torch
from runs import Killed, at_step, final_bytes, kill, short_values, terminate, train

from tfcli.bundle import read_bundle
from tfcli.config import Recipe
from tfcli.config.recipe import apply_sets, make_recipe, to_toml
from tfcli.errors import ModelError
from tfcli.training import run
from tfcli.training.checkpoint import checkpoint_path, load_state

STAGES = [
    {"name": "one", "training": {"steps": 5}, "weights": {"phrasebook": 0.0}},
    {
        "name": "two",
        "training": {"epochs": 0.5, "learning_rate": 1e-2},
        "weights": {"all": 0.2},
        "noise": {"join": 0.0},
    },
    {"name": "three", "init": {"one": 0.4, "two.best": 0.6}, "training": {"tokens": 600}},
]


@pytest.fixture(scope="module")
def staged(tmp_path_factory) -> Recipe:
    """Three stages with lengths of three kinds, on a mixture of two corpora, one of them generated."""
    values = short_values(tmp_path_factory.mktemp("corpus"))
    values["data"]["train"] += [{"path": "phrasebook", "weight": 0.05}, {"path": "numbers", "pairs": 30}]
    values["training"] = values["training"] | {"save_every": 2, "keep": 2}
    values["tokenizer"] = {}  # of a size that fits
    return make_recipe({**values, "stage": STAGES, "final": {"three.ema": 0.5, "two": 0.5}})


@pytest.fixture(scope="module")
def whole(staged, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "whole"
    train(staged, path)
    return path


def ends(path: Path) -> list[int]:
    """The steps at which the stages of a run ended."""
    return [entry["step"] for entry in json.loads((path / "stages.json").read_bytes())]


def assert_alike(one: Path, other: Path) -> None:
    assert ends(one) == ends(other) and len(ends(one)) == len(STAGES)
    assert final_bytes(one) == final_bytes(other)
    for name in ("model.safetensors", "config.json", "recipe.toml", "README.md"):
        assert (one / "bundle" / name).read_bytes() == (other / "bundle" / name).read_bytes(), name


def test_stages_that_are_killed_in_each_of_them_and_between_end_as_if_they_had_not_been(staged, whole, tmp_path):
    first, second, third = ends(whole)
    assert first == 5 and second > first + 1 and third > second + 1
    path = tmp_path / "parts"
    inside = [random.randint(1, first), random.randint(first + 2, second), random.randint(second + 2, third)]
    for step in sorted([*inside, first + 1, second + 1]):
        with pytest.MonkeyPatch.context() as patch:
            at_step(patch, step, kill)
            with pytest.raises(Killed):
                train(staged, path)
    with pytest.MonkeyPatch.context() as patch:  # between the last stage and the finished model
        patch.setattr(run, "_finish", lambda *_: kill())
        with pytest.raises(Killed):
            train(staged, path)
    train(staged, path)
    assert_alike(path, whole)


def test_stages_can_be_stopped_by_a_signal_in_every_step(staged, whole, tmp_path):
    for step in range(1, ends(whole)[-1]):
        with pytest.MonkeyPatch.context() as patch:
            at_step(patch, step, terminate)
            assert train(staged, tmp_path / "parts").signal == signal.SIGTERM
    train(staged, tmp_path / "parts")
    assert_alike(tmp_path / "parts", whole)


def test_a_run_until_a_stage_goes_on_with_the_next(staged, whole, tmp_path):
    for number, name in enumerate(("one", "two", "two", "three"), 1):
        assert train(staged, tmp_path / "parts", until=name).step == ends(whole)[min(number, 3) - 1 - (number == 3)]
    assert_alike(tmp_path / "parts", whole)


def test_the_finished_model_is_the_weighted_mean_of_the_recipe(whole):
    first, second, third = (load_state(checkpoint_path(whole / "checkpoints", step)) for step in ends(whole))
    model = read_bundle(whole / "bundle").load_model().state_dict()
    for name, tensor in model.items():
        mean = (third.tensors["ema"][name] + second.tensors["ema"][name]) / 2
        assert torch.allclose(tensor, mean, atol=1e-3)  # stored in float16
    start = {name: 0.4 * first.tensors["ema"][name] + 0.6 * second.tensors["best"][name] for name in model}
    assert not all(torch.allclose(start[name], third.tensors["model"][name]) for name in model)


def test_a_stage_that_is_prolonged_goes_on_and_those_after_it_begin_again(staged, whole, tmp_path):
    copy = Path(shutil.copytree(whole, tmp_path / "copy"))
    longer = staged.stage[0].training
    longer = dataclasses.replace(staged.stage[0], training=dataclasses.replace(longer, steps=8))
    train(dataclasses.replace(staged, stage=(longer, *staged.stage[1:])), copy)
    assert ends(copy)[0] == 8 and ends(copy)[1] - 8 == ends(whole)[1] - 5


def test_a_stage_that_has_begun_cannot_be_another_and_a_later_one_can(staged, tmp_path):
    train(staged, tmp_path / "run", until="one")
    one, two, three = staged.stage
    other = dataclasses.replace(three, training=dataclasses.replace(three.training, batch_tokens=100))
    train(dataclasses.replace(staged, stage=(one, two, other)), tmp_path / "run", until="two")
    changed = dataclasses.replace(one, training=dataclasses.replace(one.training, batch_tokens=100))
    for stages in ((changed, two, three), (one, dataclasses.replace(two, weights={"all": 0.3}), three)):
        with pytest.raises(ModelError, match="was trained with another recipe"):
            train(dataclasses.replace(staged, stage=stages), tmp_path / "run")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stage": [{"name": "a", "training": {"steps": 1}}] * 2}, 'two stages are called "a"'),
        ({"stage": [{"name": "a"}]}, 'stage "a" has no end'),
        ({"stage": [{"name": "a", "init": "b", "training": {"steps": 1}}]}, 'there is no stage "b"'),
        ({"stage": [{"name": "a", "init": "a", "training": {"steps": 1}}]}, 'cannot start from "a"'),
        ({"stage": [{"name": "a b", "training": {"steps": 1}}]}, "stage.name"),
        ({"stage": [{"name": "a", "weights": {"phrasbook": 1}, "training": {"steps": 1}}]}, 'weighs "phrasbook"'),
        ({"stage": [{"name": "a", "weights": {"phrasebook": -1}, "training": {"steps": 1}}]}, "between 0 and 1,000"),
        ({"final": {"train": 0.5}}, "add up to 0.5"),
        ({"final": {"train.first": 1.0}}, "must end in .last"),
        ({"final": {"train.ema": 1.0}, "training": {"ema_decay": 0.0}}, "keeps no moving average"),
        ({"final": {"train.ema": 2.0, "train.best": -1.0}}, "more than 0"),
        ({"stage": 3}, "stage must be a list"),
        ({"training": 3}, "training must be a table"),
    ],
)
def test_stages_that_cannot_be_are_refused_in_a_sentence(changes, words):
    with pytest.raises(ModelError) as raised:
        make_recipe({"data": {"train": [{"path": "phrasebook"}]}, **changes})
    assert words in raised.value.message and "\n" not in raised.value.message
    if "phrasbook" in words:
        assert raised.value.hint == 'did you mean "phrasebook"?'


def test_a_setting_of_a_stage_goes_by_its_name():
    values = apply_sets({"stage": [{"name": "a", "training": {"steps": 1}}]}, ["stage.a.training.steps=7"])
    assert make_recipe(values).stage[0].training.steps == 7
    for wrong in ("stage.b.training.steps=7", "stage.training=7", "stage.a.training.steps.x=7"):
        with pytest.raises(ModelError, match="--set"):
            apply_sets({"stage": [{"name": "a", "training": {"steps": 1}}]}, [wrong])


def test_what_a_stage_does_not_say_is_what_the_recipe_says():
    values = {
        "data": {"train": [{"path": "phrasebook"}], "noise": {"join": 0.5}, "tests": ["a.tsv", "b.tsv"]},
        "training": {"steps": 9, "seed": 3, "reward": {"candidates": 2}},
        "stage": [{"name": "a", "training": {"seed": 4, "reward": {"start": 0.1}}, "noise": {"placeholders": 0.1}}],
    }
    recipe = make_recipe(values)
    stage = recipe.stage[0]
    assert (stage.training.steps, stage.training.seed, stage.training.reward.candidates) == (9, 4, 2)
    assert (stage.noise.join, stage.noise.placeholders, stage.training.reward.start) == (0.5, 0.1, 0.1)
    for full in (False, True):
        assert make_recipe(tomllib.loads(to_toml(recipe, full))) == recipe
    assert len(to_toml(recipe)) < len(to_toml(recipe, full=True)) / 2


@pytest.mark.parametrize("folder", sorted((Path(__file__).parents[1] / "models").iterdir()), ids=lambda f: f.name)
def test_the_recipe_of_a_shipped_model_is_short_and_can_be_run(folder):
    text = (folder / "recipe.toml").read_text(encoding="utf-8")
    recipe = make_recipe(tomllib.loads(text))
    assert text.count("\n") < 160 and len(recipe.stage) > 1
    assert f"{recipe.source}-{recipe.target}" == folder.name and recipe.data.tests
