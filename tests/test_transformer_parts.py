"""The parts of the Transformer against values worked out by hand."""

import math

import pytest
import torch
from torch import tensor

from tfcli.build import build_model
from tfcli.config import ModelConfig
from tfcli.transformer.attention.full import Full
from tfcli.transformer.attention.multihead import join_heads, split_heads
from tfcli.transformer.cache import Cache, LayerCache
from tfcli.transformer.cross_attention import Memory
from tfcli.transformer.feed_forward import FeedForward
from tfcli.transformer.masks import Mask
from tfcli.transformer.norms import RESIDUALS, LayerNorm, final_norm
from tfcli.transformer.positions import POSITIONS

CPU = torch.device("cpu")
SMALL = dict(vocab_size=20, d_model=8, d_ff=16, num_heads=2, num_encoder_layers=2, num_decoder_layers=2, dropout=0.0)


def test_a_mask_of_keys_hides_them_from_every_query():
    keys = tensor([[True, True, False], [True, False, False]])
    allowed = Mask(keys).allowed(2, 3, CPU)
    assert allowed.expand(2, 1, 2, 3).tolist() == [[[[1, 1, 0]] * 2], [[[1, 0, 0]] * 2]]
    assert Mask().allowed(2, 3, CPU) is None


def test_a_causal_mask_is_a_triangle_whose_last_query_is_at_the_last_key():
    assert Mask(causal=True).allowed(3, 3, CPU)[0, 0].tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert Mask(causal=True).allowed(2, 4, CPU)[0, 0].tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]
    assert Mask(causal=True).allowed(1, 4, CPU) is None  # one query sees all that is there


def test_masks_are_combined_and_selected():
    both = Mask(tensor([[True, True, False], [False, True, True]]), causal=True)
    assert both.allowed(3, 3, CPU)[:, 0].tolist() == [
        [[1, 0, 0], [1, 1, 0], [1, 1, 0]],
        [[0, 0, 0], [0, 1, 0], [0, 1, 1]],
    ]
    chosen = both.select(tensor([1, 1]))
    assert chosen.causal and chosen.keys_BM.tolist() == [[False, True, True]] * 2
    assert Mask(causal=True).select(tensor([0])) == Mask(causal=True)


def test_sinusoidal_positions_by_hand():
    positions = POSITIONS["sinusoidal"](ModelConfig(d_model=4, num_heads=1, max_length=8))
    p_TD = positions.embed(torch.zeros(1, 8, 4))[0]
    for t in (0, 1, 5):
        assert p_TD[t].tolist() == pytest.approx([math.sin(t), math.cos(t), math.sin(t / 100), math.cos(t / 100)])
    assert torch.equal(positions.embed(torch.zeros(1, 3, 4), start=5)[0], p_TD[5:])


@pytest.mark.parametrize("d_model", [2, 6, 64])
def test_sinusoidal_positions_compare_by_distance_alone(d_model):
    positions = POSITIONS["sinusoidal"](ModelConfig(d_model=d_model, num_heads=1, max_length=50))
    p_TD = positions.embed(torch.zeros(1, 50, d_model))[0].double()
    dots = p_TD @ p_TD.T
    for distance in range(50):
        assert torch.allclose(dots.diagonal(distance), dots[0, distance].expand(50 - distance), atol=1e-5)
    assert dots[0, 0].item() == pytest.approx(d_model / 2)


def test_an_odd_width_has_positions_too():
    positions = POSITIONS["sinusoidal"](ModelConfig(d_model=5, num_heads=1, max_length=8))
    assert positions.embed(torch.zeros(2, 8, 5)).shape == (2, 8, 5)


def test_the_norm_stands_before_or_after():
    config = ModelConfig(**SMALL)
    x = torch.randn(2, 3, 8)

    def sublayer(y):
        return 3 * y + 1

    def normal(y):
        return (y - y.mean(-1, keepdim=True)) / (y.var(-1, keepdim=True, unbiased=False) + 1e-5).sqrt()

    assert torch.allclose(RESIDUALS["pre"](config)(x, sublayer), x + 3 * normal(x) + 1, atol=1e-5)
    assert torch.allclose(RESIDUALS["post"](config)(x, sublayer), normal(x + 3 * x + 1), atol=1e-5)


def test_a_stack_ends_with_a_norm_only_if_its_blocks_do_not():
    assert isinstance(final_norm(ModelConfig(**SMALL, residual="pre")), LayerNorm)
    assert isinstance(final_norm(ModelConfig(**SMALL, residual="post")), torch.nn.Identity)
    for residual in RESIDUALS:
        model = build_model(ModelConfig(**SMALL, residual=residual))
        src, tgt = torch.randint(4, 20, (2, 5)), torch.randint(4, 20, (2, 4))
        memory = model.encode(src)
        for states in (memory.states_BSD[-1], model.decode(tgt, memory)):
            assert torch.allclose(states.mean(-1), torch.zeros(states.shape[:2]), atol=1e-5)


