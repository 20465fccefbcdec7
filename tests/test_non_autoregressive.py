"""What every model promises that writes all words at once: no order in the writing, no trace of a batch, clean ids."""

import dataclasses

import pytest
import torch

from tfcli.attention_maps.aligner import find_aligner
from tfcli.attention_maps.attention_map import Sentence
from tfcli.attention_maps.collect import collect
from tfcli.build import MODELS, build_model
from tfcli.bundle import Aligner, read_bundle, write_bundle
from tfcli.config import BOS, EOS, PAD, PLACEHOLDERS, UNK, ModelConfig, Recipe, TrainingConfig
from tfcli.config.combinations import PARALLEL_KINDS
from tfcli.data.batch import Batch
from tfcli.decoding.decoders import DECODERS
from tfcli.decoding.engines import choose_engine
from tfcli.decoding.parallel import least_certain, parallel
from tfcli.decoding.search import Search
from tfcli.decoding.translator import Translator
from tfcli.errors import ModelError, UsageError
from tfcli.text.lines import one_line
from tfcli.training.objectives import OBJECTIVES

FIRST_TEXT = EOS + 1 + len(PLACEHOLDERS)
SHAPE = dict(vocab_size=40, d_model=16, d_ff=32, num_heads=2, num_encoder_layers=2, num_decoder_layers=2, max_length=32)


@pytest.fixture(params=PARALLEL_KINDS)
def kind(request):
    return request.param


def random_model(kind, **changes):
    """Untrained, with weights so large that it says different things; in float64 so that rounding decides nothing."""
    model = build_model(ModelConfig(kind=kind, **(SHAPE | changes))).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.4)
    return model


def padded(rows, width=0):
    width = max(width, *map(len, rows))
    return torch.tensor([[*row, *[PAD] * (width - len(row))] for row in rows])


def make_batch(sources, targets, width=0):
    src_BS, labels_BT = (padded([[*ids, EOS] for ids in side], width) for side in (sources, targets))
    return Batch(src_BS, torch.cat([torch.full((len(labels_BT), 1), BOS), labels_BT[:, :-1]], dim=1), labels_BT)


def random_ids(number, most=10, first=FIRST_TEXT):
    return [torch.randint(first, 40, (1 + i % most,)).tolist() for i in range(number)]


def objective_of(model, **settings):
    return OBJECTIVES["non_autoregressive"](model, TrainingConfig(objective="non_autoregressive", **settings))


def test_the_config_knows_which_models_write_in_parallel():
    assert set(PARALLEL_KINDS) == {kind for kind, model in MODELS.items() if model.decoding == "parallel"}
    assert {model.decoding for model in MODELS.values()} == set(DECODERS)


def test_every_output_depends_on_every_input(kind):
    src_BS = torch.tensor([[20, 21, EOS]])
    for name, sees in ((kind, True), ("transformer", False)):
        model = random_model(name)
        one, other = (model(src_BS, torch.tensor([[BOS, BOS, BOS, last]])) for last in (20, 30))
        assert torch.allclose(one[:, 0], other[:, 0]) != sees
        assert not torch.allclose(one[:, 3], other[:, 3])


@pytest.mark.parametrize("positions", ["none", "sinusoidal", "learned", "relative", "rotary", "continuous"])
def test_places_that_read_the_same_token_can_be_told_apart(kind, positions):
    hidden_TD = random_model(kind, positions=positions).decode(
        torch.full((1, 6), BOS), random_model(kind).encode(torch.tensor([[20, 21, EOS]]))
    )[0]
    assert (torch.cdist(hidden_TD, hidden_TD) + torch.eye(6) > 1e-3).all()


def test_batched_is_one_by_one(kind):
    said = set()
    for limit in (3, 8, 16, 31):  # and one random model may always say the same
        model = random_model(kind)
        sources, search = random_ids(8), Search(limit)
        together = parallel(model, sources, search)
        for src, hypothesis in zip(sources, together, strict=True):
            (alone,) = parallel(model, [src], search)
            assert hypothesis.ids == alone.ids and hypothesis.finished == alone.finished
            assert hypothesis.score == pytest.approx(alone.score, abs=1e-6)
        said |= {tuple(hypothesis.ids) for hypothesis in together}
    assert len(said) > 4


