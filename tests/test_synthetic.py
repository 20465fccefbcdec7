"""Synthetic corpora are a function of their seed, without end, and every frame is filled wholly."""

import random
import re
from itertools import pairwise

import pytest

from tfcli.data.synthetic import SLOTS, SYNTHETIC
from tfcli.data.synthetic.grammar import Value, fill, parse_frame, read_frames

LEFT_OVER = re.compile(r"[{}<>|\[\]\t\n]|  |^ | $|None")


@pytest.mark.parametrize("name", SYNTHETIC)
def test_the_same_seed_gives_the_same_corpus_and_another_another(name):
    first, again, other = ([SYNTHETIC[name](rng) for _ in range(200)] for rng in map(random.Random, ("a", "a", "b")))
    assert first == again != other


@pytest.mark.parametrize("name", SYNTHETIC)
def test_little_is_repeated(name):
    rng = random.Random(1)
    pairs = [SYNTHETIC[name](rng) for _ in range(4000)]
    assert len(set(pairs)) > 0.85 * len(pairs)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_every_frame_is_filled(name):
    rng = random.Random(2)
    for frame in read_frames(name)[0]:
        for _ in range(20):
            zh, en = fill(frame, SLOTS, rng)
            assert zh and en and not LEFT_OVER.search(zh + "\u3000" + en), (zh, en)
            assert not re.search("[\u4e00-\u9fff]", en), (zh, en)
            assert en[0] == en[0].upper(), en


@pytest.mark.parametrize("name", SYNTHETIC)
def test_two_values_of_one_kind_differ(name):
    rng = random.Random(3)
    for frame in read_frames(name)[0]:
        for one, two in pairwise(sorted(frame.slots)):
            if two == f"{one}2":
                probe, _ = parse_frame(f"{{{one}}}/{{{two}}}\tx")
                sides = fill(probe, SLOTS, rng)[0].split("/", 1)
                assert "/" in sides[1] or sides[0].replace(" ", "") != sides[1].replace(" ", "")


def test_half_of_the_sentences_have_a_final_mark():
    rng = random.Random(4)
    marked = sum(SYNTHETIC["numbers"](rng)[0][-1] in "。！？" for _ in range(4000))
    assert 0.3 < marked / 4000 < 0.8
    frame, _ = parse_frame("好。\tGood.")
    assert {fill(frame, {}, rng)[0] for _ in range(50)} == {"好。", "好"}


def test_wordings_of_both_sides_go_together_or_not():
    rng = random.Random(5)
    frame, _ = parse_frame("<猫|狗>[来|走]\t<Cat|Dog> [x|y]")
    assert {fill(frame, {}, rng) for _ in range(200)} == {
        (f"{animal}{verb}", f"{name} {letter}")
        for animal, name in (("猫", "Cat"), ("狗", "Dog"))
        for verb in "来走"
        for letter in "xy"
    }


def test_a_choice_of_one_side_only_is_refused():
    with pytest.raises(ValueError, match="choices"):
        parse_frame("<猫|狗>\tcat")


@pytest.mark.parametrize(
    ("value", "article"),
    [("8", "an"), ("80", "an"), ("8,000", "an"), ("11", "an"), ("18", "an"), ("11,000", "an"), ("180", "a"), ("1", "a")]
    + [("110", "a"), ("hour-long", "a"), ("apple", "an"), ("university", "a"), ("one-way", "a"), ("20%", "a")],
)
def test_the_article_follows_the_value(value, article):
    frame, _ = parse_frame("甲\tIt is a {x}")
    assert fill(frame, {"x": lambda rng: Value("", value)}, random.Random(6))[1] == f"It is {article} {value}"


def test_sentences_begin_with_a_capital_but_not_after_pm():
    frame, _ = parse_frame("甲\tat 3 {x} and so. done? {x}.")
    assert fill(frame, {"x": lambda rng: Value("", "p.m.")}, random.Random(7))[1] == "At 3 p.m. and so. Done? P.m."
