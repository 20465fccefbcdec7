"""Numbers of a text and of its translation are compared by value, however each language writes them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.text.numbers import find_numbers, invented_numbers, lost_numbers
from tfcli.text.numerals import read_chinese, read_english

DIRECTIONS = [("zh", "en"), ("en", "zh"), ("zh_Hans", "eng"), ("de", "fr"), ("zh", "de"), ("xx", "yy")]


def is_lost(source: str, translation: str, *languages: str) -> bool:
    return bool(lost_numbers(source, translation, languages or ("zh", "en")))


@pytest.mark.parametrize(
    ("source", "translation", "lost"),
    [
        ("我有1234本书", "I have 1,234 books.", False),
        ("１２３４", "1234", False),
        ("12，345元", "12345 yuan", False),
        ("5000万元", "50 million yuan", False),
        ("5000万元", "5000 million yuan", True),
        ("5000万人", "5000 people", True),
        ("1.2345亿", "123450000", False),
        ("2023、2024", "2023", True),
        ("从1999年到1999年", "from 1999", True),  # it stood there twice
        ("2024年", "24", False),
        ("2024年", "in 2042", True),
        ("0086 1234", "86 1234", True),
        ("3.14159", "3.1416", True),
        ("1234567", "1,234,568", True),
        ("在1985年", "in 1985.", False),
        ("三百二十五个人", "325 people", False),
        ("三百二十五个人", "three hundred and twenty-five people", False),
        ("三百二十五个人", "3250 people", True),
        ("房间号是305", "The room number is here.", True),
        ("房间号是305", "It is room 305.", False),
        ("他的座位是12排7号", "His seat is row twelve, number 7.", False),
        ("电话是010-1234-5678", "The phone is 010 1234 5678.", False),
        ("电话是010-1234-5678", "The phone is 010-123, 5678.", True),
        ("二〇二四年", "in 2024", False),
        ("二〇二四年", "in 2014", True),
        ("15点开会", "We meet at 3 p.m.", False),
        ("80年代", "the eighties", False),
        ("20世纪80年代", "in the 1980s", False),
        ("11月", "in November", False),
        ("11月", "in October", True),
        ("一百二十万", "1.2 million", False),
        ("一亿三千万", "130 million", False),
        ("3到5万", "30 to 50 thousand", False),
        ("30多万人", "over 300,000 people", False),
        ("4个亿", "400 million", False),
        ("十分好", "very good", False),
        ("千万别去", "Do not go.", False),
        ("七八个人", "some people", False),
        ("一个人", "a person", False),
        ("1个人", "a person", False),
        ("100%", "all", False),
        ("2斤", "a kilo", False),
        ("8折", "20 % off", False),
        ("", "", False),
    ],
)
def test_a_number_is_lost_or_not(source, translation, lost):
    assert is_lost(source, translation) == lost


@pytest.mark.parametrize(
    ("source", "translation", "lost"),
    [
        ("I have 1,234 books.", "我有1234本书", False),
        ("50 million yuan", "5000万元", False),
        ("50 million yuan", "五千万元", False),
        ("50 million yuan", "50万元", True),
        ("5000 yuan is a lot.", "五千元是一大笔钱。", False),
        ("In 2009, I left.", "二零零九年我走了。", False),
        ("twenty-five people", "二十五人", False),
        ("twenty-five people", "二十人", True),
        ("room 305", "房间在这里", True),
        ("at 3 p.m.", "在15点", False),
        ("in the 1980s", "在80年代", False),
        ("on the 3rd", "第三", False),
        ("one of them", "他们", False),
        ("£15m", "1500万英镑", False),
    ],
)
def test_the_other_way_round(source, translation, lost):
    assert is_lost(source, translation, "en", "zh") == lost


def test_short_numbers_are_looked_for_only_where_they_can_be_read():
    assert is_lost("只有123个", "nur so viele", "zh", "en") and not is_lost("只有123个", "nur so viele", "zh", "de")
    assert is_lost("只有1234个", "nur so viele", "zh", "de")


@pytest.mark.parametrize(
    ("source", "translation", "invented"),
    [
        ("三百二十五", "3250", ["3250"]),
        ("三百二十五", "325", []),
        ("半年", "6 months", []),
        ("他来了", "He came in 1999.", ["1999"]),
        ("他来了", "He came.", []),
    ],
)
def test_numbers_of_its_own_making(source, translation, invented):
    assert invented_numbers(source, translation, ("zh", "en")) == invented
    assert invented_numbers(source, translation, ("zh", "de")) == []


@given(st.text("0123456789,.万 a亿e\uff11一二三十百千两零- 点年"), st.sampled_from(DIRECTIONS))
def test_any_text_keeps_its_own_numbers(text, languages):
    assert not lost_numbers(text, text, (languages[0], languages[0]))
    places = find_numbers(text, *languages)
    assert all(0 <= number.start < number.end <= len(text) for number in places)
    assert all(first.end <= second.start for first, second in zip(places, places[1:], strict=False))


@given(st.integers(0, 10**15), st.sampled_from(DIRECTIONS))
def test_a_number_is_read_as_it_is_written(number, languages):
    for written in (str(number), f"{number:,}"):
        assert not is_lost(written, str(number), *languages)
        assert is_lost(written, "nothing", *languages) or number < 1000 or languages[0] == "xx"


DIGITS = "零一二三四五六七八九"


def in_chinese(number: int) -> str:
    """A number below 10^8 as Chinese writes it."""
    if number >= 10**4:
        rest = number % 10**4
        filler = "零" if 0 < rest < 1000 else ""
        return in_chinese(number // 10**4) + "万" + filler + (in_chinese(rest) if rest else "")
    for unit, name in ((1000, "千"), (100, "百"), (10, "十")):
        if number >= unit:
            rest = number % unit
            filler = "零" if 0 < rest < unit // 10 else ""
            return DIGITS[number // unit] + name + filler + (in_chinese(rest) if rest else "")
    return DIGITS[number]


@given(st.integers(11, 10**8 - 1))
def test_chinese_numerals_are_read(number):
    ((_, _, values),) = read_chinese(in_chinese(number), strict=True)
    assert values == {Decimal(number)}


ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
ONES += ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def in_english(number: int) -> str:
    for unit, name in ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= unit:
            rest = number % unit
            link = " and " if unit == 100 else " "
            return f"{in_english(number // unit)} {name}" + (link + in_english(rest) if rest else "")
    if number < 20:
        return ONES[number]
    return TENS[number // 10] + ("-" + ONES[number % 10] if number % 10 else "")


@given(st.integers(13, 10**12 - 1))
def test_english_number_words_are_read(number):
    ((_, _, values),) = read_english(in_english(number), strict=True)
    assert values == {Decimal(number)}


@pytest.mark.parametrize("unit", ["1", "1,", "1,234,", "一", "十", "万", "two ", "1-", "1 ", "+", "(12) "])
def test_long_hostile_texts_end(unit):
    text = unit * (40_000 // len(unit))
    for languages in DIRECTIONS[:2]:
        lost_numbers(text, text, languages)
