"""Pieces join to the text, sentences end where people end them, and long texts cost little."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.text.split import split, split_to_fit

PARTS = [*"。！？；…，、：”’」）\"')( \n\t\u3000.!?,;:好a1\u0301\u200d\ufe0f\ud83d\ude00"]
PARTS += ["Mr.", "e.g.", "3.14", "...", "好的", "word"]
texts = st.lists(st.sampled_from(PARTS)).map("".join) | st.text()


@given(texts)
def test_pieces_join_to_the_text(text):
    pieces = split(text)
    assert "".join(pieces) == text
    assert all(pieces)
    # White space belongs to the piece before it.
    assert not any(piece[0].isspace() for piece in pieces[1:])


# Sentences between bars; what stands between two bars must come out as one piece.
@pytest.mark.parametrize(
    "marked",
    [
        "你好。|我很好！|你呢？|好；|走吧……|再见。",
        "真的吗？！|太好了！！！|嗯。。。|走",
        "“你去哪儿？”|她问：“好。”|「走！」|（完。）|《书！》|好",
        "“走！”，他喊道。|然后走了。",
        "“好。”他说。|“真的吗？”|王先生问道：“好。”|「走！」|她走了。",
        "你好。 |我很好！\u3000|再见。\n|好",
        "真的吗?|是的!|好.没有",
        "圆周率是3.14。|版本v2.0.1很好。|见http://a.example/x?y=1。|好",
        "Hello there. |How are you? |Fine! |Good",
        'He said "Go!" |Then "Stop." |(Really.) |Yes',
        '"Really?" he asked. |"Yes."',
        "Mr. Smith met Dr. Wang and Prof. Li, e.g. at 5 p.m. in the U.S. Army, i.e. there. |Then left.",
        "See No. 5 and Fig. 3. |No. |He sat. |I saw vol. 7.",
        "J. R. R. Tolkien wrote it. |George W. Bush did not.",
        "It costs 3.14 or 1,000.50 in v1.2.3 at a.example. |Then 2.5.",
        "Visit http://a.example/x.html?y=1. |Then go.",
        "Wait... what? |Oh... |No… maybe… |Yes",
        "1. Buy milk. |2. Sell it in 1999. |10. Rest.",
        "Mr.\n|one line\n|another one\n\n|the last",
        "hi. |how are you. |fine",
        "!important a!=b a?b",
        "   leading space. |Next   ",
        "。。。",
        "   ",
    ],
)
def test_sentences(marked):
    assert split(marked.replace("|", "")) == marked.split("|")


def test_nothing_gives_no_pieces():
    assert split("") == []
    assert split_to_fit("", 5, 5, len) == [("", False)]


def bytes_of(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


@given(texts, st.integers(1, 30), st.integers(1, 30), st.sampled_from([len, bytes_of]))
def test_pieces_fit(text, comfortable, limit, length):
    pieces = split_to_fit(text, comfortable, limit, length)
    assert "".join(piece for piece, _ in pieces) == text
    assert all(length(piece) <= limit or (hard and len(piece) == 1) for piece, hard in pieces)


@given(texts, st.integers(1, 30))
def test_a_sentence_that_fits_is_a_piece(text, limit):
    pieces = [piece for piece, _ in split_to_fit(text, limit, limit, len)]
    sentences = split(text)
    if all(len(sentence) <= limit for sentence in sentences):
        assert pieces == (sentences or [""])
    else:  # no piece reaches over the end of a sentence
        ends = {sum(map(len, sentences[:i])) for i in range(len(sentences) + 1)}
        assert ends <= {sum(map(len, pieces[:i])) for i in range(len(pieces) + 1)}


@given(st.lists(st.integers(2, 12), min_size=1, max_size=12), st.integers(12, 40))
def test_clauses_are_few_and_of_about_one_length(sizes, comfortable):
    text = "".join("好" * (size - 1) + "，" for size in sizes)
    pieces = [piece for piece, hard in split_to_fit(text, comfortable, 100, len) if not hard]
    assert "".join(pieces) == text and all(len(piece) <= comfortable for piece in pieces)
    fewest = -(-len(text) // comfortable)
    assert fewest <= len(pieces) <= 2 * fewest
    if len(text) <= comfortable:
        assert pieces == [text]


def test_where_long_sentences_are_cut():
    clauses = ["好的。", "我们走吧，", "去公园玩，", "好吗？"]
    assert split_to_fit("".join(clauses), 7, 7, len) == [(clause, False) for clause in clauses]
    assert split_to_fit("one two three, four", 9, 9, len) == [("one two ", False), ("three, ", False), ("four", False)]
    assert split_to_fit("一二三四五六七", 3, 3, len) == [("一二三", True), ("四五六", True), ("七", True)]
    assert split_to_fit("1,000,000.5", 20, 20, len) == [("1,000,000.5", False)]
    # Longer than is comfortable, but without a pause: only the limit cuts.
    assert split_to_fit("一二三四五六七", 3, 7, len) == [("一二三四五六七", False)]
    assert split_to_fit("一二三，四五六七八", 4, 9, len) == [("一二三，", False), ("四五六七八", False)]


@pytest.mark.parametrize("cluster", ["e\u0301", "\ud83d\ude00", "👩‍👩‍👧", "❤\ufe0f", "👍🏽", "नि"])
def test_a_hard_cut_keeps_characters_whole(cluster):
    pieces = split_to_fit(cluster * 50, 9, len(cluster) * 4 - 1, len)
    assert {piece for piece, _ in pieces} == {cluster * 3, cluster * 2}
    assert all(hard for _, hard in pieces)


def test_a_character_larger_than_the_limit_is_cut_inside_but_not_lost():
    text = "e" + "\u0301" * 40
    assert split_to_fit(text, 30, 30, len) == [(text[:30], True), (text[30:], True)]
    assert split_to_fit("好ab", 2, 2, bytes_of) == [("好", True), ("ab", True)]


@pytest.mark.parametrize("unit", [*"a好。！ ，\u0301\u200d\ud800\n", "a.", "a ", "。a", "x" * 5_000 + "。a。"])
def test_a_megabyte_costs_few_measurements(unit):
    text = unit * (1_000_000 // len(unit))
    measured = calls = 0

    def length(piece: str) -> int:
        nonlocal measured, calls
        measured += len(piece)
        calls += 1
        return len(piece)

    pieces = split_to_fit(text, 64, 256, length)
    assert "".join(piece for piece, _ in pieces) == text
    assert measured < 10 * len(text)
    assert calls < 10 * len(pieces)


def test_uneven_texts_cost_few_measurements():
    rng = random.Random(4)
    for _ in range(10):
        lengths = rng.choices([1, 2, 5, 300, 5_000], k=300)
        text = "".join(rng.choice("好a") * length + rng.choice("。， ") for length in lengths)
        measured = 0

        def length(piece: str) -> int:
            nonlocal measured
            measured += len(piece)
            return len(piece)

        assert "".join(piece for piece, _ in split_to_fit(text, 64, 256, length)) == text
        assert measured < 20 * len(text)
