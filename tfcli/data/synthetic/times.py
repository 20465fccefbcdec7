"""Times of day and how long things take: 七点一刻, 下午三点半, 21:55, 一个半小时, 三年零两个月."""

import random

from tfcli.data.synthetic.grammar import PLURAL, SINGULAR, Slots, Texts, Value
from tfcli.data.synthetic.magnitudes import small
from tfcli.data.synthetic.numerals import chinese, either, word

# Part of the day: its Chinese names, its hours on a 24-hour clock, how English says it after the hour.
_PARTS = (
    (("凌晨",), (1, 2, 3, 4, 5), "a.m."),
    (("早上", "清晨", "早晨"), (5, 6, 7, 8, 9), "a.m."),
    (("上午",), (8, 9, 10, 11), "a.m."),
    (("中午",), (12, 13), "p.m."),
    (("下午",), (13, 14, 15, 16, 17, 18), "p.m."),
    (("傍晚",), (17, 18, 19), "p.m."),
    (("晚上",), (18, 19, 20, 21, 22, 23), "p.m."),
    (("夜里", "深夜"), (22, 23), "p.m."),
)
_MINUTES = (0, 0, 0, 0, 30, 30, 30, 15, 45, 10, 20, 40, 50, 5, 55, 25, 35)
_LENGTHS = (
    ("秒钟", "second", 59),
    ("秒", "second", 59),
    ("分钟", "minute", 59),
    ("分钟", "minute", 59),
    ("个小时", "hour", 48),
    ("小时", "hour", 48),
    ("个钟头", "hour", 12),
    ("天", "day", 90),
    ("天", "day", 90),
    ("周", "week", 20),
    ("个星期", "week", 20),
    ("个月", "month", 24),
    ("个月", "month", 24),
    ("年", "year", 60),
    ("年", "year", 60),
)

_HALVES = (("半个小时", "half an hour"), ("半天", "half a day"), ("半个月", "half a month"), ("半年", "half a year"))
_AND_A_HALF = (("小时", "hour"), ("钟头", "hour"), ("星期", "week"), ("月", "month"))
_NOON = (
    ("半夜", "midnight"),
    ("午夜", "midnight"),
    ("中午", "noon"),
    ("中午十二点", "noon"),
    ("半夜十二点", "midnight"),
)


def _hour(hour: int) -> str:
    return "两" if hour == 2 else chinese(hour)


def _clock(hour: int, minute: int, rng: random.Random) -> tuple[str, str]:
    """A time in words, without the part of the day: what is said, and its English (7:15 or quarter past seven)."""
    digits = rng.random() < 0.35
    said = str(hour) if digits else _hour(hour)
    if minute == 0:
        return f"{said}点{rng.choice(('', '', '', '钟', '整'))}", f"{hour}"
    if minute == 30:
        return f"{said}点半", f"{hour}:30"
    if minute in (15, 45) and rng.random() < 0.75:
        if rng.random() < 0.75:
            return f"{said}点{'一' if minute == 15 else '三'}刻", f"{hour}:{minute}"
        if minute == 45 and hour < 12:
            return f"差一刻{_hour(hour + 1)}点", f"{hour}:45"
    if minute >= 50 and rng.random() < 0.3 and hour < 12:
        left = chinese(60 - minute)
        return rng.choice((f"差{left}分{_hour(hour + 1)}点", f"{_hour(hour + 1)}点差{left}分")), f"{hour}:{minute}"
    if digits:
        after = f"{minute:02}分" if minute < 10 else f"{minute}{rng.choice(('', '分'))}"
        return f"{said}点{after}", f"{hour}:{minute:02}"
    if minute < 10:
        return f"{said}点{rng.choice(('零', '过'))}{_hour(minute) if minute != 2 else '二'}分", f"{hour}:{minute:02}"
    return f"{said}点{chinese(minute)}{rng.choice(('', '分'))}", f"{hour}:{minute}"


def time(rng: random.Random) -> Value:
    """Any time of day, as English says it after "at"; with o'clock where nothing else shows that it is a time."""
    minute = rng.choice(_MINUTES) if rng.random() < 0.85 else rng.randrange(60)
    way = rng.random()
    if way < 0.25:
        return _written(rng.randrange(24), minute, rng)
    if way < 0.32:
        return Value(*rng.choice(_NOON))
    if way < 0.6:
        zh, en = _clock(rng.randrange(1, 13), minute, rng)
        return Value(zh, en if ":" in en else f"{word(int(en))} o'clock")
    names, hours, half = rng.choice(_PARTS)
    hour = rng.choice(hours)
    zh, en = _clock((hour - 1) % 12 + 1, minute, rng)
    return Value(rng.choice(names) + zh, "noon" if (hour, minute) == (12, 0) else f"{en} {half}")


