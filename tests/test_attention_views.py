"""Which part of a map is shown: layers, heads, stages, words, links."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_maps import HEADS, HOSTILE, LAYERS, made_map

from tfcli.attention_maps.alignment import alignment_error_rate, links, to_pharaoh
from tfcli.attention_maps.habits import summarize
from tfcli.attention_maps.view import View, format_of
from tfcli.attention_maps.words import group_words, merge_words, names
from tfcli.errors import UsageError

PIECES = ["▁", "▁我", "喜欢", "<0xF0>", "<0x9F>", "<0x98>", "<0x80>", "▁I", "'", "m", ".", "▁like", "ly", "3"]
PIECES += ["</s>", "<s>"]
MAP = made_map(["▁", "好久", "不见"], ["▁Long", "▁time"])


@pytest.mark.parametrize(
    ("layer", "head", "expected"),
    [
        (None, None, lambda w: w[1].mean(0)),
        ("1", "3", lambda w: w[0, 2]),
        ("mean", "max", lambda w: w.mean(0).max(0)),
        ("2", "mean", lambda w: w[1].mean(0)),
        ("mean", "2", lambda w: w.mean(0)[1]),
    ],
)
def test_one_matrix(layer, head, expected):
    sheet = View(layer=layer, head=head).sheet(MAP)
    ((_, values),) = sheet.panels()
    np.testing.assert_allclose(values, expected(MAP.cross.weights_LHQM), rtol=1e-6)


def test_all_of_them():
    (sheet,) = View("encoder", "scores", "all", "all").sheets(MAP)
    np.testing.assert_array_equal(sheet.values_LHQM, MAP.encoder.scores_LHQM)
    assert len(list(sheet.panels())) == LAYERS * HEADS
    assert [sheet.kind for sheet in View("all").sheets(MAP)] == ["cross", "encoder", "decoder"]
    for view in (View("all"), View(layer="all"), View(head="all")):
        with pytest.raises(UsageError, match="one matrix"):
            view.sheet(MAP)


@pytest.mark.parametrize("wish", ["0", "3", "-1", "x", "", "1.0", "９", "max", "99999999999", "all "])
def test_a_layer_that_does_not_exist(wish):
    if wish:
        with pytest.raises(UsageError, match="no layer .* layers 1 to 2"):
            View(layer=wish).sheet(MAP)
    with pytest.raises(UsageError, match="no head .* heads 1 to 3"):
        View(head=f"{wish}4").sheet(MAP)


def test_the_last_layer_is_shown_of_self_attention_and_the_best_aligning_of_cross_attention():
    whole = made_map(["好"], ["a"])
    whole = type(whole)(**vars(whole) | {"view_layer": 1})
    assert [sheet.layers for sheet in View("all").sheets(whole)] == [("1",), ("2",), ("2",)]


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        (["▁I", "'", "m", "▁like", "ly", "."], ["I'm", "likely", "."]),
        (["▁", "好久", "不见"], ["好久", "不见"]),
        (["▁他", "喜欢", "Python", "3", "。"], ["他", "喜欢", "Python3", "。"]),
        (["▁", "<0xF0>", "<0x9F>", "<0x98>", "<0x80>", "<0xE5>", "<0xA5>", "<0xBD>"], ["😀", "好"]),
        (["▁well", "-", "known", "▁", "</s>"], ["well", "-", "known", "▁", "</s>"]),
        (["<s>", "a", "b"], ["<s>", "ab"]),
        (["▁사", "람", "▁은"], ["사람", "은"]),
    ],
)
def test_words(pieces, words):
    assert list(names(pieces)) == words


@given(st.lists(st.sampled_from(PIECES) | st.sampled_from(HOSTILE) | st.text(max_size=3), max_size=30))
def test_every_piece_is_in_one_word(pieces):
    assert [i for group in group_words(pieces) for i in group] == list(range(len(pieces)))


def test_weights_of_words_are_those_of_their_pieces():
    whole = made_map(["▁a", "b", "▁c"], ["▁d", "e", "▁f", "g", "h"])
    words = merge_words(whole)
    assert words.source_tokens == ("ab", "c", "</s>") and words.target_tokens == ("de", "fgh", "</s>")
    for attention in words.attentions.values():
        np.testing.assert_allclose(attention.weights_LHQM.sum(-1), 1, atol=1e-5)
    by_hand = whole.cross.weights_LHQM[1, 2, 0:2, 0:2].sum(1).mean()
    assert words.cross.weights_LHQM[1, 2, 0, 0] == pytest.approx(by_hand)
    np.testing.assert_allclose(words.logprobs_T.sum(), whole.logprobs_T.sum(), rtol=1e-5)
    with pytest.raises(UsageError, match="scores"):
        words.render("tsv", stage="scores")


def test_links():
    weights = np.array([[0.1, 0.5, 0.4], [0.6, 0.2, 0.2], [0.0, 0.1, 0.9]])
    source, target = ["▁", "好", "</s>"], ["a", "b", "</s>"]
    assert links(weights, source, target) == [(1, 0), (1, 1)]
    assert links(weights, ["x", "好", "</s>"], target) == [(0, 1), (1, 0)]
    assert links(weights, ["x", "好", "</s>"], target, 0.2) == [(0, 1), (1, 0), (1, 1)]
    assert links(weights, ["▁", "▁", "</s>"], target) == []
    assert to_pharaoh([(0, 1), (1, 0)]) == "0-1 1-0"


def test_alignment_error_rate():
    """Och and Ney: nothing wrong if all sure links are found and all found links are possible."""
    sure, possible = {(0, 0), (1, 1)}, {(0, 0), (1, 1), (2, 1)}
    for found, rate in ((sure, 0), (possible, 0), ([(3, 3)], 1), ([(0, 0)], 1 / 3), ([*sure, (9, 9)], 1 / 5)):
        first, second = alignment_error_rate(found, sure, possible)
        assert 1 - first / second == pytest.approx(rate)


def attention_of(weights, kind="encoder"):
    whole = made_map(["a"] * (weights.shape[1] - 1), ["b"] * (weights.shape[0] - 1))
    attention = type(whole.cross)(kind, whole[kind].queries, whole[kind].keys, weights[None, None].astype(np.float32))
    return type(whole)(**vars(whole) | {"attentions": {kind: attention}, "alignment_TS": weights})


@pytest.mark.parametrize(
    ("habit", "weights"),
    [
        ("looks one back", np.eye(8, k=-1) + np.eye(8)[:1].T @ np.eye(8)[:1]),
        ("looks at itself", np.eye(8)),
        ("looks one ahead", np.eye(8, k=1) + np.eye(8)[-1:].T @ np.eye(8)[-1:]),
        ("looks at the end", np.tile(np.eye(8)[-1], (8, 1))),
        ("looks at the start", np.tile(np.eye(8)[0], (8, 1))),
        ("looks everywhere", np.full((8, 8), 1 / 8)),
        ("looks nearby", (np.eye(8) + np.eye(8, k=1) + np.eye(8, k=-1) + 1e-3) / 3),
    ],
)
def test_habits(habit, weights):
    weights = weights / weights.sum(-1, keepdims=True)
    (found,) = summarize(attention_of(weights))
    assert found.habit == habit
    assert found.entropy == pytest.approx(-(weights * np.log2(weights + 1e-12)).sum(-1).mean(), abs=1e-3)


def test_habits_of_aligning_heads():
    aligned = np.eye(6)[[2, 0, 1, 4, 3, 5]]
    (found,) = summarize(attention_of(aligned, "cross"))
    assert (found.habit, found.alignment) == ("aligns", 1.0)
    whole = attention_of(aligned, "cross")
    later = np.concatenate([aligned[-1:], aligned[:-1]])[None, None].astype(np.float32)
    cross = type(whole.cross)("cross", whole.cross.queries, whole.cross.keys, later)
    (found,) = summarize(type(whole)(**vars(whole) | {"attentions": {"cross": cross}}))
    assert found.habit == "aligns the token before"


def test_the_name_of_a_file_says_its_format():
    assert [format_of(name) for name in ("a.html", "b/c.SVG", "x.npz", "x", "table", "x.txt", ".json")] == [
        *("html", "svg", "npz", None, None, None, None)
    ]
