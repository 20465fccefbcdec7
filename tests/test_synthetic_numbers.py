"""Numbers of the synthetic corpora: both sides, read by readers of their own, have the same value."""

import random
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeral_readers import read_chinese, read_english

from tfcli.data.synthetic import SLOTS
from tfcli.data.synthetic.numerals import (
    chinese,
    chinese_decimal,
    clipped,
    either,
    english,
    mixed,
    ordinal,
    plain,
    spelled,
)

NUMBERS = (
    st.integers(0, 10**13)
    | st.integers(0, 20_000)
    | st.builds(lambda a, b: a * 10**b, st.integers(1, 999), st.integers(0, 10))
)
COUNTS = [400, pytest.param(40_000, marks=pytest.mark.slow)]


def drawn(kind: str, count: int):
    rng = random.Random(f"{kind} {count}")
    return [SLOTS[kind](rng) for _ in range(count)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("三百二十五", 325),
        ("一千零八", 1008),
        ("十二", 12),
        ("3.2亿", 32 * 10**7),
        ("两万零五十", 20050),
        ("一万两千亿", 12 * 10**11),
    ]
    + [
        ("三亿零二十", 300000020),
        ("1,208", 1208),
        ("百分之六点五", "6.5"),
        ("二〇〇八", 2008),
        ("一点五万亿", 15 * 10**11),
    ],
)
def test_the_reader_reads(text, value):
    assert read_chinese(text) == Decimal(value)


@pytest.mark.parametrize("text", ["一千八十", "三百五千", "一万五", "一亿五千", "百三", "三千二十"])
def test_the_reader_refuses_what_nobody_means_so(text):
    with pytest.raises((ValueError, KeyError)):
        read_chinese(text)


@given(NUMBERS, st.sampled_from("二两"))
def test_chinese_numerals_have_their_value(number, two):
    assert read_chinese(chinese(number, two)) == number


@given(NUMBERS)
def test_two_before_a_ten_is_never_liang(number):
    assert not re.search("两[十零]|两$", chinese(number, "两")) or number == 2


@given(NUMBERS, st.booleans())
def test_mixed_forms_have_their_value(number, numerals):
    assert read_chinese(mixed(number, numerals)) == number


@given(NUMBERS)
def test_english_has_its_value_and_no_more_than_it_says(number):
    text = english(number)
    assert read_english(text) == number
    assert number < 10**6 or " " in text or number % 1000 or len(str(number).rstrip("0")) > 6


@given(st.integers(0, 10**7), st.integers(1, 4))
def test_decimals_have_their_value(digits, places):
    number = Decimal(digits).scaleb(-places)
    assert read_chinese(chinese_decimal(number)) == number == Decimal(plain(number))


@given(NUMBERS, st.booleans(), st.randoms(use_true_random=False))
def test_any_way_to_write_a_number_agrees_with_its_english(number, counting, rng):
    zh, en = either(number, rng, counting)
    assert read_chinese(zh) == number == read_english(en)


@given(st.integers(0, 20_000))
def test_digit_by_digit(number):
    assert read_chinese(spelled(str(number))) == number


@given(st.integers(100, 10**5 - 1))
def test_a_clipped_number_lacks_its_last_unit_only(number):
    text = clipped(number)
    if text != chinese(number, "两"):
        unit = {"百": "十", "千": "百", "万": "千"}[text[-2]]
        assert read_chinese(text + unit) == number


@given(st.integers(1, 10_000))
def test_ordinals_have_their_ending(number):
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    assert ordinal(number, words=False) == f"{number:,}{ending}"


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("kind", ["n", "few", "big", "huge", "number", "decimal", "some", "round"])
def test_counts(kind, count):
    for value in drawn(kind, count):
        assert read_chinese(value.zh) == read_english(value.en), value


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("kind", ["percent", "growth"])
def test_percentages(kind, count):
    forms = set()
    for value in drawn(kind, count):
        tenths = re.fullmatch("(.)成(半?)", value.zh)
        said = read_chinese(tenths[1]) * 10 + 5 * bool(tenths[2]) if tenths else None
        if said is None:
            thousandths = value.zh.startswith("千分之")
            said = read_chinese(value.zh.removeprefix("千分之")) / (10 if thousandths else 1)
        assert value.en.endswith("%") and said == read_english(value.en), value
        assert value.forms["points"][1] == f"{plain(said)} percentage points"
        forms.add(value.zh[0] if value.zh[0] == "百" else value.zh[-1])
    assert {"百", "%"} <= forms


@pytest.mark.parametrize("count", COUNTS)
def test_discounts_are_what_is_not_paid(count):
    for value in drawn("discount", count):
        said = value.zh.removesuffix("折").replace("两", "二")
        digits = said.replace(".", "") if said.isascii() else spelled_back(said)
        paid = int(digits) * (10 if len(digits) == 1 else 1)
        assert value.en == f"{100 - paid}% off" and value.forms["cut"][1] == f"{100 - paid}%", value


def spelled_back(text: str) -> str:
    return "".join(str("零一二三四五六七八九".index(char)) for char in text)


@pytest.mark.parametrize("count", COUNTS)
def test_fractions(count):
    names = ["half", "third", "quarter", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
    for value in drawn("fraction", count):
        if "/" in value.zh:
            assert value.zh == value.en
            continue
        below, above = map(read_chinese, value.zh.split("分之"))
        number, name = value.en.split(" ")
        assert (read_english(number), names.index(name.removesuffix("s")) + 2) == (above, below), value
        assert name.endswith("s") == (above > 1)


@pytest.mark.parametrize("count", COUNTS)
def test_multiples_and_ordinals(count):
    for value in drawn("multiple", count):
        number = Decimal(2) if value.en == "twice" else read_english(value.en.removesuffix(" times"))
        assert read_chinese(value.zh.removesuffix("倍")) == number, value
    words = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh"]
    for value in drawn("ordinal", count):
        number = read_chinese(value.zh.removeprefix("第"))
        told = [*words, "twelfth"].index(value.en) + 1 if value.en.isalpha() else int(re.match(r"\d+", value.en)[0])
        assert number == told, value


@pytest.mark.parametrize("count", COUNTS)
def test_scores_and_equations(count):
    for value in drawn("score", count):
        sides = [read_chinese(side) for side in re.split("[比:：-]", value.zh)]
        assert "-".join(map(str, sides)) == value.en, value
        first, second = map(int, value.forms["win"][1].split("-"))
        assert first > second and {first, second} == set(map(int, sides))
    for value in drawn("equation", count):
        first, sign, second, result = re.fullmatch("(.+?)(加|减|乘以|除以)(.+?)等于(.+)", value.zh).groups()
        first, second, result = map(read_chinese, (first, second, result))
        assert (
            result == {"加": first + second, "减": first - second, "乘以": first * second, "除以": first / second}[sign]
        )
        numbers = re.split(" plus | minus | times | divided by | equals ", value.en)
        assert [read_english(number) for number in numbers] == [first, second, result], value
