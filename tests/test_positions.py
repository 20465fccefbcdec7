"""Every kind of position by what the papers promise of it."""

import math

import pytest
import torch

from tfcli.build import build_model
from tfcli.config import EOS, ModelConfig
from tfcli.transformer.positions import POSITIONS, continuous
from tfcli.transformer.positions.relative import bucket

IN_SCORES = ("relative", "relative_scale", "shaw")
REACH = 5


def make(name: str, **settings):
    """Positions that no longer stand where training would begin."""
    config = ModelConfig(d_model=12, num_heads=2, max_length=40, max_distance=REACH)
    positions = POSITIONS[name](ModelConfig(**{**config.__dict__, **settings}))
    with torch.no_grad():
        for parameter in positions.parameters():
            parameter.add_(torch.randn_like(parameter))
    return positions


def model_with(name: str):
    shape = dict(d_model=12, d_ff=16, num_heads=2, num_encoder_layers=2, num_decoder_layers=1, dropout=0.0)
    model = build_model(ModelConfig(vocab_size=30, max_length=40, positions=name, **shape)).eval()
    with torch.no_grad():
        for parameter in model.encoder.positions.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


@torch.no_grad()
def test_without_positions_word_order_cannot_be_told():
    model = model_with("none")
    src, tgt = torch.randperm(18)[None] + 12, torch.randint(12, 30, (1, 5))
    order = torch.randperm(18)
    straight, shuffled = model.encode(src).states_BSD[-1], model.encode(src[:, order]).states_BSD[-1]
    torch.testing.assert_close(shuffled, straight[:, order])  # each word has the same state wherever it stands
    torch.testing.assert_close(model(src[:, order], tgt), model(src, tgt))


@pytest.mark.parametrize("name", sorted(set(POSITIONS) - {"none"}))
@torch.no_grad()
def test_with_positions_word_order_can_be_told(name):
    model = model_with(name)
    src, tgt = torch.tensor([[12, 13, 14, 15, 16, EOS]]), torch.tensor([[2, 20, 21]])
    swapped = src[:, [1, 0, 2, 3, 4, 5]]
    assert (model(swapped, tgt) - model(src, tgt)).abs().max() > 1e-4


@pytest.mark.parametrize("name", sorted(POSITIONS))
@torch.no_grad()
def test_a_later_start_is_a_part_of_the_whole(name):
    positions = make(name)
    x, q, scores = torch.randn(2, 9, 12), torch.randn(2, 2, 9, 6), torch.randn(2, 2, 9, 9)
    torch.testing.assert_close(positions.embed(x[:, 4:], start=4), positions.embed(x)[:, 4:])
    torch.testing.assert_close(positions.rotate(q[:, :, 4:], start=4), positions.rotate(q)[:, :, 4:])
    part = positions.scores(scores[:, :, 4:], q[:, :, 4:], start=4)
    torch.testing.assert_close(part, positions.scores(scores, q)[:, :, 4:])


@pytest.mark.parametrize("name", IN_SCORES)
@torch.no_grad()
def test_relative_scores_depend_on_the_distance_and_its_sign_alone(name):
    positions = make(name)
    q = torch.randn(1, 2, 1, 6).expand(-1, -1, 20, -1)
    scores = positions.scores(torch.ones(1, 2, 20, 20), q)[0]
    for distance in range(-19, 20):
        diagonal = scores.diagonal(distance, dim1=1, dim2=2)
        torch.testing.assert_close(diagonal, diagonal[:, :1].expand_as(diagonal))
    row = scores[0, 10]
    assert row[9] != row[11] and row[8] != row[9]
    assert row[10 + REACH :].unique().numel() == 1 and row[: 10 - REACH + 1].unique().numel() == 1  # clipped


@pytest.mark.parametrize("name", IN_SCORES)
def test_relative_positions_begin_as_attention_without_positions(name):
    positions = POSITIONS[name](ModelConfig(d_model=12, num_heads=2))
    scores = torch.randn(2, 2, 7, 7)
    assert torch.equal(positions.scores(scores, torch.randn(2, 2, 7, 6)), scores)


