"""Days, months, years, weekdays, decades and centuries, and words that count from today: 上周三, 后天, 三年前."""

import datetime
import random

from tfcli.data.synthetic.entities import of_kind
from tfcli.data.synthetic.grammar import Slots, Value
from tfcli.data.synthetic.magnitudes import small
from tfcli.data.synthetic.names import listed
from tfcli.data.synthetic.numerals import chinese, either, ordinal, spelled
from tfcli.data.synthetic.years import decade, year

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEK_NAMES = ("周", "周", "星期", "星期", "礼拜")
_UNITS = (("天", "day"), ("周", "week"), ("个星期", "week"), ("个月", "month"), ("年", "year"))


def a_day(rng: random.Random) -> datetime.date:
    """Any day of a year of this or the last century, mostly of late."""
    year = rng.choice((rng.randrange(2010, 2031), rng.randrange(1980, 2031), rng.randrange(1900, 2041)))
    return datetime.date(year, 1, 1) + datetime.timedelta(days=rng.randrange(365))


def _day_of_month(date: datetime.date, rng: random.Random) -> str:
    mark = rng.choice("日日号")
    if rng.random() < 0.5:
        return f"{date.month}月{date.day}{mark}"
    return f"{chinese(date.month)}月{chinese(date.day)}{mark}"


def month_day(rng: random.Random) -> Value:
    """十月三日, 10月3号: October 3."""
    date = a_day(rng)
    return Value(_day_of_month(date, rng), f"{MONTHS[date.month - 1]} {date.day}")


def full_date(rng: random.Random) -> Value:
    """2024年5月1日, 2024/5/1, 一九四九年十月一日: May 1, 2024."""
    date = a_day(rng)
    en = f"{MONTHS[date.month - 1]} {date.day}, {date.year}"
    way = rng.random()
    if way < 0.12:
        return Value(date.strftime(rng.choice(("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d"))), en)
    if way < 0.2:
        return Value(f"{date.year}/{date.month}/{date.day}", en)
    if way < 0.4:
        year = f"{spelled(str(date.year)).replace('零', rng.choice('零〇'))}年"
        return Value(f"{year}{chinese(date.month)}月{chinese(date.day)}日", en)
    return Value(f"{date.year}年{date.month}月{date.day}{rng.choice('日日日号')}", en)


def date_and_weekday(rng: random.Random) -> Value:
    """5月1日（星期三）: Wednesday, May 1. The weekday is right for the year if one is given."""
    date = a_day(rng)
    zh, en = _day_of_month(date, rng), f"{WEEKDAYS[date.weekday()]}, {MONTHS[date.month - 1]} {date.day}"
    if rng.random() < 0.3:
        zh, en = f"{date.year}年{zh}", f"{en}, {date.year}"
    name = weekday_name(date.weekday(), rng)
    return Value(zh + rng.choice((f"（{name}）", name, f"，{name}")), en)


def weekday_name(day: int, rng: random.Random) -> str:
    """周一, 星期天, 礼拜五. day: 0 for Monday."""
    return rng.choice(_WEEK_NAMES) + ("一二三四五六日"[day] if day < 6 else rng.choice("日天"))


def weekday(rng: random.Random) -> Value:
    """星期五: Friday."""
    day = rng.randrange(7)
    return Value(weekday_name(day, rng), WEEKDAYS[day])


def weekday_past(rng: random.Random) -> Value:
    """上周三: last Wednesday."""
    day = rng.randrange(7)
    return Value(rng.choice(("上", "上个")) + weekday_name(day, rng), f"last {WEEKDAYS[day]}")


def weekday_next(rng: random.Random) -> Value:
    """下周四: next Thursday; 这周五: this Friday."""
    day = rng.randrange(7)
    if rng.random() < 0.35:
        return Value(rng.choice(("这", "这个", "本")) + weekday_name(day, rng), f"this {WEEKDAYS[day]}")
    return Value(rng.choice(("下", "下个")) + weekday_name(day, rng), f"next {WEEKDAYS[day]}")


def _ago(rng: random.Random) -> Value:
    zh, unit = rng.choice(_UNITS)
    number = rng.choice((small(rng), rng.randrange(1, 30)))
    said, en = either(number, rng, counting=True)
    return Value(f"{said}{zh}{rng.choice(('前', '前', '以前', '之前'))}", f"{en} {unit}{'s' * (number > 1)} ago")


