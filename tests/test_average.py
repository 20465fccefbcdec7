"""`tfcli average`: the weighted mean of bundles, runs and checkpoints, or a sentence on why there is none."""

import json
import shutil

import pytest
import torch
from conftest import TINY

from tfcli.bundle import read_bundle
from tfcli.cli.app import main
from tfcli.cli.average import parse_shares
from tfcli.errors import UsageError
from tfcli.training.checkpoint import TrainState, save_state
from tfcli.weights import save


def scaled(folder, factor: float):
    """A copy of the tiny bundle, every weight times a factor."""
    shutil.copytree(TINY, folder)
    state = read_bundle(TINY).load_model().state_dict()
    data = save({name: tensor * factor for name, tensor in state.items()}, read_bundle(TINY).config.dtype)
    (folder / "model.safetensors").write_bytes(data)
    return folder


def weights(folder) -> dict[str, torch.Tensor]:
    return read_bundle(folder).load_model().state_dict()


def test_models_are_averaged_by_weight(tmp_path, capsys):
    one, other = scaled(tmp_path / "one", 1.0), scaled(tmp_path / "run" / "bundle", 2.0).parent
    assert main(["average", f"{one}=0.25", f"{other}=0.75", "-o", str(tmp_path / "mean")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "mean")
    for name, tensor in weights(tmp_path / "mean").items():
        assert torch.allclose(tensor, 1.75 * weights(TINY)[name], rtol=1e-2, atol=1e-6), name
    assert json.loads((tmp_path / "mean" / "metrics.json").read_bytes())["averaged"] == {
        str(one): 0.25,
        str(other): 0.75,
    }


def test_checkpoints_count_alike_without_weights(tmp_path):
    scaled(tmp_path / "run" / "bundle", 1.0)
    state = weights(TINY)
    paths = []
    for step, factor in enumerate((1.0, 3.0), 1):
        groups = {"model": {name: tensor * factor for name, tensor in state.items()}}
        paths.append(str(save_state(tmp_path / "run" / "checkpoints", TrainState(step, groups), keep=2)))
    assert main(["average", *paths, "-o", str(tmp_path / "mean")]) == 0
    for name, tensor in weights(tmp_path / "mean").items():
        assert torch.allclose(tensor, 2 * state[name], rtol=1e-2, atol=1e-6), name


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"tokenizer_sha256": "0" * 64}, 4, "has another tokenizer"),
        ({"model": {"num_heads": 2}}, 4, "has another shape"),
    ],
)
def test_what_does_not_go_together_has_no_mean(tmp_path, capsys, change, code, words):
    other = shutil.copytree(TINY, tmp_path / "other")
    config = json.loads((other / "config.json").read_bytes())
    for key, value in change.items():
        config[key] = config[key] | value if isinstance(value, dict) else value
    (other / "config.json").write_text(json.dumps(config))
    assert main(["average", str(TINY), str(other), "-o", str(tmp_path / "mean")]) == code
    assert words in capsys.readouterr().err and not (tmp_path / "mean").exists()


def test_missing_ones_are_named(tmp_path, capsys):
    missing = str(tmp_path / "checkpoints" / "step-000000009")
    assert main(["average", missing, "-o", str(tmp_path / "mean")]) == 5
    assert "no checkpoint at" in capsys.readouterr().err


@pytest.mark.parametrize("models", [["a=0.5", "b=0.4"], ["a=0.5", "b"], ["a", "a"], ["a=2", "b=-1"], ["a=nan", "b=1"]])
def test_weights_that_make_no_mean_are_refused(models):
    with pytest.raises(UsageError):
        parse_shares(models)


def test_an_equals_sign_may_be_part_of_a_path():
    assert parse_shares(["a=b/c"]) == {"a=b/c": 1.0}
    assert parse_shares(["a=b=0.5", "c=0.5"]) == {"a=b": 0.5, "c": 0.5}
