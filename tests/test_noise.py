"""Noise changes how a pair is typed, not what it says, and as often as the config says."""

import dataclasses
import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.config import PLACEHOLDERS, NoiseConfig
from tfcli.data import noise
from tfcli.data.noise import (
    add_final_punctuation,
    add_noise,
    drop_final_punctuation,
    join,
    placeholders,
    spaces_for_commas,
)

PAIRS = [(f"我有{n}本书，他没有。", f"I have {n} books, he has none.") for n in range(100, 1100)]
WORDS = ["我", "在", "，", " ", "2024", "24", "3.5", "GPT-4", "Tom", "Tom's", "a.b", "7", ",", "10%"]
TEXT = st.lists(st.sampled_from(WORDS), max_size=8).map("".join)


def marks_in(text: str) -> list[str]:
    return [char for char in text if char in PLACEHOLDERS]


def test_without_noise_nothing_changes():
    assert list(add_noise(PAIRS, NoiseConfig(), "1")) == PAIRS


@pytest.mark.parametrize(
    ("before", "after"),
    [("你好吗？", "你好吗"), ("真的吗？！", "真的吗"), ("好", "好"), ("。", "。"), ("", ""), ("一。二。", "一。二")],
)
def test_final_punctuation_goes_unless_it_is_all_there_is(before, after):
    assert drop_final_punctuation(before, "Same.", random.Random()) == (after, "Same.")


@pytest.mark.parametrize(
    ("before", "after"),
    [("对不起，我、来,晚了。", "对不起 我 来 晚了。"), ("1,000元,5个", "1,000元 5个"), ("a,1,b", "a 1 b")],
)
def test_commas_become_spaces_in_the_source_only(before, after):
    assert spaces_for_commas(before, "Sorry, late.", random.Random()) == (after, "Sorry, late.")


@given(TEXT, TEXT, st.randoms())
def test_placeholders_stand_for_something_that_both_sides_share(source, target, rng):
    after = placeholders(source, target, rng)
    marks = marks_in(after[0])
    assert sorted(marks) == sorted(marks_in(after[1])) and len(marks) == len(set(marks)) <= 3
    words = set(noise._COPIED.findall(source)) & set(noise._COPIED.findall(target))

    def restore(text: str, chosen: tuple[str, ...]) -> str:
        for mark, word in zip(marks, chosen, strict=True):
            text = text.replace(mark, word)
        return text

    restored = [tuple(restore(text, chosen) for text in after) for chosen in itertools.permutations(words, len(marks))]
    assert (source, target) in restored


@pytest.mark.parametrize(
    ("source", "target", "count"),
    [
        ("我2024年用GPT-4", "I used GPT-4 in 2024", 2),
        ("Tom, Ann, Bob和Eve", "Tom, Ann, Bob and Eve", 3),
        ("我有2只猫和2只狗", "I have 2 cats and 2 dogs", 0),
        ("我5岁", "I was born in 1985", 0),
        ("他是US人", "He is from the USA", 0),
        ("他在24号楼", "He is in 24, not in 2024", 0),
    ],
)
def test_what_is_replaced_is_a_word_of_its_own_on_both_sides(source, target, count):
    assert len(marks_in(placeholders(source, target, random.Random())[0])) == count


def test_two_pairs_are_joined_with_a_stop_between_them():
    assert join(("你好", "Hello."), ("再见。", "Bye.")) == ("你好。再见。", "Hello. Bye.")
    assert join(("你好！", "Hello!"), ("再见", "Bye")) == ("你好！再见", "Hello! Bye")
    assert join(("Hello", "你好"), ("Bye", "再见")) == ("Hello. Bye", "你好。再见")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("好久不见", "Long time no see."), ("好久不见。", "Long time no see.")),
        (("Really?", "真的"), ("Really?", "真的？")),
        (("真的？", "Really"), ("真的？", "Really?")),
        (("他说：“好。”", "He said yes."), ("他说：“好。”", "He said yes.")),
        (("好", "Good"), ("好", "Good")),
        (("第3", "No. 3."), ("第3。", "No. 3.")),
        (("6.5%", "六点五。"), ("6.5%.", "六点五。")),
        (("", "Yes."), ("", "Yes.")),
    ],
)
def test_a_side_without_a_final_mark_gets_that_of_the_other(before, after):
    assert add_final_punctuation(*before, random.Random()) == after


@pytest.mark.parametrize("number", [0, 1, 2, 7, 8])
def test_joined_pairs_are_all_there(number):
    joined = list(add_noise(PAIRS[:number], NoiseConfig(join=1.0), "1"))
    assert len(joined) == -(-number // 2)
    assert "".join(source for source, _ in joined) == "".join(source for source, _ in PAIRS[:number])
    assert " ".join(target for _, target in joined) == " ".join(target for _, target in PAIRS[:number])


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(NoiseConfig)])
@pytest.mark.parametrize("share", [0.02, 0.3, 1.0])
def test_the_share_of_changed_pairs_is_that_of_the_config(name, share):
    pairs = {
        "add_final_punctuation": [(source.rstrip("。"), target) for source, target in PAIRS],
        "substitution": [(f"{n}汤姆在波士顿。", f"{n} Tom is in Boston.") for n in range(1000)],
    }.get(name, PAIRS)
    changed = list(add_noise(pairs, NoiseConfig(**{name: share}), str(random.random())))
    count = len(pairs) - len(set(pairs) & set(changed))
    if name == "join":  # a pair in a hundred that is joined takes the next with it
        count, share = len(PAIRS) - len(changed), share / (1 + share)
    spread = 6 * (len(PAIRS) * share * (1 - share)) ** 0.5
    assert abs(count - len(PAIRS) * share) <= spread + 1


def test_all_noise_at_once_loses_nothing_but_marks():
    config = NoiseConfig(0.5, 0.5, 0.0, 0.5)
    for seed in ("a", "b"):
        texts = ["".join(pair[side] for pair in add_noise(PAIRS, config, seed)) for side in (0, 1)]
        for side in (0, 1):
            original = "".join(pair[side] for pair in PAIRS)
            assert [c for c in texts[side] if c.isalnum()] == [c for c in original if c.isalnum()]


def test_which_pairs_change_depends_on_the_seed_alone():
    config = NoiseConfig(0.3, 0.3, 0.3, 0.3)
    once, again, other = (list(add_noise(iter(PAIRS), config, seed)) for seed in ("1-0", "1-0", "1-1"))
    assert once == again != other