def test_padding_changes_no_loss(kind):
    objective = objective_of(random_model(kind)).eval()
    sources, targets = random_ids(6, 7), random_ids(6, 5)
    loss, nll = objective(make_batch(sources, targets))
    wider_loss, wider_nll = objective(make_batch(sources, targets, width=20))
    assert torch.allclose(loss, wider_loss) and torch.allclose(nll, wider_nll) and nll > 0


def test_every_parameter_learns(kind):
    objective = objective_of(random_model(kind)).train()
    loss, nll = objective(make_batch(random_ids(8), random_ids(8)))
    loss.backward()
    assert not nll.requires_grad
    for name, parameter in objective.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name


def test_a_process_without_a_row_trains_along(kind):
    objective = objective_of(build_model(ModelConfig(kind=kind, **SHAPE))).train()
    none = torch.zeros(0, 8, dtype=torch.long)
    loss, nll = objective(Batch(none[:, :4], none, none))
    loss.backward()
    assert loss.item() == nll.item() == 0
    for name, parameter in objective.named_parameters():  # or the processes that have rows would wait for it
        assert parameter.grad is not None and not parameter.grad.any(), name


def test_validation_draws_no_random_numbers(kind):
    objective, batch = objective_of(random_model(kind)).eval(), make_batch(random_ids(4), random_ids(4))
    before = torch.get_rng_state()
    assert objective(batch)[1] == objective(batch)[1]
    parallel(objective.model, random_ids(1), Search(9))
    torch.set_rng_state(before)
    objective(batch)
    parallel(objective.model, [[20, 21]], Search(9))
    assert torch.equal(before, torch.get_rng_state())


def test_hypotheses_hold_text_and_placeholders_of_the_source_only(kind, monkeypatch):
    tempting, seen = torch.tensor([4.0] * EOS + [0.0] + [4.0] * len(PLACEHOLDERS) + [0.0] * (40 - FIRST_TEXT)), set()
    for _ in range(6):
        model = random_model(kind)
        monkeypatch.setattr(model, "logits", lambda hidden, logits=model.logits: logits(hidden) + tempting)
        sources = random_ids(12, first=UNK)
        for src, hypothesis in zip(sources, parallel(model, sources, Search(14)), strict=True):
            marks = [token for token in hypothesis.ids if token < FIRST_TEXT]
            assert set(marks) <= set(src) and len(marks) == len(set(marks)) and min(marks, default=FIRST_TEXT) > EOS
            assert len(hypothesis.ids) <= 14 and hypothesis.score <= 0 and not hypothesis.looped
            seen |= set(marks)
    assert len(seen) > 1  # the models do say placeholders


def test_what_is_longer_than_its_limit_is_cut(kind):
    src = [list(range(20, 30))]
    tried = ((model, *parallel(model, src, Search(31))) for model in (random_model(kind) for _ in range(50)))
    model, whole = next((model, whole) for model, whole in tried if len(whole.ids) > 1)
    (cut,) = parallel(model, src, Search(len(whole.ids) - 1))
    assert cut.ids == whole.ids[:-1] and not cut.finished


def test_a_prefix_and_a_beam_are_refused(kind):
    config = random_model(kind).config
    assert choose_engine("auto", config, Search(9), "cpu").name == "torch"
    for search, why in ((Search(9, prefix=(21,)), "how to begin"), (Search(9, beam_size=2), "no beam")):
        with pytest.raises(UsageError, match=f'"{kind}" writes all words at once.*{why}'):
            choose_engine("auto", config, search, "cpu")


def test_one_round_of_mask_predict_is_the_plain_parallel_output():
    refined, plain = random_model("mask_predict"), random_model("parallel")
    plain.load_state_dict(refined.state_dict())
    sources = random_ids(16)
    assert parallel(refined, sources, Search(30)) != parallel(plain, sources, Search(30))
    refined.rounds = 1
    assert parallel(refined, sources, Search(30)) == parallel(plain, sources, Search(30))


