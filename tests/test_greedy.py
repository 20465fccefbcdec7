"""Greedy decoding: the cache and the batch change nothing, control tokens stay inside, loops and limits stop it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tfcli.build import build_model
from tfcli.config import BOS, EOS, PAD, UNK, ModelConfig
from tfcli.decoding.greedy import greedy
from tfcli.decoding.loops import find_loop, most_copies
from tfcli.decoding.search import Draft, Search

PLACEHOLDER = EOS + 1
FIRST_TEXT = EOS + 9  # below stand the control tokens and the eight placeholders


def random_model(**changes):
    """An untrained model that says different things: with noise on its weights, and an output of its own, or each token
    would call for itself. In float64, so that rounding decides nothing."""
    shape = dict(vocab_size=40, d_model=16, d_ff=32, num_heads=2, num_encoder_layers=2, num_decoder_layers=2)
    model = build_model(ModelConfig(**(shape | changes), max_length=32)).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    output_VD = torch.randn(40, 16).double()
    model.logits = lambda hidden_BTD: hidden_BTD @ output_VD.T
    return model


def random_sources(number, most=12):
    return [torch.randint(FIRST_TEXT, 40, (1 + i % most,)).tolist() for i in range(number)]


def up_to(limit, prefix=()):
    """A search whose sentences may all have so many tokens."""
    return Search(limit, length_ratio=1000, prefix=prefix)


@torch.no_grad()
def decode_slowly(model, src, max_length, prefix=()):
    """One sentence by itself, everything computed anew for each token."""
    draft = Draft(src, max_length, prefix)
    chosen = []
    while not draft.done:
        so_far = torch.tensor([[BOS, *prefix, *chosen]])
        log_probabilities = model(torch.tensor([[*src, EOS]]), so_far)[0, -1]
        for token in (PAD, UNK, BOS, *range(PLACEHOLDER, FIRST_TEXT)):
            log_probabilities[token] = -torch.inf
        log_probabilities = log_probabilities.log_softmax(-1)
        chosen.append(int(log_probabilities.argmax()))
        draft.add(chosen[-1], float(log_probabilities[chosen[-1]]))
    return draft.hypothesis()


@pytest.mark.parametrize("changes", [{}, {"residual": "post", "activation": "gelu", "num_heads": 1}])
@pytest.mark.parametrize("prefix", [(), (FIRST_TEXT, FIRST_TEXT + 5)])
def test_cache_and_batch_change_nothing(changes, prefix):
    model = random_model(**changes)
    sources = random_sources(24)
    search = Search(26, length_ratio=1, prefix=prefix)
    together = greedy(model, sources, search)
    for src, hypothesis in zip(sources, together, strict=True):
        limit = min(26, len(src) + 16 + len(prefix))
        alone = greedy(model, [src], search)[0]
        slow = decode_slowly(model, src, limit, prefix)
        assert hypothesis.ids == alone.ids == slow.ids
        assert hypothesis.finished == alone.finished == slow.finished
        assert hypothesis.looped == alone.looped == slow.looped
        assert hypothesis.score == pytest.approx(slow.score, abs=1e-5) == alone.score
        assert hypothesis.ids[: len(prefix)] == list(prefix)
        assert len(hypothesis.ids) <= limit
        assert min(hypothesis.ids, default=FIRST_TEXT) >= FIRST_TEXT


def test_sentences_of_a_trained_model_do_not_depend_on_their_batch(tiny_model, tiny_tokenizer):
    texts = ["好久不见", "你好吗？", "我有42本书。", "今天很热。", "她是我的朋友。", "再见", "太贵了。", "胡说八道"]
    sources = tiny_tokenizer.encode_batch(texts)
    together = greedy(tiny_model, sources, up_to(30))
    backwards = greedy(tiny_model, sources[::-1], up_to(30))[::-1]
    alone = [greedy(tiny_model, [src], up_to(30))[0] for src in sources]
    assert [h.ids for h in together] == [h.ids for h in alone] == [h.ids for h in backwards]
    assert tiny_tokenizer.decode(together[0].ids) == "Long time no see."


def test_score_is_the_mean_log_probability_of_what_was_said(tiny_model, tiny_tokenizer):
    src = tiny_tokenizer.encode("我有42本书。")
    hypothesis = greedy(tiny_model, [src], up_to(30))[0]
    said = torch.tensor([*hypothesis.ids, EOS])
    with torch.no_grad():
        logits = tiny_model(torch.tensor([[*src, EOS]]), torch.tensor([[BOS, *hypothesis.ids]]))[0]
    logits[:, [PAD, UNK, BOS, *range(PLACEHOLDER, FIRST_TEXT)]] = -torch.inf
    expected = logits.log_softmax(-1).gather(1, said[:, None]).mean()
    assert hypothesis.finished and hypothesis.score == pytest.approx(float(expected), abs=1e-5)


class Scripted:
    """Stands in for a model, its memory and its cache: says the script of each source's first id, then EOS."""

    def __init__(self, scripts, vocab_size=64):
        self.scripts, self.vocab_size, self.sizes = scripts, vocab_size, []

    def encode(self, src_BS):
        self.firsts, self.length = src_BS[:, 0].tolist(), -1
        return self

    def new_cache(self):
        return self

    def select(self, rows):  # of the memory and of the cache: the second call finds the rows chosen already
        if len(self.firsts) != len(rows):
            self.firsts = [self.firsts[row] for row in rows.tolist()]
        return self

    def reorder(self, rows):  # among the beams of one sentence, which have one script
        pass

    def decode(self, tgt_BT, memory, cache):
        assert len(tgt_BT) == len(self.firsts)
        self.sizes.append(len(tgt_BT))
        self.length += tgt_BT.size(1)
        says = [([*self.scripts[first], *[EOS] * 100])[self.length] for first in self.firsts]
        return torch.tensor(says)[:, None]

    def logits(self, said_B):
        return torch.nn.functional.one_hot(said_B, self.vocab_size) * 10.0


