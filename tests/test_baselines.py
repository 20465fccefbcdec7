"""What recurrent and convolutional models promise beyond what `test_variants.py` asks of every model."""

import dataclasses
import random

import pytest
import torch
import torch.nn.functional as F

from tfcli.baselines.cnn import _WIDTH, GatedConvolution
from tfcli.build import build_model
from tfcli.config import BOS, EOS, PAD, ModelConfig, TrainingConfig
from tfcli.config.combinations import BASELINES
from tfcli.data.batch import Batch
from tfcli.decoding.greedy import greedy
from tfcli.decoding.search import Search
from tfcli.errors import ModelError
from tfcli.training.objectives import OBJECTIVES
from tfcli.transformer.decoder import DecoderRecord
from tfcli.transformer.masks import Mask

V, D = 20, 16
WORDS = range(12, V)


def config(kind: str, **changes) -> ModelConfig:
    shape = dict(d_model=D, d_ff=1, num_heads=1, num_encoder_layers=2, num_decoder_layers=2, dropout=0.0, max_length=24)
    return ModelConfig(vocab_size=V, kind=kind, **shape | changes)


@pytest.fixture
def src():
    return torch.tensor([[12, 13, 14, 15, 16, EOS], [17, 18, EOS, PAD, PAD, PAD]])


@pytest.fixture
def tgt():
    return torch.tensor([[BOS, 19, 18, 17, 16], [BOS, 12, 13, 14, 15]])


def look_of(model, src, tgt):
    record, encoder = DecoderRecord(), []
    memory = model.encode(src, encoder)
    model.decode(tgt, memory, record=record)
    assert encoder == record.self_attention == []  # nothing attends to its own side
    return memory, record.cross_attention


def test_attention_of_the_rnn_is_its_equation(src, tgt):
    model = build_model(config("rnn", num_decoder_layers=1))
    memory, (look,) = look_of(model, src, tgt)
    attention, cell = model.decoder.context, model.decoder.cell
    state_BD = torch.tanh(model.decoder.begin(memory.summary_BD))
    for t, x_BD in enumerate(model.embed(tgt).unbind(1)):
        for b, length in enumerate((6, 3)):
            query_D, keys = attention.query(state_BD[b]), map(attention.key, memory.states_BSD[b])
            scores = torch.cat([attention.score(torch.tanh(query_D + key_D)) for key_D in keys])
            weights = F.pad(scores[:length].softmax(0), (0, 6 - length))
            torch.testing.assert_close(look.weights.scores_BHQM[b, 0, t], scores)
            torch.testing.assert_close(look.weights.weights_BHQM[b, 0, t], weights)
            torch.testing.assert_close(look.out_BHQK[b, 0, t], weights @ memory.states_BSD[b])
        state_BD = cell(torch.cat([x_BD, look.out_BHQK[:, 0, t]], dim=-1), state_BD)


def test_without_attention_only_the_summary_is_read(src, tgt):
    model = build_model(config("rnn_no_attention"))
    memory, looks = look_of(model, src, tgt)
    assert looks == []
    forgetful = dataclasses.replace(memory, states_BSD=torch.full_like(memory.states_BSD, torch.nan))
    assert torch.equal(model.decode(tgt, forgetful), model.decode(tgt, memory))
    other = dataclasses.replace(memory, summary_BD=memory.summary_BD + 1)
    assert not torch.allclose(model.decode(tgt, other), model.decode(tgt, memory))


