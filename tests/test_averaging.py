"""Means of models: as the run goes, and over its checkpoints."""

import pytest
import torch
from torch import nn

from tfcli.errors import ModelError
from tfcli.training.averaging import MovingAverage, average_checkpoints, weighted_mean
from tfcli.training.checkpoint import TrainState, save_state


def set_to(model: nn.Module, value: float) -> None:
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(value)


def test_a_moving_average_is_its_closed_form():
    model = nn.Linear(3, 2)
    set_to(model, 4.0)
    moving = MovingAverage(model, decay=0.5)
    expected = 4.0
    for step, value in enumerate([1.0, -2.0, 8.0, 3.0, 3.0], 1):
        set_to(model, value)
        moving.update(model, step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
        for shadow in moving.shadow.values():
            assert torch.allclose(shadow, torch.full_like(shadow, expected), atol=1e-6)


def test_late_in_a_run_the_decay_is_that_of_the_config():
    model = nn.Linear(3, 2)
    set_to(model, 0.0)
    moving = MovingAverage(model, decay=0.9)
    set_to(model, 1.0)
    for step in range(100_000, 100_010):
        moving.update(model, step)
    assert moving.shadow["bias"][0].item() == pytest.approx(1 - 0.9**10, rel=1e-5)


def test_a_moving_average_is_no_part_of_the_model():
    model = nn.Linear(3, 2)
    moving = MovingAverage(model, decay=0.9)
    before = {name: tensor.clone() for name, tensor in moving.shadow.items()}
    set_to(model, 100.0)
    assert all(torch.equal(before[name], moving.shadow[name]) for name in before)
    moving.update(model, 1)
    assert all((p == 100.0).all() for p in model.parameters())
    assert not any(tensor.requires_grad for tensor in moving.shadow.values())


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_the_mean_of_equal_models_is_the_model(count):
    state = nn.Linear(30, 20).state_dict()
    mean = weighted_mean((dict(state), 1 / count) for _ in range(count))
    assert all(torch.allclose(mean[name], state[name]) and mean[name].dtype == torch.float32 for name in state)


def test_the_mean_is_that_of_every_tensor():
    states = [{"a": torch.tensor([1.0, 2.0]), "b": torch.tensor(n)} for n in (3.0, 6.0, 0.0)]
    mean = weighted_mean((state, 1 / 3) for state in states)
    assert mean["a"].tolist() == pytest.approx([1.0, 2.0]) and mean["b"].item() == pytest.approx(3.0)
    assert states[0]["b"].item() == 3.0  # what went in is unchanged


def test_a_weighted_mean_counts_each_by_its_weight():
    states = [{"a": torch.tensor(value)} for value in (8.0, -4.0)]
    assert weighted_mean(zip(states, (0.75, 0.25), strict=True))["a"].item() == 5.0


def test_the_mean_of_checkpoints_is_that_of_their_weights(tmp_path):
    paths = []
    for step, value in enumerate((1.0, 4.0), 1):
        groups = {"model": {"w": torch.full((2,), value)}, "optimizer": {"w": torch.zeros(2)}}
        paths.append(save_state(tmp_path, TrainState(step, groups), keep=2))
    assert average_checkpoints(paths)["w"].tolist() == [2.5, 2.5]
    (paths[0] / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelError, match="step-000000001 is damaged"):
        average_checkpoints(paths)
