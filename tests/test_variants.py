"""What every kind of model promises, whatever it is made of.

The configs are found, not listed: from the Literals of ModelConfig, so many that every two choices of a Transformer
meet wherever they go together. A new variant is among them from the day its name stands in config.py.
"""

import copy
import io
import itertools
import random
import typing

import pytest
import torch

from tfcli import weights
from tfcli.build import build_model
from tfcli.config import BOS, EOS, PAD, ModelConfig, TrainingConfig
from tfcli.config.combinations import PARALLEL_OBJECTIVE
from tfcli.data.batch import Batch
from tfcli.errors import ModelError
from tfcli.training.objectives import OBJECTIVES, Objective
from tfcli.transformer.decoder import DecoderRecord
from tfcli.transformer.model import Transformer

V, S, T = 24, 9, 8
SHAPE = dict(vocab_size=V, d_model=16, d_ff=24, num_heads=2, dropout=0.0, max_length=32)
SHAPE |= dict(num_encoder_layers=2, num_decoder_layers=2)
# Small enough to matter for a sentence of nine tokens.
REACH = dict(max_distance=3, window=2, num_global=1, num_random=1, rank=4, chunk=4, num_hashes=2, num_features=16)
REACH = {name: value for name, value in REACH.items() if name in ModelConfig.__dataclass_fields__}
CHOICES = {
    name: typing.get_args(hint)
    for name, hint in typing.get_type_hints(ModelConfig).items()
    if typing.get_origin(hint) is typing.Literal
}
DEFAULTS = {name: ModelConfig.__dataclass_fields__[name].default for name in CHOICES}


def make_config(choices: dict[str, str]) -> ModelConfig | None:
    try:
        return ModelConfig(**SHAPE, **REACH, **choices)
    except ModelError:
        return None


def groups_of(choices: dict[str, str], width: int) -> set:
    return set(itertools.combinations(sorted(choices.items()), width))


def cover(kind: str, width: int) -> list[dict[str, str]]:
    """Models of a kind, so many that every `width` choices that go together meet in one. Deterministic: the tests have
    the same names every time."""
    rng = random.Random(1)
    chosen, covered = [], set()
    for names in itertools.combinations(sorted(CHOICES.keys() - {"kind"}), width):
        for values in itertools.product(*(CHOICES[name] for name in names)):
            fixed = {"kind": kind, **dict(zip(names, values, strict=True))}
            if groups_of(fixed, width + 1) <= covered:
                continue
            candidates = [DEFAULTS | fixed]  # a baseline goes with little else
            candidates += [{name: rng.choice(values) for name, values in CHOICES.items()} | fixed for _ in range(40)]
            if candidates := [c for c in candidates if make_config(c)]:
                chosen.append(max(candidates, key=lambda c: len(groups_of(c, width + 1) - covered)))
                covered |= groups_of(chosen[-1], width + 1)
    return chosen


# All pairs of choices in a Transformer, and each choice in every other kind of model.
COVER = [choices for kind in CHOICES["kind"] for choices in cover(kind, width=2 if kind == DEFAULTS["kind"] else 1)]


@pytest.fixture(scope="module", params=COVER, ids=lambda c: "-".join(c.values()))
def model(request):
    """In evaluation mode, and in float64, where rounding hides nothing. No parameter is zero or one: what starts as
    nothing would hide what it does wrong."""
    torch.manual_seed(1)
    model = build_model(make_config(request.param)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model.double()


@pytest.fixture(scope="module", params=["eval", "train"])
def either(request, model):
    """The model in both modes, which without dropout are one, unless it learns something of whole batches."""
    state = set(model.state_dict()) - {name for name, _ in model.named_parameters()}
    if request.param == "train" and state:
        pytest.skip("in training it sees the whole batch")
    yield model.train(request.param == "train")
    model.eval()


@pytest.fixture(scope="module")
def src():
    lengths = (S, 4, 1)
    return torch.stack([torch.tensor([*random_ids(n), EOS] + [PAD] * (S - n)) for n in lengths])


@pytest.fixture(scope="module")
def tgt():
    return torch.stack([torch.tensor([BOS, *random_ids(T - 1)]) for _ in range(3)])


def random_ids(number: int) -> list[int]:
    return random.Random(number).choices(range(EOS + 1, V), k=number)


def causal(model) -> bool:
    return getattr(getattr(model, "decoder", None), "causal", True)


def objective_of(model) -> Objective:
    return OBJECTIVES["teacher_forcing" if causal(model) else PARALLEL_OBJECTIVE](model, TrainingConfig())


def is_full(model, attention: str) -> bool:
    return isinstance(model, Transformer) and getattr(model.config, attention) == "full"


def close(a, b):
    torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-6)
    return True


def test_every_choice_is_covered_or_refused_by_name():
    for name, values in CHOICES.items():
        for value in set(values) - {choices[name] for choices in COVER}:
            with pytest.raises(ModelError, match=f'model.{name} = "{value}"'):
                ModelConfig(**SHAPE, **{name: value})


def test_output_and_gradients_are_finite(model, src, tgt):
    model = copy.deepcopy(model).float().train()
    for precision in (torch.float32, torch.bfloat16):
        model.zero_grad()
        with torch.autocast("cpu", precision, enabled=precision != torch.float32):
            logits = model(src, tgt)
            loss, _ = objective_of(model)(Batch(src, tgt, torch.nn.functional.pad(tgt[:, 1:], (0, 1), value=EOS)))
        (logits.float().logsumexp(-1).sum() + loss).backward()
        assert logits.shape == (3, T, V) and logits.isfinite().all()
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None and parameter.grad.isfinite().all(), name