def _written(hour: int, minute: int, rng: random.Random) -> Value:
    """The 24-hour clock: 21:55 and 14点20分 stay as they are."""
    if rng.random() < 0.7:
        return Value(f"{hour}{rng.choice(':：')}{minute:02}", f"{hour}:{minute:02}")
    hour = rng.randrange(13, 24)
    zh = f"{hour}点" if rng.random() < 0.7 else f"{chinese(hour)}点"
    if minute:
        zh += f"{minute:02}分" if zh[0].isdigit() else f"{chinese(minute) if minute > 9 else '零' + chinese(minute)}分"
    return Value(zh, f"{hour}:{minute:02}")


def hours(rng: random.Random) -> Value:
    """上午九点到下午五点: 9 a.m. to 5 p.m.; 9:00-17:30."""
    first = rng.randrange(6, 12)
    last = rng.randrange(13, 23)
    minutes = rng.choice((0, 0, 30)), rng.choice((0, 0, 30))
    if rng.random() < 0.5:
        en = [f"{hour}:{minute:02}" for hour, minute in zip((first, last), minutes, strict=True)]
        return Value(rng.choice("-—~至到").join(en), " to ".join(en))
    morning, evening = _clock(first, minutes[0], rng), _clock(last - 12, minutes[1], rng)
    late = "下午" if last < 18 else "晚上"
    zh = f"{rng.choice(('上午', '早上'))}{morning[0]}{rng.choice('到至')}{late}{evening[0]}"
    return Value(zh, f"{morning[1]} a.m. to {evening[1]} p.m.")


def duration(rng: random.Random, kinds: range = range(15)) -> Value:
    """三天, 半个小时, 一个半月, 两年零三个月, 1小时40分钟. kinds: which of the units."""
    long, short = 7 in kinds, 6 in kinds
    way = rng.random()
    if short and way < 0.02:
        return rng.choice((Value("一刻钟", "15 minutes", PLURAL), Value("三刻钟", "45 minutes", PLURAL)))
    if way < 0.08:
        zh, en = rng.choice(_HALVES[0 if short else 1 : 4 if long else 1])
        return Value(zh, en, SINGULAR)
    if way < 0.16:
        return _and_a_half(rng, _AND_A_HALF[0 if short else 2 : 4 if long else 2])
    if way < 0.26:
        return _two_units(rng, years=long and (not short or rng.random() < 0.4))
    zh, unit, most = _LENGTHS[rng.choice(kinds)]
    number = small(rng) if rng.random() < 0.6 else rng.randrange(1, most)
    said, en = either(number, rng, counting=True)
    return Value(said + zh, f"{en} {unit}{'s' * (number > 1)}", SINGULAR if number == 1 else PLURAL)


def _and_a_half(rng: random.Random, units: tuple[Texts, ...]) -> Value:
    unit_zh, unit = rng.choice(units)
    number = rng.randrange(1, 6)
    said = "两" if number == 2 else chinese(number)
    return Value(f"{said}个半{unit_zh}", f"{word(number)} and a half {unit}s", PLURAL)


def _two_units(rng: random.Random, years: bool) -> Value:
    large, few = rng.randrange(1, 6), rng.randrange(1, 12)
    if years:
        said, rest = either(large, rng, counting=True), either(few, rng, counting=True)
        zh = f"{said[0]}年零{rest[0]}个月"
        return Value(zh, f"{said[1]} year{'s' * (large > 1)} and {rest[1]} month{'s' * (few > 1)}", PLURAL)
    minutes = rng.choice((10, 15, 20, 25, 35, 40, 45, 50, rng.randrange(13, 60)))
    numerals = rng.random() < 0.5
    zh = f"{_hour(large)}{rng.choice('个 ').strip()}小时{chinese(minutes)}分" if numerals else f"{large}小时{minutes}分"
    en = f"{word(large) if numerals else large} hour{'s' * (large > 1)} and {minutes} minutes"
    return Value(f"{zh}{rng.choice(('', '钟'))}", en, PLURAL)


SLOTS: Slots = {
    "time": time,
    "hours": hours,
    "duration": duration,
    "minutes": lambda rng: duration(rng, range(2, 7)),
    "spell": lambda rng: duration(rng, range(7, 15)),
}
