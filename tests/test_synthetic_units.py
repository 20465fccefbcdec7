"""Money, dates, times and durations of the synthetic corpora: both sides, read independently, are the same."""

import datetime
import random
import re
from decimal import Decimal

import pytest
from numeral_readers import read_chinese, read_english

from tfcli.data.synthetic import SLOTS

COUNTS = [400, pytest.param(40_000, marks=pytest.mark.slow)]
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
CURRENCIES = {
    "元": " yuan", "块": " yuan", "块钱": " yuan", "元钱": " yuan", "元人民币": " yuan", "": " yuan",
    "美元": "$", "美金": "$", "欧元": "€", "英镑": "£", "港元": "HK$", "港币": "HK$", "日元": " yen", "韩元": " won",
    "卢布": " rubles", "卢比": " rupees", "加元": "C$", "澳元": "A$", "瑞士法郎": " Swiss francs",
}  # fmt: skip
UNITS = {
    "秒钟": "second", "秒": "second", "分钟": "minute", "个小时": "hour", "小时": "hour", "个钟头": "hour", "天": "day",
    "周": "week", "个星期": "week", "个月": "month", "年": "year",
}  # fmt: skip


def drawn(kind: str, count: int):
    rng = random.Random(f"{kind} {count}")
    return [SLOTS[kind](rng) for _ in range(count)]


def read_money(zh: str) -> tuple[Decimal, str]:
    """The amount and the English mark of its currency."""
    if match := re.fullmatch(r"([￥¥$€£]|HK\$)([\d,.]+)", zh):
        return Decimal(match[2].replace(",", "")), match[1].replace("￥", "¥")
    zh = re.sub("^人民币", "", zh)
    if match := re.fullmatch("(?:(.+?)[块元])?(?:(.)[毛角]?)?(?:(.)分?)?", zh):
        yuan, jiao, fen = match.groups()
        if jiao and (re.search("[毛角]", zh) or not fen) and set(jiao + (fen or "")) <= set("一二三四五六七八九两"):
            return (read_chinese(yuan) if yuan else 0) + read_chinese(jiao) / 10 + (
                read_chinese(fen or "零") / 100
            ), " yuan"
    number, unit = re.fullmatch(r"([\d,.零一二两三四五六七八九十百千万亿点]+)(\D*)", zh).groups()
    clipped = re.fullmatch(r".+([百千万])[一二三四五六七八九]", number)
    tail = {"百": "十", "千": "百", "万": "千"}[clipped[1]] if clipped else ""
    return read_chinese(number + tail), CURRENCIES[unit]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("kind", ["price", "change", "pay", "fortune"])
def test_money(kind, count):
    for value in drawn(kind, count):
        amount, mark = read_money(value.zh)
        said = value.en.removeprefix(mark) if mark[0] != " " else value.en.removesuffix(mark)
        assert said != value.en and read_english(said) == amount, value


def test_money_is_written_in_every_way():
    values = [value.zh for kind in ("price", "fortune") for value in drawn(kind, 3000)]
    for form in (
        "[一二三四五六七八九]毛",
        r"^[￥¥]",
        r"^\$",
        "块钱$",
        "亿元",
        r"\d亿",
        "[百千万][一二三四五六七八九](块|$)",
        "美元",
        "万",
    ):
        assert any(re.search(form, zh) for zh in values), form


def read_date(zh: str) -> tuple[int, ...]:
    if match := re.fullmatch(r"(\d{4})[-/.](\d\d?)[-/.](\d\d?)", zh):
        return tuple(map(int, match.groups()))
    year, month, day = re.fullmatch("(?:(.+)年)?(.+?)月(.+)[日号]", zh).groups()
    return tuple(int(read_chinese(part)) for part in (year, month, day) if part)


def read_english_date(en: str) -> tuple[int, ...]:
    month, day, year = re.fullmatch(r"(\w+) (\d+)(?:, (\d{4}))?", en).groups()
    return (*([int(year)] if year else []), MONTHS.index(month) + 1, int(day))


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("kind", ["day", "date"])
def test_dates(kind, count):
    for value in drawn(kind, count):
        date = read_date(value.zh)
        assert read_english_date(value.en) == date, value
        datetime.date(*(date if len(date) == 3 else (2024, *date)))


@pytest.mark.parametrize("count", COUNTS)
def test_weekdays_are_those_of_the_calendar(count):
    for value in drawn("dated", count):
        zh, weekday = re.fullmatch("(.+?[日号])[（，]?(?:周|星期|礼拜)([一二三四五六日天])）?", value.zh).groups()
        name, en = value.en.split(", ", 1)
        assert "一二三四五六日".index(weekday.replace("天", "日")) == WEEKDAYS.index(name), value
        date = read_date(zh)
        assert read_english_date(en) == date
        assert len(date) == 2 or datetime.date(*date).weekday() == WEEKDAYS.index(name), value