def test_padding_changes_nothing(either, src, tgt):
    wider = torch.nn.functional.pad(src, (0, 5), value=PAD)
    assert close(either(wider, tgt), either(src, tgt))


def test_neighbours_in_the_batch_change_nothing(either, src, tgt):
    together = either(src, tgt)
    for row in range(3):
        alone = src[row, src[row] != PAD]
        assert close(either(alone[None], tgt[row][None])[0], together[row])


def test_no_output_depends_on_later_input(either, src, tgt, monkeypatch):
    if not causal(either):
        pytest.skip("all tokens are decoded at once")
    memory = either.encode(src)
    x_BTD = either.embed(tgt).detach().requires_grad_()
    monkeypatch.setattr(either, "embed", lambda ids: x_BTD)
    hidden_BTD = either.decode(tgt, memory)
    weight_D = torch.randn_like(hidden_BTD[0, 0])  # a plain sum over a normalized vector has no gradient at all
    earlier = 0.0
    for t in range(T):
        (gradient_BTD,) = torch.autograd.grad((hidden_BTD[:, t] @ weight_D).sum(), x_BTD, retain_graph=True)
        strength_T = gradient_BTD.abs().sum((0, 2))
        assert strength_T[t + 1 :].sum() == 0, f"output {t} sees later input"
        assert strength_T[t] > 0
        if is_full(either, "decoder_attention"):
            assert (strength_T[:t] > 0).all(), f"output {t} does not see all earlier input"
        earlier += strength_T[:t].sum()
    assert earlier > 0


def test_every_source_token_matters_and_no_padding_does(either, src, tgt, monkeypatch):
    x_BSD = either.embed(src).detach().requires_grad_()
    with monkeypatch.context() as patch:
        patch.setattr(either, "embed", lambda ids: x_BSD)
        memory = either.encode(src)
    hidden_BTD = either.decode(tgt, memory)
    (gradient_BSD,) = torch.autograd.grad((hidden_BTD @ torch.randn_like(hidden_BTD[0, 0])).sum(), x_BSD)
    assert torch.equal(gradient_BSD.abs().sum(-1) > 0, src != PAD)


@pytest.mark.parametrize("widths", [(1,) * T, (3, 1, 4)])
def test_step_by_step_is_all_at_once(either, src, tgt, widths):
    if not causal(either):
        pytest.skip("all tokens are decoded at once")
    memory, cache = either.encode(src), either.new_cache()
    full = either.decode(tgt, memory)
    parts = [either.decode(part, memory, cache) for part in tgt.split(widths, dim=1)]
    assert cache.length == T
    assert close(torch.cat(parts, dim=1), full)


def test_finished_rows_can_be_dropped_while_decoding(model, src, tgt):
    if not causal(model):
        pytest.skip("all tokens are decoded at once")
    with torch.inference_mode():
        memory, cache = model.encode(src), model.new_cache()
        full = model.decode(tgt, memory)
        model.decode(tgt[:, :3], memory, cache)
        rows = torch.tensor([2, 0])
        memory, tgt = memory.select(rows), tgt[rows]
        cache.select(rows)
        for t in range(3, T):
            assert close(model.decode(tgt[:, t : t + 1], memory, cache)[:, 0], full[rows, t])


def test_recording_changes_nothing_and_weights_are_shares(model, src, tgt):
    with torch.no_grad():
        plain = model.decode(tgt, model.encode(src))
        encoder_record, record = [], DecoderRecord()
        memory = model.encode(src, encoder_record)
        assert close(model.decode(tgt, memory, record=record), plain)
    with torch.enable_grad():  # may take another path
        assert close(model.decode(tgt, model.encode(src)), plain)
    keys_BM, triangle_QM = src != PAD, torch.ones(T, T, dtype=torch.bool).tril()
    for name, looks, real_BQ, allowed in (
        ("encoder_attention", encoder_record, src != PAD, keys_BM[:, None, None]),
        ("cross_attention", record.cross_attention, tgt != PAD, keys_BM[:, None, None]),
        ("decoder_attention", record.self_attention, tgt != PAD, triangle_QM if causal(model) else triangle_QM | True),
    ):
        assert len(looks) == 2 or not isinstance(model, Transformer)
        assert all(look.weights for look in looks) or not is_full(model, name)
        for weights_BHQM in (look.weights.weights_BHQM for look in looks if look.weights):
            real = weights_BHQM.transpose(1, 2)[real_BQ]  # what padding looks at is nobody's business
            assert close(real.sum(-1), torch.ones(real.shape[:2], dtype=real.dtype))
            assert (real >= 0).all()
            assert (weights_BHQM.masked_fill(allowed, 0).transpose(1, 2)[real_BQ] == 0).all()


def test_attention_that_has_weights_shows_them(model, src, tgt):
    record, decoder_record = [], DecoderRecord()
    model.decode(tgt, model.encode(src, record), record=decoder_record)
    for look in [*record, *decoder_record.self_attention]:
        if look.weights and look.v_BHMK.size(2) == look.weights.weights_BHQM.size(3):
            assert close(look.weights.weights_BHQM @ look.v_BHMK, look.out_BHQK)


def test_saved_weights_are_the_same_model(model, src, tgt):
    data = weights.save(model.state_dict(), "float32")
    again = weights.load(io.BytesIO(data), model.config, "float32")
    assert weights.save(again.state_dict(), "float32") == data
    with torch.no_grad():
        assert close(again.double()(src, tgt), model(src, tgt))
