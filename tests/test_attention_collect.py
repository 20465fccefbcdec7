"""A map holds what the model did: its numbers, the tokens that `translate` prints, walks, the best aligner."""

import dataclasses

import numpy as np
import pytest
import torch
from made_maps import made_map

from tfcli.attention_maps.aligner import find_aligner
from tfcli.attention_maps.alignment import read_alignment
from tfcli.attention_maps.view import View
from tfcli.attention_maps.walk import find_query, start_walk, walk
from tfcli.bundle import Aligner
from tfcli.config import BOS, EOS, PLACEHOLDERS
from tfcli.errors import DataError, ModelError, UsageError
from tfcli.looking import Translator
from tfcli.transformer.attention.kernel import Weights
from tfcli.transformer.attention.multihead import Look
from tfcli.transformer.seq2seq import Seq2Seq

TEXTS = ["好久不见", "我喜欢喝茶。", "你好吗？", "他昨天去了北京。"]
KINDS = ("cross", "encoder", "decoder")


@pytest.fixture(scope="module")
def translator(tiny_bundle):
    return Translator(tiny_bundle)


@pytest.fixture(scope="module")
def maps(translator):
    return [translator.attention(text) for text in TEXTS]


def test_the_tokens_are_those_that_translate_prints(translator, maps):
    for text, whole in zip(TEXTS, maps, strict=True):
        (result,) = translator.translate_detailed([text])
        assert (whole.source, whole.target) == (text, result.translation)
        ends = whole.target_tokens[-1] == "</s>"
        assert ends == ("cut" not in result.flags and "loop" not in result.flags)
        assert len(whole.target_tokens) - ends == result.target_tokens
        spelled = "".join(whole.target_tokens).removesuffix("</s>").replace("▁", " ").strip()
        assert "<0x" in spelled or spelled == result.translation


def test_looking_changes_nothing(translator, tiny_model):
    """The explicit path, which keeps weights, gives the log-probabilities of the fused one, which keeps none."""
    for text in TEXTS:
        (part,) = translator.translate_parts(text)[1]
        whole = translator.attention(text)
        expected = [*part.hypothesis.ids, *[EOS] * part.hypothesis.finished]
        with torch.inference_mode():
            logits = tiny_model(torch.tensor([[*part.src, EOS]]), torch.tensor([[BOS, *expected[:-1]]]))
        fused = logits[0].log_softmax(-1)[torch.arange(len(expected)), torch.tensor(expected)]
        np.testing.assert_allclose(whole.logprobs_T, fused.numpy(), atol=1e-4)
        assert whole.score == pytest.approx(whole.logprobs_T.mean())


def test_weights_are_the_softmax_of_allowed_scores(maps):
    for whole in maps:
        for kind in KINDS:
            attention = whole[kind]
            weights = attention.weights_LHQM
            np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-5)
            allowed = np.ones(weights.shape[2:], dtype=bool)
            if kind == "decoder":
                allowed = np.tri(*weights.shape[2:], dtype=bool)
            assert (weights[..., ~allowed] == 0).all() and (weights[..., allowed] > 0).all()
            exps = np.where(allowed, np.exp(attention.scores_LHQM), 0)
            np.testing.assert_allclose(weights, exps / exps.sum(-1, keepdims=True), atol=1e-5)
            scores = attention.q_LHQK @ attention.k_LHMK.swapaxes(-1, -2) / attention.q_LHQK.shape[-1] ** 0.5
            np.testing.assert_allclose(attention.scores_LHQM, scores, atol=1e-4)


def test_a_given_translation_is_looked_at_and_scored(translator, maps):
    own = maps[1]
    again = translator.attention(TEXTS[1], own.target)
    assert again.target_tokens[-1] == "</s>"
    if own.target_tokens == again.target_tokens:
        np.testing.assert_allclose(again.cross.weights_LHQM, own.cross.weights_LHQM, atol=1e-5)
    worse = translator.attention(TEXTS[1], own.target + own.target[::-1])
    assert worse.target == own.target + own.target[::-1]
    assert worse.logprobs_T.sum() < own.logprobs_T.sum()


def test_a_placeholder_has_the_name_of_its_span(translator):
    text, span = "去 https://a.example/x 吧", "https://a.example/x"
    whole = translator.attention(text, f"Go to {span} now")
    assert span in whole.source_tokens and span in whole.target_tokens
    assert not set(PLACEHOLDERS) & set("".join(whole.source_tokens + whole.target_tokens))


def test_what_cannot_be_looked_at(translator):
    for blank in ("", "  ", "\u3000"):
        with pytest.raises(DataError, match="no text"):
            translator.attention(blank)
    with pytest.raises(DataError, match="parts"):
        translator.attention("我喜欢喝茶。" * 60)
    with pytest.raises(DataError, match="--max-tokens 3") as caught:
        translator.attention(TEXTS[3], max_tokens=3)
    enough = int(caught.value.hint.split()[-1])
    assert translator.attention(TEXTS[3], max_tokens=enough).source == TEXTS[3]
    with pytest.raises(DataError, match="target has"):
        translator.attention("好", "no " * 500)