def read_time(zh: str) -> tuple[int, int, str]:
    """Hour and minute on the clock that the text uses, and the half of the day it names."""
    if zh in ("半夜", "午夜", "半夜十二点"):
        return 0, 0, "midnight"
    if re.fullmatch("中午((十二|12)点[钟整]?)?", zh):
        return 12, 0, "noon"
    half = "pm" if re.match("中午|下午|傍晚|晚上|夜里|深夜", zh) else "am" if re.match("凌晨|早|清晨|上午", zh) else ""
    zh = re.sub("^(中午|下午|傍晚|晚上|夜里|深夜|凌晨|早上|早晨|清晨|上午)", "", zh)
    if match := re.fullmatch(r"(\d+)[:：](\d\d)", zh):
        return int(match[1]), int(match[2]), half
    if match := re.fullmatch("差(.+?)([分刻])(.+)点", zh) or re.fullmatch("(?P<h>.+)点差(.+?)(分)", zh):
        groups = match.groups()
        hour, less, unit = (groups[0], groups[1], groups[2]) if "点差" in zh else (groups[2], groups[0], groups[1])
        return int(read_chinese(hour)) - 1, 60 - int(read_chinese(less)) * (15 if unit == "刻" else 1), half
    hour, rest = re.fullmatch("(.+?)点(.*)", zh).groups()
    minute = {"半": 30, "一刻": 15, "三刻": 45, "": 0, "钟": 0, "整": 0}.get(rest)
    if minute is None:
        minute = int(read_chinese(re.sub("^[零过](?!分)|分$", "", rest) or "零"))
    return int(read_chinese(hour)), minute, half


def read_english_time(en: str) -> tuple[int, int, str]:
    if en in ("midnight", "noon"):
        return (0 if en == "midnight" else 12), 0, en
    match = re.fullmatch(r"(\w+)(?::(\d\d))?(?: (?:([ap])\.m\.|o'clock))?", en)
    return int(read_english(match[1])), int(match[2] or 0), f"{match[3]}m" if match[3] else ""


@pytest.mark.parametrize("count", COUNTS)
def test_times(count):
    for value in drawn("time", count):
        assert read_time(value.zh) == read_english_time(value.en), value


@pytest.mark.parametrize("count", COUNTS)
def test_hours(count):
    for value in drawn("hours", count):
        sides = re.fullmatch("(.+?)[-—~至到](.+)", value.zh).groups()
        assert [read_time(side) for side in sides] == [read_english_time(side) for side in value.en.split(" to ")], (
            value
        )


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("kind", ["duration", "minutes", "spell"])
def test_durations(kind, count):
    """The same number of the same unit, the plural where there is more than one."""
    for value in drawn(kind, count):
        if match := re.fullmatch("([一三])刻钟", value.zh):
            assert value.en == f"{read_chinese(match[1]) * 15} minutes"
        elif match := re.fullmatch("半(个?)(小时|天|月|年)", value.zh):
            assert value.en.startswith("half a") and value.en.endswith(UNITS.get(match[2], "month")), value
        elif match := re.fullmatch("(.+)个半(小时|月|星期|钟头)", value.zh):
            number, unit = re.fullmatch(r"(\w+) and a half (\w+)s", value.en).groups()
            assert read_english(number) == read_chinese(match[1]) and unit == UNITS[f"个{match[2]}"], value
        elif match := re.fullmatch("(.+?)(年零|个?小时)(.+?)(个月|分|分钟)", value.zh):
            parts = re.fullmatch(r"(\w+) (year|hour)s? and (\w+) (month|minute)s?", value.en).groups()
            assert (read_english(parts[0]), read_english(parts[2])) == (read_chinese(match[1]), read_chinese(match[3]))
            assert (parts[1] == "year") == ("年" in value.zh), value
        else:
            unit = max((unit for unit in UNITS if value.zh.endswith(unit)), key=len)
            number, en = value.en.rsplit(" ", 1)
            assert read_chinese(value.zh.removesuffix(unit)) == read_english(number), value
            assert en == UNITS[unit] + "s" * (read_english(number) > 1), value


@pytest.mark.parametrize("count", COUNTS)
def test_years_decades_centuries(count):
    for value in drawn("year", count) + drawn("modern", count):
        assert read_chinese(value.zh.removesuffix("年")) == int(value.en), value
    for value in drawn("ancient", count):
        assert read_chinese(re.sub("公元前?|年", "", value.zh)) == int(value.en[:-3]), value
        assert value.en.endswith("BC") == ("前" in value.zh)
    for value in drawn("century", count):
        number = read_chinese(re.fullmatch("(?:公元前)?(.+)世纪(?:初|末|中叶)?", value.zh)[1])
        assert re.search(rf"\b{number}(st|nd|rd|th) century", value.en), value
    for value in drawn("decade", count):
        century, tens = re.fullmatch("(?:(?:上|(.+))世纪)?(.+?)年代(?:初|末|中期)?", value.zh).groups()
        first = int(read_chinese(century)) - 1 if century else 19
        assert f"{first}{read_chinese(tens)}s" in value.en, value


@pytest.mark.parametrize("count", COUNTS)
def test_ages_and_temperatures(count):
    for value in drawn("age", count):
        assert read_chinese(re.sub("周?岁$", "", value.zh)) == read_english(value.en), value
        assert value.forms["old"][1] in (f"{value.en} years old", f"{value.en} year old")
    for value in drawn("temperature", count):
        number = re.sub("零下|摄?氏?度|℃|°C|-", "", value.zh)
        below = value.zh.startswith(("零下", "-"))
        assert read_english(re.search(r"\d+", value.en)[0]) == read_chinese(number), value
        assert value.en.startswith(("minus ", "-")) == below, value


@pytest.mark.parametrize("count", COUNTS)
def test_heights(count):
    for value in drawn("height", count):
        centimeters = re.fullmatch(r"(\d+)厘米", value.zh)
        meters = re.fullmatch(r"([\d.]+)米", value.zh)
        said = re.fullmatch("([一两12])米(.*)", value.zh)
        if centimeters:
            assert value.en == f"{centimeters[1]} centimeters"
        elif meters:
            assert value.en == f"{meters[1]} meters"
        else:
            rest = "".join(str("零一二三四五六七八九".index(char)) if not char.isdigit() else char for char in said[2])
            number = Decimal(f"{read_chinese(said[1])}.{rest or 0}")
            assert Decimal(value.en.removesuffix(" meters")) == number, value
