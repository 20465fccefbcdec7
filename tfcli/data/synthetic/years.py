"""Years, seasons, decades, centuries and years before Christ: 1998年, 二十世纪九十年代, 公元前221年."""

import random

from tfcli.data.synthetic.grammar import Slots, Value
from tfcli.data.synthetic.numerals import chinese, ordinal, spelled

_SEASONS = (("春天", "spring"), ("夏天", "summer"), ("秋天", "fall"), ("冬天", "winter"))


def year_name(year: int, rng: random.Random) -> str:
    return f"{spelled(str(year)) if rng.random() < 0.3 else year}年"


def year(rng: random.Random) -> Value:
    """1998年, 一九九八年: 1998."""
    number = rng.choice((rng.randrange(1990, 2031), rng.randrange(1900, 2051), rng.randrange(1000, 2000)))
    return Value(year_name(number, rng), str(number))


def modern(rng: random.Random) -> Value:
    """A year that readers have seen or will see."""
    number = rng.randrange(1984, 2040)
    return Value(year_name(number, rng), str(number))


def ancient(rng: random.Random) -> Value:
    """公元前221年: 221 BC; 公元618年: 618 AD."""
    number = rng.randrange(20, 1200)
    before = rng.random() < 0.5
    said = str(number) if rng.random() < 0.7 else spelled(str(number)) if rng.random() < 0.4 else chinese(number)
    return Value(f"公元{'前' * before}{said}年", f"{number} BC" if before else f"{number} AD")


def season(rng: random.Random) -> Value:
    """2003年夏天: the summer of 2003."""
    zh, en = rng.choice(_SEASONS)
    number = rng.randrange(1950, 2031)
    return Value(f"{year_name(number, rng)}{rng.choice((zh, zh[0] + '季'))}", f"the {en} of {number}")


def decade(rng: random.Random) -> Value:
    """二十世纪九十年代: the 1990s; 80年代末: the late 1980s. Always with its article."""
    century, tens = rng.choice((18, 19, 20, 20, 20, 20)), rng.randrange(2, 10)
    en = f"{century - 1}{tens}0s"
    digits = rng.random() < 0.4
    zh = f"{tens}0年代" if digits else f"{chinese(tens * 10)}年代"
    if century < 20 or rng.random() < 0.6:
        zh = f"{rng.choice((century, chinese(century)))}世纪{zh}"
    elif rng.random() < 0.3:
        zh = f"上世纪{zh}"
    part_zh, part = rng.choice((("", ""), ("", ""), ("", ""), ("初", "early "), ("末", "late "), ("中期", "mid-")))
    return Value(zh + part_zh, f"the {part}{en}")


def century(rng: random.Random) -> Value:
    """二十一世纪: the 21st century, always with its article."""
    number = rng.choice((rng.randrange(5, 22), rng.randrange(17, 22)))
    before = number < 12 and rng.random() < 0.3
    zh = f"{'公元前' * before}{chinese(number) if rng.random() < 0.7 else number}世纪"
    part_zh, part = rng.choice((("", ""), ("", ""), ("初", "early "), ("末", "late "), ("中叶", "mid-")))
    return Value(zh + part_zh, f"the {part}{ordinal(number, words=False)} century{' BC' * before}")


def years_range(rng: random.Random) -> Value:
    """1995年到2003年, 2008—2012年: from 1995 to 2003."""
    first = rng.randrange(1900, 2025)
    last = first + rng.randrange(1, 25)
    if rng.random() < 0.4:
        return Value(f"{first}{rng.choice('-—')}{last}年", f"from {first} to {last}")
    return Value(f"{first}年{rng.choice('到至')}{last}年", f"from {first} to {last}")


SLOTS: Slots = {
    "year": year,
    "modern": modern,
    "ancient": ancient,
    "season": season,
    "decade": decade,
    "century": century,
    "years": years_range,
}