def test_parts_of_a_long_text(translator):
    text = "我喜欢喝茶。" * 60
    parts = translator.attention_parts(text)
    assert len(parts) == len(translator.translate_parts(text)[1]) > 1
    assert translator.attention_parts(" ") == []
    (one,) = translator.attention_parts(TEXTS[0])
    assert one.source_tokens == translator.attention(TEXTS[0]).source_tokens


@pytest.mark.parametrize("kind", KINDS)
def test_every_walk_ends_where_the_model_did(maps, kind):
    whole = maps[3]
    layers, heads, queries, _ = whole[kind].weights_LHQM.shape
    for layer, head, query in np.ndindex(layers, heads, queries):
        found = walk(whole, kind, layer + 1, query, head + 1)
        assert found.difference < 1e-4
        np.testing.assert_allclose(found.weights_M, whole[kind].weights_LHQM[layer, head, query], atol=1e-5)
        np.testing.assert_allclose(found.scaled_M, found.given_M, atol=1e-4)
        assert (found.weights_M[~found.allowed_M] == 0).all()


def test_a_walk_that_would_not_end_there_is_refused(maps):
    cross = maps[0].cross
    other = dataclasses.replace(cross, out_LHQK=cross.out_LHQK + 1)
    with pytest.raises(ModelError, match="no softmax"):
        walk(dataclasses.replace(maps[0], attentions={"cross": other}), "cross", 1, 0)


def test_queries_are_found_by_number_and_by_token():
    whole = made_map(["好"], ["▁Long", "▁time", "2", "▁time"])
    assert [find_query(whole.cross, wish) for wish in ("0", "Long", "time", "2", "3", "</s>")] == [0, 0, 1, 2, 3, 4]
    for wish in ("5", "short", "-1", ""):
        with pytest.raises(UsageError, match="no query"):
            find_query(whole.cross, wish)
    assert start_walk(whole, View(layer="1", head="2"), "time").head == 2
    for view in (View(layer="3"), View(head="max"), View("all"), View(layer="mean")):
        with pytest.raises(UsageError):
            start_walk(whole, view, "0")


def test_a_kind_without_weights_says_what_there_is():
    whole = made_map(["好"], ["a"])
    rest = {kind: attention for kind, attention in whole.attentions.items() if kind != "encoder"}
    linear = dataclasses.replace(whole, attentions=rest, kernels=whole.kernels | {"encoder": "linear"})
    with pytest.raises(ModelError, match='encoder attention of this model is "linear"') as caught:
        linear.render("tsv", kind="encoder")
    assert "--kind cross" in caught.value.hint
    assert [sheet.kind for sheet in View("all").sheets(linear)] == ["cross", "decoder"]


class Planted(torch.nn.Module):
    """A model one of whose heads looks at the true source token, `step` steps after it was translated."""

    reads = Seq2Seq.reads

    def __init__(self, layer: int, head: int, step: int):
        super().__init__()
        self.config = type("Config", (), {"max_length": 99})
        self.scale = torch.nn.Parameter(torch.zeros(1))
        self.place = layer, head, step

    def encode(self, src):
        return src

    def decode(self, tgt, memory, record):
        rows, columns = tgt.size(1), memory.size(1)
        layer, head, step = self.place
        for i in range(2):
            weights = torch.rand(1, 3, rows, columns)
            if i == layer:
                weights[0, head] *= 0.1
                for token in range(rows - 1):
                    # Target token t + 100 is the translation of source token t.
                    weights[0, head, token + step] += (memory[0] + 100 == tgt[0, token + 1]).float()
            none = torch.zeros(1)
            record.cross_attention.append(Look(none, none, none, Weights(weights, weights), none))


@pytest.mark.parametrize("place", [(0, 0, 0), (0, 2, 1), (1, 1, 0), (1, 0, 1)])
def test_the_rule_finds_the_planted_aligner(place):
    rng = np.random.default_rng()
    pairs = []
    for _ in range(80):
        src = rng.permutation(np.arange(10, 40))[: rng.integers(3, 9)].tolist()
        pairs.append((src, (rng.permutation(src) + 100).tolist()))
    found = find_aligner(Planted(*place), pairs)
    assert (found.layer, found.head, found.after) == (place[0] + 1, place[1] + 1, bool(place[2]))


def test_without_cross_attention_nothing_is_found():
    silent = Planted(0, 0, 0)
    silent.decode = lambda tgt, memory, record: None
    assert find_aligner(silent, [([5], [6])]) == Aligner() == find_aligner(silent, [])


def test_where_links_are_read():
    weights = np.random.default_rng(1).random((2, 3, 4, 5))
    np.testing.assert_array_equal(read_alignment(weights, Aligner()), weights[1].mean(0))
    np.testing.assert_array_equal(read_alignment(weights, Aligner(2, 1, 3)), weights[0, 2])
    after = read_alignment(weights, Aligner(2, 1, 3, after=True))
    np.testing.assert_array_equal(after, weights[0, 2][[1, 2, 3, 3]])
    np.testing.assert_array_equal(read_alignment(weights, Aligner(9, 9, 9)), weights[1, 2])