def test_the_summary_holds_both_ends_of_the_sentence(src):
    encode = build_model(config("rnn", num_encoder_layers=1)).encode
    summary_BD = encode(src).summary_BD
    for token, half in ((0, slice(D // 2)), (2, slice(D // 2, D))):
        changed = src.clone()
        changed[:, token] = 19
        assert ((encode(changed).summary_BD[:, half] - summary_BD[:, half]).abs().sum(1) > 0).all()
    # The backward half ends at the first token, and has begun at the last real one.
    torch.testing.assert_close(encode(src[1:, :3]).summary_BD, encode(src[1:]).summary_BD)


def test_a_gate_lets_half_of_the_features_decide_about_the_other_half():
    gated, x_BWD = GatedConvolution(config("cnn")), torch.randn(1, _WIDTH, D)
    weight_2DK = gated.convolution.weight.transpose(1, 2).flatten(1)  # token by token, as the window is read
    a, b = (weight_2DK @ x_BWD.flatten() + gated.convolution.bias).chunk(2)
    torch.testing.assert_close(gated(x_BWD)[0, 0], a * torch.sigmoid(b))


@pytest.mark.parametrize("layers", [1, 2])
def test_each_convolution_sees_one_token_farther(layers, monkeypatch):
    model = build_model(config("cnn", num_encoder_layers=layers, num_decoder_layers=layers))
    ids, middle = torch.arange(2, 2 + 11)[None], 5
    x_BTD = model.embed(ids).detach().requires_grad_()
    monkeypatch.setattr(model, "embed", lambda ids: x_BTD)

    def seen_from_the_middle(out_BTD) -> list[int]:
        (gradient_BTD,) = torch.autograd.grad(out_BTD[0, middle].square().sum(), x_BTD)
        return gradient_BTD[0].abs().sum(-1).nonzero()[:, 0].tolist()

    assert seen_from_the_middle(model.encode(ids).keys_BSD) == list(range(middle - layers, middle + layers + 1))
    memory = dataclasses.replace(model.encode(ids), mask=Mask(torch.ones_like(ids, dtype=torch.bool)))
    memory = dataclasses.replace(memory, keys_BSD=memory.keys_BSD.detach(), values_BSD=memory.values_BSD.detach())
    assert seen_from_the_middle(model.decode(ids, memory)) == list(range(middle - 2 * layers, middle + 1))


def test_attention_of_the_cnn_is_its_equation_in_every_layer(src, tgt):
    memory, looks = look_of(build_model(config("cnn")), src, tgt)
    assert len(looks) == 2
    for look in looks:
        scores_BQM = look.q_BHQK[:, 0] @ memory.keys_BSD.transpose(1, 2) / D**0.5
        weights_BQM = scores_BQM.masked_fill((src == PAD)[:, None], -torch.inf).softmax(-1)
        torch.testing.assert_close(look.weights.weights_BHQM[:, 0], weights_BQM)
        torch.testing.assert_close(look.out_BHQK[:, 0], weights_BQM @ memory.values_BSD)


def test_a_long_source_speaks_as_loudly_as_a_short_one():
    """The mean of m independent values is √m times fainter than one of them."""
    model = build_model(config("cnn", d_model=64))
    attention = model.decoder.layers[0].attention
    torch.nn.init.zeros_(attention.query.weight)
    torch.nn.init.eye_(attention.out.weight)
    loudness = []
    for m in (2, 200):
        memory = dataclasses.replace(
            model.encode(torch.full((1, 2), EOS)),
            keys_BSD=torch.zeros(1, m, 64),
            values_BSD=torch.randn(1, m, 64),
            mask=Mask(torch.ones(1, m, dtype=torch.bool)),
        )
        loudness.append(attention(torch.zeros(1, 1, 64), torch.zeros(1, 1, 64), memory, None).std().item())
    assert 0.5 < loudness[1] / loudness[0] < 2


@pytest.mark.parametrize("kind", BASELINES)
def test_translations_do_not_depend_on_the_batch(kind):
    model = build_model(config(kind)).eval()
    src = [random.choices(WORDS, k=random.randint(1, 9)) for _ in range(6)]
    search = Search(20)
    together = greedy(model, src, search)
    alone = [greedy(model, [row], search)[0] for row in src]
    assert [one.ids for one in together] == [one.ids for one in alone]


@pytest.mark.parametrize("kind", BASELINES)
def test_parts_of_a_transformer_are_refused_by_name(kind):
    with pytest.raises(ModelError, match=f'"rms" is a part of a Transformer.*"{kind}"'):
        config(kind, norm="rms")


def test_two_directions_need_an_even_width():
    with pytest.raises(ModelError, match="15 is odd") as caught:
        config("rnn", d_model=15)
    assert "16" in caught.value.hint
    build_model(config("cnn", d_model=15))


def random_pairs(count: int, longest: int) -> list[tuple[list[int], list[int]]]:
    """Words and the same words reversed, drawn anew in every test run."""
    return [(row, row[::-1]) for row in (random.choices(WORDS, k=random.randint(1, longest)) for _ in range(count))]


def to_batch(pairs) -> Batch:
    def padded(rows):
        width = max(map(len, rows))
        return torch.tensor([[*row, *[PAD] * (width - len(row))] for row in rows])

    sides = zip(*(([*src, EOS], [BOS, *tgt], [*tgt, EOS]) for src, tgt in pairs), strict=True)
    return Batch(*map(padded, sides))


def share_learned(kind: str, longest: int, steps: int, **shape) -> float:
    """Of new sentences, those it reverses without a mistake after so many steps."""
    model = build_model(config(kind, **shape))
    objective = OBJECTIVES["teacher_forcing"](model, TrainingConfig(label_smoothing=0.0)).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, betas=(0.9, 0.98))
    for _ in range(steps):
        batch = to_batch(random_pairs(64, longest))
        (objective(batch)[0] / (batch.labels_BT != PAD).sum()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    pairs = random_pairs(200, longest)
    found = greedy(model.eval(), [src for src, _ in pairs], Search(16))
    return sum(hypothesis.ids == tgt for hypothesis, (_, tgt) in zip(found, pairs, strict=True)) / len(pairs)


@pytest.mark.parametrize("kind", BASELINES)
def test_it_learns_to_reverse(kind):
    assert share_learned(kind, longest=3, steps=120, d_model=32, num_encoder_layers=1, num_decoder_layers=1) > 0.8


@pytest.mark.slow
def test_one_vector_is_too_small_for_long_sentences_and_attention_is_not():
    """The observation attention was invented for."""
    shape = dict(longest=10, steps=300, d_model=64, num_encoder_layers=1, num_decoder_layers=1)
    assert share_learned("rnn", **shape) > share_learned("rnn_no_attention", **shape) + 0.2
