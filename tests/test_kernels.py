"""Every attention kernel: where it equals full attention, what it sees, and that its two ways to compute are one."""

import pytest
import torch
import torch.nn.functional as F

from tfcli.build import build_model
from tfcli.config import ModelConfig, combinations
from tfcli.errors import ModelError
from tfcli.transformer.attention import KERNELS
from tfcli.transformer.attention.full import Full, attend
from tfcli.transformer.cache import LayerCache
from tfcli.transformer.masks import Mask
from tfcli.transformer.positions import POSITIONS, Positions

B, H, T, K = 2, 2, 40, 4
REACH = dict(window=3, num_global=2, num_random=1, chunk=4, rank=8, num_hashes=2, num_features=32)
KEYS = torch.arange(T) < torch.tensor([[T], [25]])
BLOCKED = ("chunked", "local", "sparse")
LINEAR = ("linear", "performer")


def make(name: str, layer: int = 0, **settings):
    return KERNELS[name](ModelConfig(d_model=H * K, num_heads=H, max_length=T, **{**REACH, **settings}), layer)


def qkv(length: int = T) -> tuple[torch.Tensor, ...]:
    return tuple(torch.randn(B, H, length, K) for _ in range(3))


def run(kernel, q, k, v, mask: Mask, need_weights: bool = False):
    return kernel(q, k, v, mask, None, need_weights)


def close(found, expected, keys=None):
    """Equal, wherever there are queries that are not padding."""
    rows = slice(None) if keys is None else keys[:, None, :, None].expand_as(expected)
    torch.testing.assert_close(found[rows], expected[rows], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    "name, settings",
    [("local", dict(window=T)), ("chunked", dict(chunk=T)), ("sparse", dict(num_global=T)), ("sparse", dict(window=T))],
)
def test_what_sees_everything_equals_full_attention(name, settings, causal):
    q, k, v = qkv()
    mask = Mask(KEYS, causal)
    close(run(make(name, **settings), q, k, v, mask)[0], run(Full(ModelConfig()), q, k, v, mask)[0], KEYS)


@pytest.mark.parametrize("keys", [None, KEYS], ids=["all", "padded"])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("name", BLOCKED)
def test_by_blocks_equals_by_mask(name, causal, keys):
    for length in (T, 37):  # whole blocks, and a part of one
        kernel, (q, k, v) = make(name, layer=1), qkv(length)
        mask = Mask(keys if keys is None else keys[:, :length], causal)
        by_mask, weights = run(kernel, q, k, v, mask, need_weights=True)
        by_blocks = kernel.by_blocks(q, k, v, mask)
        assert torch.equal(by_blocks, run(kernel, q, k, v, mask)[0])  # so that is what is compared
        close(by_blocks, by_mask)
        assert by_blocks.isfinite().all()


def weights_of(name: str) -> torch.Tensor:
    return run(make(name), *qkv(), Mask(), need_weights=True)[1].weights_BHQM


def test_a_window_is_seen_and_nothing_else():
    distance = (torch.arange(T)[:, None] - torch.arange(T)).abs()
    assert torch.equal(weights_of("local")[0, 0] > 0, distance <= 3)


def test_a_chunk_sees_itself_and_the_one_before():
    chunk = torch.arange(T) // 4
    back = chunk[:, None] - chunk
    assert torch.equal(weights_of("chunked")[0, 0] > 0, (back == 0) | (back == 1))


def test_global_tokens_see_all_and_are_seen_by_all_and_few_others_are_seen():
    seen = weights_of("sparse")[0, 0] > 0
    assert seen[:2].all() and seen[:, :2].all()
    local = weights_of("local")[0, 0] > 0
    assert (seen | local == seen).all()
    assert (seen[2:].sum(1) <= 2 * 3 + 1 + 2 + 3).all()  # window, global tokens, one block of three
    assert (seen & ~local)[20:, 2:].any()  # some of what is seen was drawn


def test_draws_differ_by_layer_and_are_the_same_every_time():
    blocks = torch.arange(200)
    drawn = [make("sparse", layer, num_random=3).drawn(blocks) for layer in (0, 1, 0)]
    assert torch.equal(drawn[0], drawn[2]) and (drawn[0] != drawn[1]).float().mean() > 0.8
    assert (drawn[0][1:] < blocks[1:, None]).all() and (drawn[0] >= 0).all()
    assert drawn[0].unique().numel() > 100  # spread over the text
    # On every machine, for ever: a trained model depends on it.
    assert drawn[0][2:6].tolist() == [[0, 0, 0], [1, 2, 2], [2, 3, 0], [0, 1, 2]]


@torch.no_grad()
def test_low_rank_with_identity_projections_equals_full_attention():
    kernel, (q, k, v) = make("low_rank", rank=T), qkv()
    kernel.keys_RM.copy_(torch.eye(T))
    kernel.values_RM.copy_(torch.eye(T))
    close(run(kernel, q, k, v, Mask())[0], run(Full(ModelConfig()), q, k, v, Mask())[0])