def test_a_round_changes_masked_words_only_and_masks_fewer_each_time(monkeypatch):
    model, drafts = random_model("mask_predict"), []
    decode_once = model.decode

    def watched(tgt_BT, memory):
        drafts.append(tgt_BT)
        return decode_once(tgt_BT, memory)

    monkeypatch.setattr(model, "decode", watched)
    monkeypatch.setattr("tfcli.decoding.parallel._CANDIDATES", 1)
    monkeypatch.setattr(model.length, "most_probable", lambda memory, n: (torch.tensor([[13], [4]]), torch.zeros(2, 1)))
    hypotheses = parallel(model, random_ids(2), Search(30))
    masked = [(draft == BOS).sum(1).tolist() for draft in drafts]
    assert masked == [[12 * (10 - t) // 10, 3 * (10 - t) // 10] for t in range(1, 10)]
    final = padded([[*hypothesis.ids, EOS] for hypothesis in hypotheses])
    for before, after in zip(drafts, [*drafts[1:], final], strict=True):
        both = (before != BOS) & (after != BOS)
        assert torch.equal(before[both], after[both])
    assert torch.equal(drafts[-1] == PAD, final == PAD)


def test_the_least_certain_words_are_covered():
    scores = torch.tensor([[-5.0, -1.0, -3.0, -9.0, 0.0], [-1.0, -2.0, 0.0, -9.0, -9.0]])
    real = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    assert least_certain(scores, real, 0.5).tolist() == [[True, False, False, True, False], [False, True] + [False] * 3]
    assert not least_certain(scores, real, 1.0).any()


def test_impossible_pairs_are_refused_with_a_way_out(kind):
    for objective in set(OBJECTIVES) - {"non_autoregressive"}:
        with pytest.raises(ModelError, match="writes all words at once") as caught:
            Recipe(model=ModelConfig(kind=kind), training=TrainingConfig(objective=objective))
        assert "non_autoregressive" in caught.value.hint
    with pytest.raises(ModelError, match="writes one after another") as caught:
        Recipe(training=TrainingConfig(objective="non_autoregressive"))
    assert "teacher_forcing" in caught.value.hint and "parallel" in caught.value.hint
    Recipe(model=ModelConfig(kind=kind), training=TrainingConfig(objective="non_autoregressive"))
    assert ModelConfig(kind=kind, decoder_attention="low_rank")  # it sees the whole text
    with pytest.raises(ModelError):
        ModelConfig(decoder_attention="low_rank")


def test_a_bundle_translates(kind, tmp_path, tiny_bundle):
    shape = dataclasses.replace(tiny_bundle.config.model, kind=kind)
    model = build_model(shape).eval()
    write_bundle(
        tmp_path / kind,
        config=dataclasses.replace(tiny_bundle.config, model=shape, dtype="float32"),
        state=model.state_dict(),
        tokenizer=tiny_bundle.tokenizer(),
        recipe_toml="",
        metrics={},
        card="",
    )
    translator = Translator(read_bundle(tmp_path / kind))
    texts = ["好久不见", "", "请看https://example.org/a?b=1。", "你" * 300]
    results = translator.translate_detailed(texts)
    assert [result.source for result in results] == texts and results[1].translation == ""
    ids = translator.tokenizer.encode(texts[0])
    (expected,) = parallel(model, [ids], translator.search)
    assert results[0].translation == one_line(translator.tokenizer.decode(expected.ids)).strip()
    if kind in ("parallel", "mask_predict", "crf"):
        shown = collect(model, translator.bundle, sentence(translator.tokenizer, texts[0], expected))
        assert len(shown["cross"].queries) == len(expected.ids) + expected.finished
        assert set(shown["decoder"].keys) == {"<s>"}
    else:
        with pytest.raises(ModelError, match=f'"{kind}" has no place for each word'):
            collect(model, translator.bundle, sentence(translator.tokenizer, texts[0], expected))
    assert isinstance(find_aligner(model, [(ids, expected.ids)]), Aligner)


def sentence(tokenizer, text, hypothesis):
    ids = tokenizer.encode(text)
    return Sentence(text, "", ids, hypothesis.ids, hypothesis.finished, tokenizer.pieces)