def test_dropout_is_in_every_residual_and_gone_in_evaluation():
    block = RESIDUALS["pre"](ModelConfig(**SMALL | {"dropout": 0.5}))
    x = torch.zeros(1, 1000, 8)
    ones = torch.ones_like
    assert sorted(block(x, ones).unique().tolist()) == [0.0, 2.0]
    assert block.eval()(x, ones).unique().tolist() == [1.0]


@pytest.mark.parametrize("need_weights", [True, False])
def test_attention_by_hand(need_weights):
    kernel = Full(ModelConfig(**SMALL))
    q, k, v = tensor([[1.0], [0.0]]), tensor([[math.log(2)], [0.0], [5.0]]), tensor([[3.0], [6.0], [100.0]])
    mask = Mask(tensor([[True, True, False]]))
    out, weights = kernel(q[None, None], k[None, None], v[None, None], mask, None, need_weights)
    # exp(log 2) : exp(0) = 2 : 1, and the third key is hidden
    assert out.flatten().tolist() == pytest.approx([4.0, 4.5])
    if need_weights:
        assert torch.allclose(weights.weights_BHQM[0, 0], tensor([[2 / 3, 1 / 3, 0], [0.5, 0.5, 0]]))
        assert torch.allclose(weights.scores_BHQM[0, 0], q @ k.T)
    else:
        assert weights is None


def test_scores_are_divided_by_the_root_of_the_head_size():
    q = k = torch.full((1, 1, 1, 16), 1.0)
    _, weights = Full(ModelConfig(**SMALL))(q, k, k, Mask(), None, True)
    assert weights.scores_BHQM.item() == pytest.approx(16 / 4)


def test_heads_are_slices_of_the_features():
    x = torch.arange(2 * 3 * 8).view(2, 3, 8)
    heads = split_heads(x, 2)
    assert torch.equal(heads[:, 1], x[:, :, 4:])
    assert torch.equal(join_heads(heads), x)


def test_the_feed_forward_layer_by_hand():
    layer = FeedForward(ModelConfig(**SMALL))
    layer.up.load_state_dict({"weight": torch.eye(16, 8), "bias": -torch.ones(16)})
    layer.down.load_state_dict({"weight": 2 * torch.eye(8, 16), "bias": torch.ones(8)})
    x = tensor([[[-3.0, 0.0, 1.0, 2.0, 5.0, 0.5, 1.5, -1.0]]])
    assert torch.allclose(layer(x), 2 * (x - 1).clamp_min(0) + 1)


def test_a_cache_holds_all_that_was_appended():
    steps = torch.randn(150, 2, 3, 1, 4)  # beyond several times its growth
    layer = LayerCache()
    for t, step in enumerate(steps):
        found = layer.append("k", step, t)
        assert torch.equal(found, torch.cat(list(steps[: t + 1]), dim=2))
    more = torch.randn(2, 3, 70, 4)
    assert torch.equal(layer.append("k", more, 150)[:, :, 150:], more)


def test_a_cache_keeps_the_chosen_rows_in_their_new_order():
    cache = Cache(2)
    first, second = torch.randn(3, 1, 5, 4), torch.randn(2, 1, 1, 4)
    for layer in cache.layers:
        layer.append("k", first, 0)
    cache.select(tensor([2, 0]))
    for layer in cache.layers:
        assert torch.equal(layer.append("k", second, 5), torch.cat([first[[2, 0]], second], dim=2))


def test_a_memory_keeps_the_chosen_rows():
    states = torch.randn(3, 4, 8)
    memory = Memory((states, 2 * states), Mask(torch.rand(3, 4) > 0.5)).select(tensor([2, 2, 0]))
    assert torch.equal(memory.states_BSD[1], 2 * states[[2, 2, 0]]) and memory.mask.keys_BM.shape == (3, 4)


def test_source_target_and_output_share_one_embedding():
    config = ModelConfig(**SMALL)
    model = build_model(config)
    assert model.output_weight_VD is model.embedding.weight
    assert [tuple(p.shape) for p in model.state_dict().values()].count((20, 8)) == 1
    src, tgt, absent = tensor([[4, 5]]), tensor([[2, 6]]), 7
    model(src, tgt).sum().backward()
    used = model.embedding.weight.grad.abs().sum(1) > 0
    assert used[absent]  # as an output
    model.zero_grad()
    model.decode(tgt, model.encode(src)).square().sum().backward()
    assert (model.embedding.weight.grad.abs().sum(1) > 0).nonzero().flatten().tolist() == [2, 4, 5, 6]


def test_the_embedding_is_scaled_on_the_way_in_only():
    model = build_model(ModelConfig(**SMALL))
    assert torch.allclose(model.embed(tensor([[3]])), model.embedding.weight[3] * math.sqrt(8))
    hidden = torch.randn(1, 1, 8)
    assert torch.allclose(model.logits(hidden)[0, 0], model.embedding.weight @ hidden[0, 0])
