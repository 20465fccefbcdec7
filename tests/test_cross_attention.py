"""Which encoder layers a decoder layer reads, and in which state."""

import pytest
import torch

from tfcli.build import build_model
from tfcli.config import ModelConfig
from tfcli.transformer.cross_attention import CROSS, Memory
from tfcli.transformer.decoder import DecoderRecord
from tfcli.transformer.masks import Mask

N, D = 3, 8
SHAPE = dict(vocab_size=30, d_model=D, d_ff=16, num_heads=2, num_encoder_layers=N, num_decoder_layers=N, dropout=0.0)
MASK = Mask(torch.tensor([[True] * 5, [True] * 3 + [False] * 2]))
EXPECTED = {"last": lambda i: {N - 1}, "layer_wise": lambda i: {i}, "multi_view": lambda i: {i, N - 1}}


def states() -> tuple[torch.Tensor, ...]:
    return tuple(torch.randn(2, 5, D, requires_grad=True) for _ in range(N))


@pytest.mark.parametrize("name", sorted(CROSS))
def test_each_layer_reads_what_it_should_and_no_padding(name):
    config = ModelConfig(**SHAPE, cross_attention=name)
    for i in range(N):
        read = states()
        CROSS[name](config, i)(torch.randn(2, 4, D), Memory(read, MASK)).square().sum().backward()
        assert {j for j in range(N) if read[j].grad is not None} == EXPECTED[name](i)
        for j in EXPECTED[name](i):
            assert read[j].grad[0].any(-1).all() and not read[j].grad[1, 3:].any()


@pytest.mark.parametrize("name", sorted(CROSS))
@torch.no_grad()
def test_where_all_views_are_one_it_is_ordinary_attention(name):
    config = ModelConfig(**SHAPE, cross_attention=name)
    memory, x = Memory((torch.randn(2, 5, D),) * N, MASK), torch.randn(2, 4, D)
    ordinary, other = CROSS["last"](config, 0), CROSS[name](config, 0)
    other.load_state_dict(ordinary.state_dict())
    torch.testing.assert_close(other(x, memory), ordinary(x, memory))


@pytest.mark.parametrize("name", ["layer_wise", "multi_view"])
@pytest.mark.parametrize("residual", ["pre", "post"])
@torch.no_grad()
def test_every_state_that_is_read_is_normalized(name, residual):
    model = build_model(ModelConfig(**SHAPE, cross_attention=name, residual=residual)).eval()
    for state_BSD in model.encode(torch.randint(12, 30, (2, 7))).states_BSD:
        torch.testing.assert_close(state_BSD.mean(-1), torch.zeros(2, 7), atol=1e-5, rtol=0)
        torch.testing.assert_close(state_BSD.var(-1, correction=0), torch.ones(2, 7), atol=1e-2, rtol=0)


def test_views_cost_a_norm_per_layer_and_ordinary_attention_nothing():
    def size(name: str, residual: str = "pre") -> int:
        model = build_model(ModelConfig(**SHAPE, cross_attention=name, residual=residual))
        return sum(parameter.numel() for parameter in model.parameters())

    assert size("layer_wise") == size("multi_view") == size("last") + (N - 1) * 2 * D
    assert size("layer_wise", "post") == size("last", "post")  # there every layer ends in a norm of its own


@pytest.mark.parametrize("name", sorted(CROSS))
@torch.no_grad()
def test_one_look_per_layer_whose_weights_are_shares(name):
    model = build_model(ModelConfig(**SHAPE, cross_attention=name)).eval()
    src, tgt, record = torch.randint(12, 30, (2, 7)), torch.randint(12, 30, (2, 4)), DecoderRecord()
    model.decode(tgt, model.encode(src), record=record)
    assert len(record.cross_attention) == N
    for look in record.cross_attention:
        assert look.weights.weights_BHQM.shape == (2, 2, 4, 7)
        torch.testing.assert_close(look.weights.weights_BHQM.sum(-1), torch.ones(2, 2, 4))


@torch.no_grad()
def test_the_look_at_two_views_is_their_mean():
    config, x = ModelConfig(**SHAPE, cross_attention="multi_view"), torch.randn(2, 4, D)
    cross, memory, record, single = CROSS["multi_view"](config, 0), Memory(states(), MASK), [], []
    cross(x, memory, record=record)
    for state_BSD in (memory.states_BSD[-1], memory.states_BSD[0]):
        cross.attention(x, state_BSD, MASK, record=single)
    weights = [look.weights.weights_BHQM for look in single]
    torch.testing.assert_close(record[0].weights.weights_BHQM, (weights[0] + weights[1]) / 2)
    assert not torch.allclose(*weights)
