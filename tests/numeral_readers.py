"""Readers of numbers for tests, written without a look at how the package writes them."""

import re
from decimal import Decimal

_ONES = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_SMALL = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10**4, "亿": 10**8}
_SCALE = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


def read_chinese(text: str) -> Decimal:
    """The value of 325, 1,208, 三百二十五, 3.2亿, 三点五万, 3亿2000万, 百分之六点五 (6.5), 一九九八 (1998).

    Raises ValueError for anything else, and for numerals that nobody writes so.
    """
    text = text.removeprefix("百分之").removesuffix("%")
    if re.fullmatch(r"[\d,]+(\.\d+)?", text):
        return Decimal(text.replace(",", ""))
    if re.fullmatch(r"\d[百千]", text):
        return Decimal(text[0]) * _SMALL[text[1]]
    for unit, value in sorted(_LARGE.items(), key=lambda item: -item[1]):
        before, found, after = text.rpartition(unit)
        if found:
            rest = read_chinese(after.removeprefix("零")) if after else Decimal(0)
            if rest >= value or (after.startswith("零") and rest >= value / 10):
                raise ValueError(text)
            if 0 < rest < value / 10 and not after.startswith("零") and not re.match(r"\d", after):
                raise ValueError(f"{text}: a 零 is missing")
            return read_chinese(before) * value + rest
    if "点" in text:
        whole, _, digits = text.partition("点")
        return read_chinese(whole) + Decimal("0." + "".join(str(_ONES[digit]) for digit in digits))
    if len(text) > 1 and all(char in _ONES for char in text):
        return Decimal("".join(str(_ONES[char]) for char in text))
    return Decimal(_read_below_ten_thousand(text))


def _read_below_ten_thousand(text: str) -> int:
    total, digit, last, gap = 0, None, 10**4, False
    for char in text:
        if char == "零" and len(text) > 1:
            gap = True
        elif char in _ONES:
            digit = _ONES[char]
        else:
            unit = _SMALL[char]
            if unit >= last or (digit is None and not (unit == 10 and total == 0)):
                raise ValueError(text)
            if last < 10**4 and unit * 10 < last and not gap:
                raise ValueError(f"{text}: a 零 is missing")
            total, digit, last, gap = total + (1 if digit is None else digit) * unit, None, unit, False
    if digit is not None and last < 10**4 and last > 10 and not gap:
        raise ValueError(f"{text}: a 零 is missing")
    return total + (digit or 0)


def read_english(text: str) -> Decimal:
    """The value of 325, 1,208, twelve, 6.5%, 320 million, 1.3 billion; ValueError for anything else."""
    match = re.fullmatch(r"([\d,]+(?:\.\d+)?)%?(?: (\w+))?", text)
    if match:
        digits = match[1]
        if "," in digits and not re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", digits):
            raise ValueError(text)
        return Decimal(digits.replace(",", "")) * (_SCALE[match[2]] if match[2] else 1)
    return Decimal(_WORDS.index(text.lower()))