def say(script, src=(20,), limit=60):
    return greedy(Scripted({src[0]: script}), [list(src)], up_to(limit))[0]


def test_finished_rows_leave_the_batch():
    scripts = {20 + i: list(range(20, 20 + i)) for i in range(16)}
    model = Scripted(scripts)
    hypotheses = greedy(model, [[first] for first in scripts], up_to(40))
    assert [h.ids for h in hypotheses] == list(scripts.values()) and all(h.finished for h in hypotheses)
    assert model.sizes == sorted(model.sizes, reverse=True)
    assert sum(model.sizes) < 16 * 16 * 0.75  # all rows to the end would be 16 * 16


def test_length_limit():
    assert say([20, 21, 22], limit=3).finished  # the end after the last allowed token still counts
    cut = say([20, 21, 22, 23], limit=3)
    assert cut.ids == [20, 21, 22] and not cut.finished and not cut.looped


def test_control_tokens_are_never_said():
    for token in (PAD, UNK, BOS, PLACEHOLDER, PLACEHOLDER + 7):
        assert token not in say([20, token, 21]).ids


def test_a_placeholder_is_said_once_and_only_if_the_source_has_it():
    assert say([PLACEHOLDER, 20], src=(30, PLACEHOLDER)).ids == [PLACEHOLDER, 20]
    assert say([PLACEHOLDER, 20, PLACEHOLDER], src=(30, PLACEHOLDER)).ids == [PLACEHOLDER, 20]
    assert PLACEHOLDER + 1 not in say([PLACEHOLDER + 1, 20], src=(30, PLACEHOLDER)).ids


@pytest.mark.parametrize("unit", [[20], [20, 21], [20, 21, 22], [20, 20, 21, 22], [20, 21, 22, 23, 24, 25]])
def test_a_loop_is_stopped_early_and_cut_to_one_copy(unit):
    model = Scripted({20: [30, 31] + unit * 50})
    hypothesis = greedy(model, [[20, 21]], up_to(500))[0]
    assert hypothesis.ids == [30, 31] + unit
    assert hypothesis.looped and not hypothesis.finished
    assert len(model.sizes) < 40


def test_a_loop_that_meets_the_limit_is_a_loop():
    sentence = list(range(20, 30))  # longer than what is looked for after each token
    hypothesis = say([40] + sentence * 9, limit=36)
    assert hypothesis.ids == [40] + sentence and hypothesis.looped


def test_large_numbers_are_no_loops():
    comma, zero = 20, 21
    trillion = [22, *[comma, zero, zero, zero] * 4]
    assert say(trillion).ids == trillion
    assert say([22] + [zero] * 12).ids == [22] + [zero] * 12


def test_a_source_that_repeats_itself_may_be_repeated():
    laughter = [30] * 24
    assert say(laughter).looped
    hypothesis = say(laughter, src=[20] * 12)
    assert hypothesis.ids == laughter and hypothesis.finished
    assert say([30] * 50, src=[20] * 12, limit=100).looped


def test_a_loop_does_not_reach_into_the_prefix():
    hypothesis = greedy(Scripted({20: [30] * 100}), [[20]], up_to(90, prefix=(30, 30)))[0]
    assert hypothesis.ids == [30, 30, 30] and hypothesis.looped


@given(st.lists(st.integers(0, 2), max_size=24), st.integers(2, 4), st.integers(1, 9))
def test_find_loop_equals_its_definition(ids, copies, tokens):
    def repeats(start, unit):
        return all(ids[i] == ids[i + unit] for i in range(start, len(ids) - unit))

    ends = (
        start + unit
        for unit in range(1, 7)
        for start in range(len(ids) + 1)  # the longest run of this unit first
        if len(ids) - start >= max(copies * unit, tokens) and repeats(start, unit)
    )
    assert find_loop(ids, 6, copies, tokens) == next(ends, None)


@given(st.lists(st.integers(0, 2), min_size=1, max_size=6), st.integers(1, 9), st.lists(st.integers(5, 9), unique=True))
def test_copies_of_a_source_are_counted(unit, copies, around):
    assert most_copies(around + unit * copies) >= copies
    assert most_copies(around) == 1