def _later(rng: random.Random) -> Value:
    zh, unit = rng.choice(_UNITS)
    number = rng.choice((small(rng), rng.randrange(1, 30)))
    said, en = either(number, rng, counting=True)
    return Value(f"{said}{zh}{rng.choice(('后', '后', '以后', '之后'))}", f"in {en} {unit}{'s' * (number > 1)}")


def past(rng: random.Random) -> Value:
    """When something was, with its preposition: 上周三 last Wednesday, 三年前 three years ago, 1998年 in 1998."""
    way = rng.random()
    if way < 0.3:
        return Value(*rng.choice(of_kind("past")))
    if way < 0.5:
        return weekday_past(rng)
    if way < 0.7:
        return _ago(rng)
    draw, preposition = rng.choice(_PAST)
    zh, en, _ = draw(rng)
    return Value(zh, f"{preposition} {en}")


def future(rng: random.Random) -> Value:
    """When something will be, with its preposition: 下个月 next month, 三天后 in three days, 10月3日 on October 3."""
    way = rng.random()
    if way < 0.35:
        return Value(*rng.choice(of_kind("future")))
    if way < 0.6:
        return weekday_next(rng)
    if way < 0.75:
        return _later(rng)
    draw, preposition = rng.choice(((month_day, "on"), (date_and_weekday, "on"), (weekday, "on"), (month, "in")))
    zh, en, _ = draw(rng)
    return Value(zh, f"{preposition} {en}")


def month(rng: random.Random) -> Value:
    """五月, 5月份: May."""
    number = rng.randrange(12)
    zh = f"{chinese(number + 1) if rng.random() < 0.6 else number + 1}月{rng.choice(('', '', '份'))}"
    return Value(zh, MONTHS[number])


def year_month(rng: random.Random) -> Value:
    """1987年5月: May 1987."""
    date = a_day(rng)
    numerals = rng.random() < 0.3
    zh = f"{spelled(str(date.year))}年{chinese(date.month)}月" if numerals else f"{date.year}年{date.month}月"
    return Value(zh + rng.choice(("", "", "份")), f"{MONTHS[date.month - 1]} {date.year}")


def days_range(rng: random.Random) -> Value:
    """10月1日至7日: October 1 to 7; 5月30日到6月2日: May 30 to June 2."""
    first = a_day(rng)
    last = first + datetime.timedelta(days=rng.randrange(1, 20))
    joint, mark = rng.choice("至到-"), rng.choice("日日号")
    year_zh, year_en = "", ""
    if rng.random() < 0.2 and last.year == first.year:
        year_zh, year_en = f"{first.year}年", f", {first.year}"
    same = first.month == last.month
    zh = f"{year_zh}{first.month}月{first.day}{mark}{joint}{'' if same else f'{last.month}月'}{last.day}{mark}"
    en = f"{MONTHS[first.month - 1]} {first.day} to {'' if same else MONTHS[last.month - 1] + ' '}{last.day}{year_en}"
    return Value(zh, en)


def lunar(rng: random.Random) -> Value:
    """农历八月十五: the 15th day of the eighth lunar month."""
    month_number, day = rng.randrange(1, 13), rng.choice((1, 3, 5, 7, 8, 9, 15, 15, rng.randrange(1, 31)))
    name = {1: "正", 12: "腊"}.get(month_number, chinese(month_number)) if rng.random() < 0.7 else chinese(month_number)
    said = f"初{chinese(day)}" if day < 11 else chinese(day)
    if 20 < day < 30 and rng.random() < 0.5:
        said = f"廿{chinese(day - 20)}"
    en = f"the {ordinal(day, words=False)} day of the {ordinal(month_number)} lunar month"
    return Value(f"{rng.choice(('农历', '农历', '阴历', ''))}{name}月{said}", en)


_PAST = ((month_day, "on"), (full_date, "on"), (year, "in"), (year_month, "in"), (decade, "in"))

SLOTS: Slots = {
    "day": month_day,
    "date": full_date,
    "dated": date_and_weekday,
    "weekday": weekday,
    "festival": listed("festival"),
    "when": lambda rng: Value(*rng.choice(of_kind("past", "future"))),
    "past": past,
    "future": future,
    "month": month,
    "yearmonth": year_month,
    "days": days_range,
    "lunar": lunar,
}