@torch.no_grad()
def test_relative_scores_by_hand():
    i, j = 3, 1
    q, k = torch.randn(1, 2, 6, 6), torch.randn(1, 2, 6, 6)
    scores = q @ k.transpose(2, 3) / math.sqrt(6)
    bias, scale, shaw = make("relative"), make("relative_scale"), make("shaw")
    found = bias.scores(scores, q)[0, :, i, j]
    torch.testing.assert_close(found, scores[0, :, i, j] + bias.bias_HN[:, bucket(j - i, REACH)])
    found = scale.scores(scores, q)[0, :, i, j]
    torch.testing.assert_close(found, scores[0, :, i, j] * scale.scale_HN[:, j - i + REACH])
    found = shaw.scores(scores, q)[0, :, i, j]
    torch.testing.assert_close(found, (q[0, :, i] * (k[0, :, j] + shaw.keys_NK[j - i + REACH])).sum(-1) / math.sqrt(6))


@pytest.mark.parametrize("reach", [1, 8, 9, 32, 128, 4096])
def test_buckets_grow_with_the_distance(reach):
    before = [bucket(-distance, reach) for distance in range(reach + 1)]
    after = [bucket(distance, reach) for distance in range(1, reach + 1)]
    assert before == sorted(before) and after == sorted(after)
    assert set(before) <= set(range(16)) and set(after) <= set(range(16, 32))  # the two sides never share one
    near = min(reach, 7)
    assert before[: near + 1] == list(range(near + 1)) and len(set(after[:near])) == near
    if reach >= 128:
        assert set(before) == set(range(16))


@torch.no_grad()
def test_rotated_queries_and_keys_know_their_distance_alone():
    rotary = make("rotary", max_length=3000)
    q, k = torch.randn(1, 2, 1, 6), torch.randn(1, 2, 1, 6)
    dots = [(rotary.rotate(q, s) * rotary.rotate(k, s + 7)).sum() for s in (0, 1, 500, 2990)]
    assert max(dots) - min(dots) < 1e-5
    assert abs((rotary.rotate(q, 0) * rotary.rotate(k, 8)).sum() - dots[0]) > 1e-4
    torch.testing.assert_close(rotary.rotate(q, 1234).norm(), q.norm())
    assert torch.equal(rotary.rotate(q, 0), q)


@torch.no_grad()
def test_rotation_by_hand():
    rotary = make("rotary", d_model=8)  # heads of 4 features: angles t and t / 100
    turned = rotary.rotate(torch.tensor([1.0, 0.0, 0.0, 1.0]).expand(1, 2, 1, 4), start=3)[0, 0, 0]
    expected = [math.cos(3), math.sin(3), -math.sin(0.03), math.cos(0.03)]
    assert turned.tolist() == pytest.approx(expected, abs=1e-6)


@torch.no_grad()
def test_learned_positions_can_be_sinusoids():
    learned, sinusoidal, x = make("learned"), make("sinusoidal"), torch.randn(2, 9, 12)
    learned.table_TD.copy_(sinusoidal.table_TD)
    assert torch.equal(learned.embed(x, 3), sinusoidal.embed(x, 3))


@torch.no_grad()
def test_a_system_without_motion_stays_and_one_of_constant_velocity_goes_straight():
    positions = make("continuous")
    positions.down.weight.zero_()
    velocity, begin = positions.down.bias, positions.begin_D
    times = 0.1 * torch.arange(30.0)[:, None]
    torch.testing.assert_close(positions.path(30)[:30], begin + times * velocity)
    velocity.zero_()
    torch.testing.assert_close(positions.path(30)[:30], begin.expand(30, -1))


@torch.no_grad()
def test_the_path_is_that_of_much_smaller_steps(monkeypatch):
    positions = model_with("continuous").encoder.positions
    positions.up.weight.mul_(0.5)
    path = positions.path(50)[:50]
    monkeypatch.setattr(continuous, "_STRIDE", 1)
    fine = positions.path(50)[:50]
    assert (path - fine).abs().max() < 0.02 * (fine - fine[0]).abs().max()


@torch.no_grad()
def test_the_path_goes_on_beyond_the_longest_text_of_the_config():
    positions = make("continuous", max_length=4)
    long = positions.embed(torch.zeros(1, 33, 12))
    torch.testing.assert_close(long[:, :4], positions.embed(torch.zeros(1, 4, 12)))
    assert (long[0, 1:] != long[0, :-1]).any(-1).all()
