"""Substitution changes an entity on both sides or nothing: no half, no other word, no wrong pronoun or article."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.data.synthetic.entities import of_kind
from tfcli.data.synthetic.substitution import substitute

MALE = {en for _, en in of_kind("given-m")}
FEMALE = {en for _, en in of_kind("given-f")}
CITIES = dict(of_kind("city"))


def many(zh: str, en: str, count: int = 150) -> list[tuple[str, str]]:
    rng = random.Random(1)
    return [substitute(zh, en, rng) for _ in range(count)]


def test_name_and_place_change_together():
    for zh, en in many("汤姆在波士顿工作。", "Tom works in Boston."):
        place_zh, place = re.search("在(.+)工作", zh)[1], re.search(r"works in (.+)\.$", en)[1]
        assert CITIES[place_zh] == place and "汤姆" not in zh and not re.search(r"\bTom\b", en)


def test_either_side_may_be_the_chinese_one():
    rng = random.Random(2), random.Random(2)
    there = substitute("玛丽哭了。", "Mary cried.", rng[0])
    assert there == substitute("Mary cried.", "玛丽哭了。", rng[1])[::-1] != ("玛丽哭了。", "Mary cried.")


@pytest.mark.parametrize(
    ("zh", "en", "allowed", "refused"),
    [
        ("汤姆说他累了。", "Tom said he was tired.", MALE, FEMALE),
        ("玛丽说她累了。", "Mary said she was tired.", FEMALE, MALE),
    ],
)
def test_gender_stays(zh, en, allowed, refused):
    firsts = {after.split()[0] for _, after in many(zh, en, 400)} & (MALE | FEMALE)
    assert len(firsts & allowed) > 20 and not firsts & (refused - allowed)


def test_the_possessive_and_what_follows_stay():
    for zh, en in many("汤姆的狗死了", "Tom's dog died."):
        assert zh.endswith("的狗死了") and en.endswith("'s dog died.") and en[0].isupper()


def test_the_article_follows_the_place():
    ends = {en for _, en in many("他是波士顿律师。", "He is a Boston lawyer.", 400)}
    assert all(re.search(r" an? (?=[A-Z])", en) for en in ends)
    assert all(en.startswith("He is an ") for en in ends if re.search(r" an? [AIO]", en))
    assert all(en.startswith("He is a ") for en in ends if re.search(r" an? [B-DF-HJ-NP-TV-Z]", en))
    assert {" an " in en for en in ends} == {True, False}


@pytest.mark.parametrize(
    ("zh", "en"),
    [
        ("《纽约时报》报道了此事。", "The New York Times reported it."),
        ("他在北京大学读书。", "He studies at Beijing University."),
        ("汤姆·汉克斯来了。", "Tom Hanks is here."),
        ("汤姆森来了。", "Thomson is here."),
        ("汤姆叔叔的小屋", "Uncle Tom's Cabin"),
        ("玛丽女王", "Queen Mary died."),
        ("汤姆认识另一个汤姆。", "Tom knows another Tom."),
        ("汤姆认识他。", "Thomas knows him."),
        ("他认识汤姆。", "He knows him."),
        ("他来了。", "Tom is here."),
        ("汤姆来了", "tom is here"),
        ("北京—莫斯科轴心", "the Beijing-Moscow axis"),
        ("玛丽亚来了", "Mary is here"),
        ("夏洛特很美。", "Charlotte is beautiful."),
        ("", ""),
        ("a", "b"),
        ("波士顿人", "Bostonians"),
    ],
)
def test_what_is_part_of_something_else_stays(zh, en):
    assert set(many(zh, en, 30)) == {(zh, en)}


@pytest.mark.parametrize(
    ("zh", "en"), [("汤姆和玛丽结婚了。", "Tom and Mary got married."), ("是汤姆吗？", "Is Tom there?")]
)
def test_everything_else_stays(zh, en):
    for new_zh, new_en in many(zh, en):
        assert re.fullmatch(re.escape(zh).replace("汤姆", "(.+)").replace("玛丽", "(.+)"), new_zh)
        assert re.fullmatch(re.escape(en).replace("Tom", "(.+)").replace("Mary", "(.+)"), new_en)
        assert (new_zh, new_en) != (zh, en)


PIECES = ["汤姆", "玛丽", "北京", "纽约", "时报", "·", "森", "去", "的"]
PIECES += ["Tom", "Mary", "New", "York", "Beijing", "a ", " ", "'s", "-"]
HOSTILE = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=10).map("".join)


@given(HOSTILE, HOSTILE, st.randoms(use_true_random=False))
def test_hostile_pairs_change_on_both_sides_or_on_none(source, target, rng):
    new_source, new_target = substitute(source, target, rng)
    assert (new_source == source) == (new_target == target)


def test_names_are_various():
    assert len(set(many("汤姆来了", "Tom is here.", 300))) > 250