def test_low_rank_mixes_no_padding():
    kernel, (q, k, v) = make("low_rank"), qkv()
    padding = ~KEYS[:, None, :, None]
    found = run(kernel, q, k.masked_fill(padding, 1e9), v.masked_fill(padding, 1e9), Mask(KEYS))[0]
    close(found, run(kernel, q, k, v, Mask(KEYS))[0])
    close(found[1:], run(kernel, q[1:], k[1:, :, :25], v[1:, :, :25], Mask())[0])


def shared_attention(q: torch.Tensor, v: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
    """All queries as keys at unit length, each token blind for itself."""
    return attend(q, F.normalize(q, dim=-1), v, keys[:, None, None] & ~torch.eye(T, dtype=torch.bool))[0]


@pytest.mark.parametrize("settings", [dict(chunk=T), dict(chunk=2 * T, num_hashes=1)])
def test_hashing_with_one_chunk_equals_full_attention(settings):
    q, k, v = qkv()
    close(run(make("lsh", **settings), q, k, v, Mask(KEYS))[0], shared_attention(q, v, KEYS), KEYS)


def test_hashing_with_one_bucket_is_chunked_attention():
    kernel, (q, k, v) = make("lsh"), qkv()
    kernel.rotations_RKN.zero_()
    scores, order = q @ F.normalize(q, dim=-1).transpose(2, 3) / K**0.5, torch.arange(T)
    close(run(kernel, q, k, v, Mask(), need_weights=True)[1].scores_BHQM, scores)
    back = order[:, None] // 4 - order // 4
    allowed = ((back == 0) | (back == 1)) & (order[:, None] != order)
    close(run(kernel, q, k, v, Mask())[0], scores.masked_fill(~allowed, -torch.inf).softmax(-1) @ v)


def test_tokens_are_sorted_by_direction_and_padding_stands_last():
    kernel, q = make("lsh"), torch.randn(1, 1, T, K)
    q[:, :, 20:] = q[:, :, :20]  # every vector twice
    order = kernel.sort(q, torch.ones(1, T, dtype=torch.bool))
    assert torch.equal(order.sort(-1).values, torch.arange(T).expand(1, 1, 2, T))
    assert torch.equal(order, kernel.sort(7 * q, torch.ones(1, T, dtype=torch.bool)))  # length does not matter
    rotated = q[:, :, None] @ kernel.rotations_RKN
    bucket = torch.cat([rotated, -rotated], -1).argmax(-1).take_along_dim(order, -1)
    assert (bucket.diff(dim=-1) >= 0).all() and torch.equal(bucket[..., ::2], bucket[..., 1::2])
    padded = kernel.sort(q, KEYS[1:])
    assert (padded[..., :25] < 25).all() and torch.equal(padded[..., 25:], torch.arange(25, T).expand(1, 1, 2, -1))


def test_a_token_alone_attends_to_itself():
    q, k, v = qkv(1)
    close(run(make("lsh"), q, k, v, Mask())[0], v)


@pytest.mark.parametrize("name", ["lsh", *LINEAR, *BLOCKED])
@pytest.mark.parametrize("keys", [None, KEYS], ids=["all", "padded"])
def test_weights_are_shares_and_give_the_output(name, keys):
    kernel, (q, k, v) = make(name), qkv()
    out, weights = run(kernel, q, k, v, Mask(keys), need_weights=True)
    assert weights.scores_BHQM.shape == weights.weights_BHQM.shape == (B, H, T, T)
    assert (weights.weights_BHQM >= 0).all()
    close(weights.weights_BHQM.sum(-1), torch.ones(B, H, T))
    close(weights.weights_BHQM @ v, run(kernel, q, k, v, Mask(keys))[0])
    close(out, run(kernel, q, k, v, Mask(keys))[0])
    if keys is not None:
        real = KEYS[:, None, :, None].expand(B, H, T, T)
        assert not (weights.weights_BHQM.masked_fill(KEYS[:, None, None], 0) * real).any()


@pytest.mark.parametrize("name", LINEAR)
def test_linear_recurrent_equals_linear_parallel(name):
    kernel, (q, k, v) = make(name), qkv(150)  # more than two blocks of the running sum
    parallel = run(kernel, q, k, v, Mask(causal=True))[0]
    store, parts, start = LayerCache(), [], 0
    for length in (3, 1, 1, 70, *[1] * 75):
        new = (x[:, :, start : start + length] for x in (q, k, v))
        parts.append(kernel.extend(*new, Mask(causal=True), None, False, store, start)[0])
        size = {tensor.shape for tensor in store.tensors.values()}
        assert size == {(B, H, kernel.keys(k).size(-1), K + 1)}  # however long the text
        start += length
    close(torch.cat(parts, 2), parallel)
    similarity = (kernel.queries(q) @ kernel.keys(k).transpose(2, 3)).tril()
    close(similarity / similarity.sum(-1, keepdim=True) @ v, parallel)


@pytest.mark.parametrize("name", sorted(set(KERNELS) - set(combinations.KERNELS_NOT_CAUSAL)))
def test_token_by_token_equals_all_at_once(name):
    kernel, (q, k, v), store = make(name), qkv(), LayerCache()
    mask = Mask(causal=True)
    parts = [kernel.extend(*(x[:, :, i : i + 1] for x in (q, k, v)), mask, None, False, store, i)[0] for i in range(T)]
    close(torch.cat(parts, 2), run(kernel, q, k, v, mask)[0])


def test_linear_attention_by_hand():
    q, k, v = (x[:, :, :2] for x in qkv())
    similarity = [[((F.elu(q[0, 0, i]) + 1) * (F.elu(k[0, 0, j]) + 1)).sum() for j in range(2)] for i in range(2)]
    expected = (similarity[1][0] * v[0, 0, 0] + similarity[1][1] * v[0, 0, 1]) / (similarity[1][0] + similarity[1][1])
    for causal in (False, True):
        close(run(make("linear"), q, k, v, Mask(causal=causal))[0][0, 0, 1], expected)


def test_random_features_come_near_softmax_as_they_grow_in_number():
    q, k, v = (0.5 * x for x in qkv())
    exact = run(Full(ModelConfig()), q, k, v, Mask())[0]

    def error(number: int) -> torch.Tensor:
        found = [run(make("performer", num_features=number), q, k, v, Mask())[0] for _ in range(5)]
        return (torch.stack(found) - exact).square().mean()

    assert error(2048) < error(8) / 10  # on average less than a hundredth


def test_random_features_are_orthogonal_and_saved():
    shape = dict(d_model=2 * K, d_ff=8, num_heads=2, num_encoder_layers=1, num_decoder_layers=1, **REACH)
    model = build_model(ModelConfig(vocab_size=20, encoder_attention="performer", **shape))
    directions = model.encoder.layers[0].attention.kernel.directions_PK
    angles = F.normalize(directions, dim=1).unflatten(0, (-1, K))
    close(angles @ angles.transpose(1, 2), torch.eye(K).expand(REACH["num_features"] // K, -1, -1))
    assert any(tensor.data_ptr() == directions.data_ptr() for tensor in model.state_dict().values())


def test_the_lists_of_what_does_not_go_together_are_those_of_the_classes():
    in_scores = {name for name, positions in POSITIONS.items() if positions.scores is not Positions.scores}
    assert in_scores == set(combinations.POSITIONS_IN_SCORES)
    q, k, v = qkv()
    blind, not_causal = set(), set()
    for name in KERNELS:
        kernel = make(name)
        if torch.equal(kernel(q, k, v, Mask(), lambda s: s * 9 + s**2, False)[0], run(kernel, q, k, v, Mask())[0]):
            blind.add(name)
        later = [torch.cat([x[:, :, :-1], x[:, :, -1:] + 1], 2) for x in (q, k, v)]
        mask = Mask(causal=True)
        if not torch.equal(run(kernel, *later, mask)[0][:, :, :-1], run(kernel, q, k, v, mask)[0][:, :, :-1]):
            not_causal.add(name)
    assert blind == set(combinations.KERNELS_WITHOUT_SCORES)
    assert not_causal == set(combinations.KERNELS_NOT_CAUSAL)


@pytest.mark.parametrize(
    "settings, nearest",
    [
        (dict(num_heads=3), dict(num_heads=2)),
        (dict(positions="rotary", d_model=12, num_heads=4), dict(num_heads=3)),
        (dict(positions="rotary", d_model=15, num_heads=5), dict(positions="sinusoidal")),
        (dict(decoder_attention="low_rank"), dict(decoder_attention="local")),
        (dict(decoder_attention="lsh"), dict(decoder_attention="local")),
        (dict(positions="shaw", encoder_attention="linear"), dict(positions="sinusoidal")),
        (dict(positions="relative", decoder_attention="performer"), dict(decoder_attention="local")),
        (dict(positions="relative_scale", encoder_attention="lsh"), dict(encoder_attention="local")),
        (dict(cross_attention="layer_wise", num_decoder_layers=2), dict(num_decoder_layers=6)),
        (dict(cross_attention="multi_view", num_encoder_layers=1), dict(cross_attention="last")),
    ],
)
def test_the_impossible_is_refused_with_a_way_out(settings, nearest):
    with pytest.raises(ModelError) as error:
        ModelConfig(**settings)
    for name, value in nearest.items():
        assert str(value) in error.value.hint and name in error.value.message + error.value.hint
    ModelConfig(**{**settings, **nearest})
