"""The chunked loss with its own backward pass equals PyTorch's cross-entropy, in value and in both gradients."""

import dataclasses
import math

import pytest
import torch
import torch.nn.functional as F

from tfcli.build import build_model
from tfcli.config import BOS, PAD, ModelConfig, TrainingConfig
from tfcli.data.batch import Batch
from tfcli.training import loss
from tfcli.training.loss import smoothed_cross_entropy
from tfcli.training.objectives.teacher_forcing import TeacherForcing

CHUNK, V, D = 16, 37, 12


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(loss, "_CHUNK", CHUNK)


def inputs(N: int, scale: float = 1.0):
    hidden_ND, weight_VD = torch.randn(N, D) * scale, torch.randn(V, D)
    return hidden_ND.requires_grad_(), weight_VD.requires_grad_(), torch.randint(V, (N,))


def gradients(value, hidden_ND, weight_VD):
    return torch.autograd.grad(value, (hidden_ND, weight_VD))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.6, 1.0])
@pytest.mark.parametrize("N", [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5])
def test_it_is_the_label_smoothing_of_torch(N, smoothing):
    hidden_ND, weight_VD, labels_N = inputs(N)
    value, nll = smoothed_cross_entropy(hidden_ND, weight_VD, labels_N, smoothing)
    logits_NV = hidden_ND @ weight_VD.T
    expected = F.cross_entropy(logits_NV, labels_N, reduction="sum", label_smoothing=smoothing)
    torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(nll, F.cross_entropy(logits_NV, labels_N, reduction="sum"), rtol=1e-5, atol=1e-4)
    found, wanted = (gradients(3 * v, hidden_ND, weight_VD) for v in (value, expected))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_without_smoothing_it_is_the_negative_log_likelihood():
    hidden_ND, weight_VD, labels_N = inputs(5)
    value, nll = smoothed_cross_entropy(hidden_ND, weight_VD, labels_N, 0.0)
    assert torch.equal(value, nll) and not nll.requires_grad


def test_equal_logits_cost_the_logarithm_of_the_vocabulary():
    zeros = torch.zeros(4, D), torch.ones(V, D), torch.arange(4)
    for smoothing in (0.0, 0.3):
        assert smoothed_cross_entropy(*zeros, smoothing)[0].item() == pytest.approx(4 * math.log(V), rel=1e-6)


def test_no_tokens_cost_nothing():
    hidden_ND, weight_VD, labels_N = inputs(0)
    value, nll = smoothed_cross_entropy(hidden_ND, weight_VD, labels_N, 0.1)
    assert value.item() == nll.item() == 0
    hidden_grad, weight_grad = gradients(value, hidden_ND, weight_VD)
    assert hidden_grad.shape == (0, D) and not weight_grad.any()


def test_a_label_the_model_is_sure_against_still_has_a_finite_cost_and_the_right_gradient():
    hidden_ND, weight_VD, labels_N = inputs(20, scale=200.0)
    value, nll = smoothed_cross_entropy(hidden_ND, weight_VD, labels_N, 0.1)
    expected = F.cross_entropy(hidden_ND @ weight_VD.T, labels_N, reduction="sum", label_smoothing=0.1)
    assert value.isfinite() and nll.isfinite() and nll > 20
    found, wanted = (gradients(v, hidden_ND, weight_VD) for v in (value, expected))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("N", [CHUNK - 1, 2 * CHUNK + 3])
def test_autocast_is_near(N):
    hidden_ND, weight_VD, labels_N = inputs(N)
    exact = smoothed_cross_entropy(hidden_ND, weight_VD, labels_N, 0.1)[0]
    with torch.autocast("cpu", torch.bfloat16):
        value, nll = smoothed_cross_entropy(hidden_ND, weight_VD, labels_N, 0.1)
    assert value.dtype == nll.dtype == torch.float32
    assert value.item() == pytest.approx(exact.item(), rel=0.02)
    for one, other in zip(gradients(value, hidden_ND, weight_VD), gradients(exact, hidden_ND, weight_VD), strict=True):
        assert one.dtype == torch.float32
        assert F.cosine_similarity(one.flatten(), other.flatten(), dim=0) > 0.999
        assert one.norm().item() == pytest.approx(other.norm().item(), rel=0.02)


def test_hidden_states_in_bfloat16_have_gradients_in_bfloat16():
    hidden_ND, weight_VD, labels_N = inputs(20)
    with torch.autocast("cpu", torch.bfloat16):
        value, _ = smoothed_cross_entropy(hidden_ND.bfloat16(), weight_VD, labels_N, 0.1)
    grad, _ = gradients(value, hidden_ND, weight_VD)
    exact, _ = gradients(smoothed_cross_entropy(hidden_ND, weight_VD, labels_N, 0.1)[0], hidden_ND, weight_VD)
    assert F.cosine_similarity(grad.flatten(), exact.flatten(), dim=0) > 0.99


def test_padding_is_no_token():
    """The objective leaves padding out: what stands at padded places changes neither loss nor gradients."""
    shape = ModelConfig(vocab_size=30, d_model=8, d_ff=8, num_heads=2, num_encoder_layers=1, num_decoder_layers=1)
    model = build_model(dataclasses.replace(shape, dropout=0.0))
    objective = TeacherForcing(model, TrainingConfig(label_smoothing=0.2)).train()
    src, labels = torch.tensor([[9, 8, 7]]), torch.tensor([[5, 6, 3]])
    outcomes = []
    for pad in (0, 4):
        wide = [F.pad(t, (0, pad), value=PAD) for t in (src, labels)]
        tgt = wide[1].roll(1, dims=1)
        tgt[:, 0] = BOS
        objective.zero_grad()
        value, nll = objective(Batch(wide[0], tgt, wide[1]))
        value.backward()
        outcomes.append((value.detach(), nll, *(p.grad.clone() for p in objective.parameters())))
    for narrow, padded in zip(*outcomes, strict=True):
        torch.testing.assert_close(narrow, padded, rtol=1e-4, atol=1e-5)
    assert outcomes[0][0] != outcomes[0][1]  # the first is smoothed
