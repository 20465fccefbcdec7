"""Scores of pairs: the same by two paths, in whatever company; and shifted pairs are found."""

import math
import random

import numpy as np
import pytest
import torch
from conftest import TINY
from hypothesis import given
from hypothesis import strategies as st

from tfcli.bundle import locate, read_bundle
from tfcli.config import BOS, EOS, CorpusConfig
from tfcli.data.corpus import PHRASEBOOK, Pair, read_pairs
from tfcli.errors import ModelError
from tfcli.scoring import stream
from tfcli.scoring.judging import Scores, lowest, sureness
from tfcli.scoring.scorer import Scorer
from tfcli.scoring.strangers import by_length, choose_strangers

PAIRS = [pair[1:] for pair in read_pairs(CorpusConfig(PHRASEBOOK))]
SOME = random.Random(5).sample(PAIRS, 60)


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer(read_bundle(TINY), "cpu", dtype="float32")


@pytest.fixture(scope="module")
def shipped() -> Scorer:
    return Scorer(read_bundle(locate("zh-en")), "cpu")


def loss(model, src, tgt) -> float:
    """Mean negative log-likelihood, one sentence at a time and all logits at once."""
    with torch.inference_mode():
        logprobs_TV = model(torch.tensor([[*src, EOS]]), torch.tensor([[BOS, *tgt]]))[0].log_softmax(-1)
    labels = [*tgt, EOS]
    return -logprobs_TV[torch.arange(len(labels)), torch.tensor(labels)].mean().item()


def test_losses_are_those_of_the_model_with_the_own_source_and_with_the_strangers(scorer, tiny_model, tiny_tokenizer):
    ids = [tuple(map(tiny_tokenizer.encode, pair)) for pair in SOME]
    strangers = choose_strangers(ids, by_length(ids))
    assert sum(stranger is not None for stranger in strangers) > 50
    for score, (src, tgt), stranger in zip(scorer.score(SOME), ids, strangers, strict=True):
        assert score.own == pytest.approx(loss(tiny_model, src, tgt), abs=1e-4)
        assert score.tokens == len(tgt) + 1
        if stranger is None:
            assert math.isnan(score.other) and math.isnan(score.explained)
        else:
            assert score.other == pytest.approx(loss(tiny_model, ids[stranger][0], tgt), abs=1e-4)
            assert score.explained == pytest.approx(1 - score.own / score.other)


@pytest.mark.parametrize("batch_tokens", [1, 300])
def test_scores_do_not_depend_on_the_size_of_a_batch(scorer, batch_tokens):
    other = Scorer(read_bundle(TINY), "cpu", dtype="float32", batch_tokens=batch_tokens)
    for one, two in zip(scorer.score(SOME), other.score(SOME), strict=True):
        assert (one.own, one.other) == pytest.approx((two.own, two.other), abs=1e-4, nan_ok=True)


def test_bfloat16_says_about_the_same(shipped):
    exact = Scorer(read_bundle(locate("zh-en")), "cpu", dtype="float32")
    for one, two in zip(shipped.score(SOME), exact.score(SOME), strict=True):
        assert one.own == pytest.approx(two.own, abs=0.1, rel=0.05)
        assert one.explained == pytest.approx(two.explained, abs=0.05)


def test_what_is_longer_than_the_model_is_judged_by_its_beginning(scorer):
    long = "你好。" * 9999, "Hello. " * 9999
    short, cut, half = scorer.score([("你好。", "Hello."), long, ("你好。" * 5, "Hello. " * 99)])
    assert (short.cut, cut.cut, half.cut) == (False, True, True)
    assert cut.tokens == 48 and math.isfinite(cut.own)


def test_a_model_that_writes_all_words_at_once_is_refused(monkeypatch):
    bundle = read_bundle(TINY)
    monkeypatch.setattr("tfcli.transformer.model.Transformer.decoding", "parallel", raising=False)
    with pytest.raises(ModelError, match="cannot score pairs"):
        Scorer(bundle, "cpu")


sentences = st.lists(st.integers(4, 30), min_size=1, max_size=9)


