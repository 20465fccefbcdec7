"""Corpora as ids, and padded batches of them: for one process or shared out among several."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tfcli.build import build_model
from tfcli.config import BOS, EOS, PAD, DataConfig, ModelConfig, TrainingConfig
from tfcli.config.combinations import PARALLEL_OBJECTIVE
from tfcli.data.batch import Batch, count_labels, make_batch
from tfcli.data.encoded import concatenate, encode_pairs
from tfcli.training.objectives import OBJECTIVES

WIDE = DataConfig(max_length=1000, max_ratio=1000)


def encode(texts):
    """A letter is a token: a is 20, b is 21."""
    return [[20 + ord(char) - ord("a") for char in text] for text in texts]


def decode(row: torch.Tensor) -> str:
    return "".join({PAD: ".", BOS: "<", EOS: ">"}.get(i, chr(i - 20 + ord("a"))) for i in row.tolist())


TEXT = st.text("abcxyz", min_size=1, max_size=12)
TEXTS = st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=12)


def test_a_batch_by_hand():
    pairs = encode_pairs([("abc", "x"), ("a", "uvwxy"), ("bb", "zz")], encode, WIDE)
    batch = make_batch(pairs, np.array([2, 1, 0]))
    assert [decode(row) for row in batch.src_BS] == ["bb>.", "a>..", "abc>"]
    assert [decode(row) for row in batch.tgt_BT] == ["<zz>....", "<uvwxy>.", "<x>....."]
    assert [decode(row) for row in batch.labels_BT] == ["zz>.....", "uvwxy>..", "x>......"]
    assert all(t.dtype == torch.int64 for t in (batch.src_BS, batch.tgt_BT, batch.labels_BT))
    assert count_labels(pairs, np.array([2, 0])) == 3 + 2


@given(TEXTS, st.data())
def test_labels_are_inputs_one_place_on_and_nothing_is_lost(texts, data):
    pairs = encode_pairs(texts, encode, WIDE)
    rows = np.array(data.draw(st.lists(st.integers(0, len(texts) - 1), min_size=1, max_size=9)))
    batch = make_batch(pairs, rows)
    assert torch.equal(batch.tgt_BT[:, 1:], batch.labels_BT[:, :-1]) and (batch.tgt_BT[:, 0] == BOS).all()
    for i, row in enumerate(rows):
        source, target = texts[row]
        assert decode(batch.src_BS[i]).rstrip(".") == source + ">"
        assert decode(batch.labels_BT[i]).rstrip(".") == target + ">"
    assert count_labels(pairs, rows) == (batch.labels_BT != PAD).sum()


@given(TEXTS, st.integers(1, 5))
def test_the_shares_of_all_processes_are_the_whole_batch(texts, world):
    pairs = encode_pairs(texts, encode, WIDE)
    rows = np.arange(len(texts))[::-1].copy()
    whole = make_batch(pairs, rows)
    for name in ("src_BS", "tgt_BT", "labels_BT"):
        shares = [getattr(make_batch(pairs, rows, rank, world), name) for rank in range(world)]
        assert len({share.shape[1] for share in shares}) == 1
        together = torch.empty_like(getattr(whole, name))
        for rank, share in enumerate(shares):
            together[rank::world] = share
        assert torch.equal(together, getattr(whole, name))


def test_the_last_column_is_not_lost_where_a_row_fills_it():
    pairs = encode_pairs([("abc", "xyz")], encode, WIDE)  # four tokens with EOS: no padding at all
    batch = make_batch(pairs, np.array([0]))
    assert [decode(t[0]) for t in (batch.src_BS, batch.tgt_BT, batch.labels_BT)] == ["abc>", "<xyz", "xyz>"]


@pytest.mark.parametrize("objective", sorted(set(OBJECTIVES) - {PARALLEL_OBJECTIVE}))
def test_a_process_without_a_row_trains_along(objective):
    pairs = encode_pairs([("abc", "x"), ("a", "uvwxy")], encode, WIDE)
    batch = make_batch(pairs, np.array([0, 1]), rank=2, world=3)
    assert batch.src_BS.shape == (0, 4) and batch.labels_BT.shape == (0, 8)
    shape = ModelConfig(vocab_size=50, d_model=8, d_ff=8, num_heads=2, num_encoder_layers=1, num_decoder_layers=1)
    trained = OBJECTIVES[objective](build_model(shape), TrainingConfig(objective=objective)).train()
    for precision in (torch.float32, torch.bfloat16):
        trained.zero_grad()
        with torch.autocast("cpu", precision, enabled=precision != torch.float32):
            loss, nll = trained(batch)
        loss.backward()
        assert loss.item() == nll.item() == 0
        # Every parameter takes part, or the processes that have rows would wait for it.
        assert all(p.grad is not None and not p.grad.any() for p in trained.model.parameters())


def test_pairs_are_left_out_and_counted():
    texts = [("a", "b"), ("", "b"), ("a", ""), ("a" * 9, "b" * 9), ("a" * 10, "b"), ("a", "b" * 8), ("a", "b" * 9)]
    pairs = encode_pairs(texts, encode, DataConfig(max_length=10, max_ratio=4.0))
    assert len(pairs) == 3 and dict(pairs.dropped) == {"empty": 2, "too long": 1, "uneven": 1}
    assert [decode(torch.tensor(pairs.tgt.sequence(i))) for i in range(3)] == ["b>", "b" * 9 + ">", "b" * 8 + ">"]


def test_more_pairs_than_fit_into_one_chunk_are_the_same_pairs(monkeypatch):
    texts = [("ab" * (1 + n % 3), "c" * (1 + n % 5)) for n in range(50)]
    whole = encode_pairs(texts, encode, WIDE)
    monkeypatch.setattr("tfcli.data.encoded._CHUNK", 7)
    chunked = encode_pairs(iter(texts), encode, WIDE)
    for one, other in ((whole.src, chunked.src), (whole.tgt, chunked.tgt)):
        assert np.array_equal(one.tokens, other.tokens) and np.array_equal(one.offsets, other.offsets)
    assert whole.src.tokens.dtype == np.uint16


@given(st.lists(st.integers(1, 100_000), min_size=1, max_size=20))
def test_a_token_takes_two_bytes_where_that_is_enough(ids):
    pairs = encode_pairs([("a", "b")], lambda texts: [ids for _ in texts], WIDE)
    assert pairs.src.tokens.tolist() == [*ids, EOS]
    assert pairs.src.tokens.itemsize == (2 if max(ids) < 2**16 else 4)


@given(st.lists(st.lists(st.tuples(TEXT | st.just(""), TEXT), max_size=5), min_size=1, max_size=4))
def test_corpora_one_after_another_are_one_corpus(corpora):
    encoded = [encode_pairs(texts, encode, WIDE) for texts in corpora]
    together = concatenate(encoded)
    once = encode_pairs([pair for texts in corpora for pair in texts], encode, WIDE)
    assert len(together) == len(once) == sum(map(len, encoded)) and together.dropped == once.dropped
    for i in range(len(once)):
        assert np.array_equal(together.src.sequence(i), once.src.sequence(i))
        assert np.array_equal(together.tgt.sequence(i), once.tgt.sequence(i))


def test_a_batch_moves_as_a_whole():
    batch = Batch(*(torch.zeros(1, 2, dtype=torch.int64) for _ in range(3))).to(torch.device("meta"))
    assert {t.device.type for t in (batch.src_BS, batch.tgt_BT, batch.labels_BT)} == {"meta"}
