"""Norms: what they leave of a token, and statistics that are learned, saved and averaged with the weights."""

import io

import pytest
import torch
from torch import nn

from tfcli import weights
from tfcli.build import build_model
from tfcli.config import ModelConfig, StageConfig, TrainingConfig
from tfcli.training.averaging import MovingAverage
from tfcli.training.distributed import World
from tfcli.training.identity import Identity
from tfcli.training.learner import Learner
from tfcli.training.objectives import OBJECTIVES
from tfcli.transformer.norms import NORMS, RESIDUALS, PowerNorm

D = 6
SHAPE = dict(vocab_size=30, d_model=D, d_ff=8, num_heads=2, num_encoder_layers=1, num_decoder_layers=1, dropout=0.0)


def make(name: str) -> nn.Module:
    return NORMS[name](ModelConfig(d_model=D, num_heads=2))


def learn(norm: PowerNorm, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The gradient of sum(weight * norm(x)) by x."""
    x = x.clone().requires_grad_()
    (norm(x) * weight).sum().backward()
    return x.grad


def test_rms_divides_by_the_root_mean_square_and_nothing_else():
    x = torch.randn(2, 3, D) + 5
    y = make("rms")(x)
    torch.testing.assert_close(y, x / x.square().mean(-1, keepdim=True).sqrt())
    torch.testing.assert_close(make("rms")(1000 * x), y)
    assert y.mean(-1).abs().min() > 0.1  # the mean stays, which a layer norm takes away
    torch.testing.assert_close(make("layer")(x), make("layer")(x + 3), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", sorted(NORMS))
def test_a_token_is_normalized_without_its_neighbours(name):
    norm, x = make(name).eval(), torch.randn(4, 5, D)
    torch.testing.assert_close(norm(x)[1:2, 3:4], norm(x[1:2, 3:4]))


def test_statistics_at_evaluation_are_those_of_training():
    norm, x = make("power"), torch.randn(4, 5, D) * torch.arange(1, D + 1)
    for _ in range(200):
        learn(norm, x, torch.randn(4, 5, D))
    in_training = norm(x)
    torch.testing.assert_close(norm.eval()(x), in_training)
    torch.testing.assert_close(in_training.square().mean((0, 1)), torch.ones(D), rtol=1e-3, atol=1e-3)


def test_statistics_move_only_when_something_is_learned():
    norm, x = make("power"), torch.randn(2, 3, D)
    before = {name: tensor.clone() for name, tensor in norm.state_dict().items()}
    norm(x.requires_grad_())
    norm.eval()(x).sum().backward()
    assert all(torch.equal(tensor, before[name]) for name, tensor in norm.state_dict().items())
    learn(norm.train(), x.detach(), torch.ones_like(x))
    torch.testing.assert_close(norm.power_D, 0.9 + 0.1 * x.detach().square().mean((0, 1)))


def test_padding_is_left_out_of_the_statistics():
    short, padded = make("power"), make("power")
    x, weight = torch.randn(1, 4, D), torch.randn(1, 4, D)
    garbage = torch.full((1, 3, D), 100.0)
    for _ in range(3):  # from the second time on, the drift is not zero
        gradient = learn(short, x, weight)
        wider = learn(padded, torch.cat([x, garbage], 1), torch.cat([weight, 0 * garbage], 1))
    torch.testing.assert_close(wider[:, :4], gradient)
    assert not wider[:, 4:].any()  # and padding stays recognizable for the layer below
    for name, tensor in short.named_buffers():
        torch.testing.assert_close(dict(padded.named_buffers())[name], tensor)


def test_padding_of_a_whole_model_is_left_out_of_the_statistics():
    model = build_model(ModelConfig(**SHAPE, norm="power"))
    src, tgt, label = torch.tensor([[14, 15, 16, 3]]), torch.tensor([[2, 20, 21]]), 22
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    found = []
    for padding in (0, 5):
        model.load_state_dict(state)
        for _ in range(2):
            logits = model(nn.functional.pad(src, (0, padding)), nn.functional.pad(tgt, (0, padding)))
            logits[:, :3, label].sum().backward()
        found.append(torch.cat([buffer.flatten() for name, buffer in model.named_buffers() if "table" not in name]))
    torch.testing.assert_close(found[1], found[0])
    assert all((state[name] != buffer).any() for name, buffer in model.named_buffers() if "table" not in name)


def test_a_batch_without_any_gradient_changes_nothing():
    norm, x = make("power"), torch.randn(2, 3, D)
    learn(norm, x, torch.zeros_like(x))
    assert torch.equal(norm.power_D, torch.ones(D)) and torch.equal(norm.drift_D, torch.zeros(D))


def test_the_gradient_settles_at_that_of_batch_statistics():
    """Fed with one batch again and again, moving statistics are that batch's own, and the drift stands for the part of
    the gradient that would go through them."""
    norm, x, weight = make("power"), 3 * torch.randn(4, 5, D), torch.randn(4, 5, D)
    for _ in range(300):
        found = learn(norm, x, weight)
    exact = x.clone().requires_grad_()
    normed = exact / (exact.square().mean((0, 1)) + 1e-5).sqrt()
    (normed * weight).sum().backward()
    torch.testing.assert_close(found, exact.grad, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("residual", sorted(RESIDUALS))
def test_statistics_are_saved_and_averaged_with_the_weights(residual):
    config = ModelConfig(**SHAPE, norm="power", residual=residual)
    torch.manual_seed(1)
    model = build_model(config)
    src, tgt = torch.randint(12, 30, (3, 6)), torch.randint(12, 30, (3, 5))

    def step() -> None:
        (5 * model(src, tgt)).logsumexp(-1).sum().backward()

    step()
    objective = OBJECTIVES["teacher_forcing"](model, TrainingConfig())
    learner = Learner(objective, StageConfig("train"), 0, World(0, 1, src.device))
    name = next(name for name in learner.weights() if name.endswith("power_D"))
    saved = {group: dict(tensors) for group, tensors in learner.state(Identity("", "", 1)).tensors.items()}
    saved["model"] = {key: tensor.clone() for key, tensor in saved["model"].items()}
    assert torch.equal(saved["ema"][name], saved["model"][name])
    step()
    assert not torch.equal(learner.weights()[name], saved["model"][name])
    learner.put_weights(saved["model"])
    assert torch.equal(learner.weights()[name], saved["model"][name])
    file = io.BytesIO(weights.save(model.state_dict(), "float32"))
    loaded = weights.load(file, config, "float32")
    assert torch.equal(loaded.state_dict()[name], saved["model"][name])
    torch.testing.assert_close(loaded(src, tgt), model.eval()(src, tgt))


def test_the_moving_average_of_statistics_follows_them():
    norm = make("power")
    average = MovingAverage(norm, 0.5)
    norm.power_D.fill_(3.0)
    average.update(norm, step=100)
    torch.testing.assert_close(average.shadow["power_D"], torch.full((D,), 2.0))


def test_without_statistics_a_checkpoint_holds_the_parameters_alone():
    model = build_model(ModelConfig(**SHAPE))
    assert list(model.state_dict()) == [name for name, _ in model.named_parameters()]