@given(st.lists(st.tuples(sentences, sentences), max_size=60))
def test_a_stranger_is_another_sentence(pairs):
    order = by_length(pairs)
    lengths = [len(pairs[i][0]) for i in order]
    assert sorted(order) == list(range(len(pairs))) and lengths == sorted(lengths)
    place = {number: i for i, number in enumerate(order)}

    def alike(i, j):
        return any(2 * len({*a} & {*b}) >= len({*a} | {*b}) for a, b in zip(pairs[i], pairs[j], strict=True))

    for number, stranger in enumerate(choose_strangers(pairs, order)):
        reach = range(16) if stranger is None else range(abs(place[number] - place[stranger]) - 1)
        near = [
            order[p]
            for step in reach
            for p in (place[number] - step - 1, place[number] + step + 1)
            if p >= 0
            if p < len(order)
        ]
        assert all(alike(number, other) for other in near), "a nearer one would do"
        assert stranger is None or not alike(number, stranger)


def test_of_the_same_sentence_many_times_over_none_is_compared_with_itself(scorer):
    scores = scorer.score([("你好。", "Hello.")] * 20 + [("你好", "Hello"), ("你好！", "Hello!")])
    assert all(math.isnan(score.other) and math.isfinite(score.own) for score in scores)


def shifted(count: int) -> tuple[list[tuple[str, str]], np.ndarray]:
    """Pairs of the phrasebook, every tenth of which has got the target of another one."""
    pairs = random.Random(8).sample([pair for pair in PAIRS if len(pair[0]) > 2], count)
    wrong = np.arange(count) % 10 == 0
    targets = [target for _, target in pairs]
    targets[::10] = targets[10::10] + targets[:1]
    return list(zip([source for source, _ in pairs], targets, strict=True)), wrong


def judge(scorer: Scorer, pairs) -> np.ndarray:
    scores = Scores()
    for score in scorer.score(pairs):
        scores.add(score)
    return scores.sureness()


def test_shifted_pairs_are_found_and_no_others(shipped):
    pairs, wrong = shifted(300)
    sure = judge(shipped, pairs)
    found = sure > 0.5
    both = (found & wrong).sum()
    assert both >= 0.8 * wrong.sum() and both >= 0.9 * found.sum()
    assert sure[found].mean() > 0.8 and abs(sure.mean() - 0.1) < 0.05


def test_ten_fine_pairs_are_fine(shipped):
    assert (judge(shipped, random.Random(3).sample(PAIRS, 10)) < 0.2).all()


def test_sureness_falls_with_what_the_source_explains():
    explained = np.linspace(-1, 1, 200, dtype=np.float32)
    sure = sureness(explained, np.full(200, 12))
    assert (np.diff(sure) < 1e-6).all() and sure[0] > 0.95 and sure[-1] < 0.01
    assert sureness(np.array([math.nan, -1], dtype=np.float32), np.array([1, 12]))[0] == 0
    assert len(sureness(np.zeros(0, np.float32), np.zeros(0))) == 0


def test_a_corpus_of_more_misaligned_pairs_makes_it_surer_of_each():
    good, bad, doubtful = np.full(100, 0.7), np.full(100, 0.0), np.full(1, 0.3)
    tokens = np.full(201, 12)
    few = sureness(np.concatenate([good, good, doubtful]).astype(np.float32), tokens)
    many = sureness(np.concatenate([good, bad, doubtful]).astype(np.float32), tokens)
    assert many[-1] > few[-1]
    assert abs(many.mean() - 0.5) < 0.1 and few.mean() < 0.05


@given(st.lists(st.sampled_from([math.nan, -1.0, 0.0, 0.25, 0.5]), max_size=60), st.floats(0, 1))
def test_the_share_to_keep_is_kept_exactly_and_it_is_the_best(explained, keep):
    explained = np.array(explained, dtype=np.float32)
    scored = ~np.isnan(explained)
    drop = lowest(explained, keep)
    assert not drop[~scored].any()
    assert drop.sum() == scored.sum() - round(keep * int(scored.sum()))
    kept = explained[scored & ~drop]
    assert not drop.any() or not len(kept) or explained[drop].max() <= kept.min()


@given(st.lists(st.integers(0, 20), max_size=80))
def test_windows_are_the_lines_in_order_and_none_is_a_small_rest(sizes):
    lines = [(Pair(i, "a" * size, ""), None) for i, size in enumerate(sizes)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "_LINES", 8)
        patch.setattr(stream, "_CHARS", 60)
        cut = list(stream.windows(lines))
    assert [line for window in cut for line in window] == lines and all(cut)
    assert all(len(window) <= 8 + 4 and sum(len(pair.source) for pair, _ in window) <= 2 * 80 for window in cut)
    full = [len(window) >= 4 or sum(len(pair.source) for pair, _ in window) >= 60 for window in cut]
    assert len(cut) == 1 or all(full)
