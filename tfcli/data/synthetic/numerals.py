"""How Chinese and English write a number: 三百二十五, 3.2亿, 两千零八; 325, 320 million, 2,008."""

import random
from decimal import Decimal

DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_GROUPS = ("", "万", "亿", "万亿")
_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_ORDINALS = [
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
]
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"))


def chinese(number: int, two: str = "二") -> str:
    """Chinese numerals for 0 up to 10^16. two: 二 or 两, for a 2 before 百, 千, 万 and 亿."""
    if number == 0:
        return "零"
    text, gap = "", False
    for group in reversed(range(len(_GROUPS))):
        part = number // 10 ** (4 * group) % 10**4
        if part:
            if text and (part < 1000 or gap):
                text += "零"
            digits = two if part == 2 and group else _below_ten_thousand(part, two)
            text += digits + _GROUPS[group]
        gap = not part
    if number // 10**8 % 10**4:
        text = text.replace("万亿", "万")  # 三万五千亿: one 亿 for both
    return text.removeprefix("一") if text.startswith("一十") else text


def _below_ten_thousand(number: int, two: str) -> str:
    text = ""
    for place in reversed(range(4)):
        digit = number // 10**place % 10
        if digit:
            text += (two if digit == 2 and place > 1 else DIGITS[digit]) + _PLACES[place]
        elif text and not text.endswith("零"):
            text += "零"
    return text.rstrip("零")


def clipped(number: int, two: str = "两") -> str:
    """As people say a price: 320 is 三百二, 12,000 一万二; other numbers in full."""
    lead, zeros = divmod(number, 10 ** max(len(str(number)) - 2, 0))
    if number < 110 or zeros or lead % 10 == 0 or not 3 <= len(str(number)) <= 5:
        return chinese(number, two)
    unit = {3: "百", 4: "千", 5: "万"}[len(str(number))]
    first = lead // 10
    return (two if first == 2 else DIGITS[first]) + unit + DIGITS[lead % 10]


def spelled(digits: str) -> str:
    """Digit by digit, as years and phone numbers are read: 1998 is 一九九八; 〇 is written 零 elsewhere."""
    return "".join(DIGITS[int(digit)] for digit in digits)


def chinese_decimal(number: Decimal, two: str = "二") -> str:
    """六点五, 零点零二."""
    whole, _, rest = f"{number:f}".partition(".")
    return chinese(int(whole), two) + (f"点{spelled(rest)}" if rest else "")


def mixed(number: int, numerals: bool = False) -> str:
    """With 万 or 亿: 53,000 is 5.3万 or 五点三万, 320,000,000 3.2亿; below 10,000 plain digits."""
    for size, unit in ((10**12, "万亿"), (10**8, "亿"), (10**4, "万")):
        if number >= size:
            part = Decimal(plain(Decimal(number) / size))
            return f"{chinese_decimal(part, '两') if numerals else plain(part)}{unit}"
    return str(number)


def in_units(number: int) -> str:
    """Digits before each unit: 3亿2000万, 5千万, 3百万; other numbers as `mixed` writes them."""
    parts = [(number // 10**8, "亿"), (number // 10**4 % 10**4, "万"), (number % 10**4, "")]
    filled = [(part, unit) for part, unit in parts if part]
    if len(filled) == 1 and filled[0][1] and filled[0][0] in range(1000, 10**4, 1000):
        return f"{filled[0][0] // 1000}千{filled[0][1]}"
    if len(filled) == 1 and filled[0][1] == "万" and filled[0][0] in range(100, 1000, 100):
        return f"{filled[0][0] // 100}百{filled[0][1]}"
    if len(filled) == 2 and filled[1][0] >= 1000 and filled[1] != parts[2]:
        return "".join(f"{part}{unit}" for part, unit in filled)
    return mixed(number)


def plain(number: Decimal | int) -> str:
    """Digits, without a trailing fraction of zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def english(number: int) -> str:
    """1,208; from a million on 320 million, 1.3 billion, if three decimals are enough to say it."""
    for size, word in _SCALES:
        if number >= size:
            text = plain(Decimal(number) / size)
            if number < 1000 * size and len(text.partition(".")[2]) <= 3:
                return f"{text} {word}"
    return f"{number:,}"


def word(number: int) -> str:
    """A word up to twelve, else digits: as English text writes a small count."""
    return _WORDS[number] if number <= 12 else english(number)


def ordinal(number: int, words: bool = True) -> str:
    """third, 21st; without words 3rd."""
    if words and number <= 12:
        return _ORDINALS[number]
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def either(number: int, rng: random.Random, counting: bool = False) -> tuple[str, str]:
    """A number as Chinese writes it in one of its ways, and in English; counting: 2 before a measure word is 两."""
    way = rng.random()
    if number >= 10**4 and way < 0.5:
        return in_units(number) if way > 0.4 else mixed(number, numerals=way < 0.1), english(number)
    if way < 0.75 if number >= 13 else way < 0.4:
        digits = f"{number:,}" if number >= 1000 and rng.random() < 0.4 else str(number)
        return digits, f"{number:,}"
    if counting and number == 2:
        return "两", "two"
    return chinese(number, rng.choice("两两二")), word(number)
