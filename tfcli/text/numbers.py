"""Numbers, which a translation must not change: whether each one of a text stands in its translation.

Values are compared, so 5000万 is 50 million, 三百二十五 is 325 and 15点 may be 3 p.m. Short numbers and written-out
ones are looked for where the target language can be read (`numerals.READERS`), those of four digits or more everywhere.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from tfcli.text.languages import find_language
from tfcli.text.numerals import READERS

_EXPONENTS = {"百": 2, "千": 3, "万": 4, "萬": 4, "亿": 8, "億": 8, "万亿": 12, "萬億": 12}
_EXPONENTS |= {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12, "bn": 9, "mn": 6, "m": 6}
_SCALE = "|".join(sorted(_EXPONENTS, key=len, reverse=True))
_DIGITS = r"(?<![0-9.])(?P<digits>(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?![0-9])(?:\.[0-9]+)?)"
_NUMBER = re.compile(rf"{_DIGITS}(?:[多余几來来个]?\s*(?P<scale>(?:{_SCALE})(?![a-z0-9])))?", re.I)
_RANGE = re.compile(rf"\s*(?:[-~–—至到、或]|to|or|and)\s*[0-9.,]+\s*(?P<scale>{_SCALE})", re.I)
# 010-1234-5678, +86 138 0013 8000, not 2023-05-17 nor 2010-2015
_CODE = re.compile(r"(?<![\w+.,-])(?:\+[0-9]{1,3}[ -]?)?(?:\([0-9]{2,4}\)|[0-9]{2,5})(?:[ -][0-9]{2,8})+(?![\w.,-])")
_DATE = re.compile(r"[0-9]{4}[ -][0-9]{1,2}[ -][0-9]{1,2}|[12][0-9]{3}[ -][12][0-9]{3}")
_WIDE = str.maketrans({chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)})

# Measures that a translation may convert, tenths and discounts: the number need not come out as it went in.
_CONVERTED = re.compile(
    r"\s*(?:斤|里(?!程)|亩|丈|尺|寸|华里|公斤|成(?![为员立功])|折|刻|世纪[0-9]"
    r"|miles?\b|feet\b|foot\b|inch|pounds?\b|lbs?\b|acres?\b)"
)
_HOUR = re.compile(r"\s*(?:点|时(?!间|候)|[:：])")
_AFTER_NOON = re.compile(r"(?:[:：][0-9]{2})?\s*p\.?m\b", re.I)
_SHORT_YEAR = re.compile(r"\s*年|['’]?s\b")
_LONGEST = 25
"""Characters of a number; what is longer is none, and more than decimal arithmetic takes."""
_LONG = 4


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a text. values: what a translation may say for it. text: as it may stand in the translation; empty if
    that depends on the language (the 11 of 11月). is_long: of four digits or more."""

    start: int
    end: int
    values: frozenset[Decimal]
    text: str
    is_long: bool


def lost_numbers(source: str, translation: str, languages: tuple[str, str]) -> list[Number]:
    """The numbers of the source that its translation does not say. languages: of the two, by code."""
    source_language, target_language = (find_language(code).code for code in languages)
    numbers = find_numbers(source, source_language, target_language)
    if not numbers:
        return []
    said, counts = _said(translation, target_language), _count_digits(translation)
    digits = re.sub("[^0-9]", "", translation.translate(_WIDE))
    lost = []
    for number in numbers:
        if not number.values:
            is_kept = re.sub("[^0-9]", "", number.text) in digits
        elif number.is_long and (written := number.values & counts.keys()):
            value = min(written)
            counts[value] -= 1
            is_kept = counts[value] >= 0
        else:
            is_kept = bool(number.values & said)
        if not is_kept and (number.is_long or target_language in READERS):
            lost.append(number)
    return lost


def invented_numbers(source: str, translation: str, languages: tuple[str, str]) -> list[str]:
    """Numbers that a translation writes in digits and its source does not say in any way."""
    source_language, target_language = (find_language(code).code for code in languages)
    if not {source_language, target_language} <= set(READERS):
        return []
    numbers = find_numbers(translation, target_language, source_language, words=False)
    said = _said(source, source_language) if numbers else set()
    return [translation[n.start : n.end] for n in numbers if n.values and not n.values & said]


def find_numbers(text: str, language: str, target_language: str, words: bool = True) -> list[Number]:
    """The numbers that a text of a language must have translated, in order. words: written-out ones too."""
    text = text.translate(_WIDE)
    found = [Number(m.start(), m.end(), frozenset(), m[0], True) for m in _CODE.finditer(text) if _is_code(m[0])]
    readings = list(_read_digits(text))
    if words and language in READERS:
        digits = [range(start, end) for start, end, _ in readings]
        strict = READERS[language](text, strict=True)
        readings += [(s, e, v) for s, e, v in strict if not any(s in taken or e - 1 in taken for taken in digits)]
    taken = [range(number.start, number.end) for number in found]
    for start, end, values in readings:
        if any(start in span for span in taken) or _CONVERTED.match(text, end):
            continue
        (value,) = values
        plain = text[start:end].replace(",", "")
        is_month = text.startswith("月", end) and value <= 12
        written = (
            ""
            if is_month
            else text[start:end]
            if plain.isascii() and plain.isdigit()
            else _write(value, target_language)
        )
        is_long = sum(map(str.isdigit, plain)) >= _LONG and plain.isascii()
        found.append(Number(start, end, frozenset({value} | _other_readings(text, end, value)), written, is_long))
    return sorted(found, key=lambda number: number.start)


def _is_code(text: str) -> bool:
    groups = re.findall("[0-9]+", text)
    is_phone = len(groups) > 2 or text[0] in "0+(" or (len(groups[0]) == 3 and len(groups[1]) >= 7)
    return is_phone and sum(map(len, groups)) >= 7 and not _DATE.fullmatch(text)


def _read_digits(text: str) -> Iterator[tuple[int, int, set[Decimal]]]:
    for match in _NUMBER.finditer(text):
        if len(match["digits"]) > _LONGEST:
            continue
        value = Decimal(match["digits"].replace(",", ""))
        yield (
            match.start(),
            match.end(),
            {value.scaleb(_EXPONENTS[match["scale"].lower()]) if match["scale"] else value},
        )


def _other_readings(text: str, end: int, value: Decimal) -> set[Decimal]:
    """What else a number may be called for what follows it: 15点 is 3, 80年代 is 1980, the 3 of 3到5万 is 30000."""
    others = set()
    if _HOUR.match(text, end) and 12 < value <= 24:
        others.add(value - 12)
    if _AFTER_NOON.match(text, end) and value < 12:
        others.add(value + 12)
    if _SHORT_YEAR.match(text, end):
        others |= {1900 + value, 2000 + value} if value < 100 else {value % 100}
    if many := _RANGE.match(text, end):
        others.add(value.scaleb(_EXPONENTS[many["scale"].lower()]))
    return others


def _said(text: str, language: str) -> set[Decimal]:
    """Every value that a text may be saying."""
    text = text.translate(_WIDE)
    said: set[Decimal] = set()
    for start, end, values in _read_digits(text):
        (value,) = values
        bare = Decimal(re.match("[0-9,.]*[0-9]", text[start:end])[0].replace(",", ""))
        said |= values | {bare} | _other_readings(text, end, value)
    # "12,3" and "12.30" are two numbers to somebody.
    said |= {Decimal(digits) for digits in re.findall("[0-9]+", text)}
    if language in READERS:
        for _, _, values in READERS[language](text, strict=False):
            said |= values
    return said


def _count_digits(text: str) -> Counter[Decimal]:
    return Counter(value for _, _, values in _read_digits(text.translate(_WIDE)) for value in values)


def _write(value: Decimal, language: str) -> str:
    """A value in digits, as long ones are written in a language."""
    for exponent, word in {"zh": ((8, "亿"), (4, "万")), "en": ((9, " billion"), (6, " million"))}.get(language, ()):
        scaled = value.scaleb(-exponent).normalize()
        if scaled >= 1 and scaled.as_tuple().exponent >= -2:
            return f"{scaled:f}{word}"
    return f"{value.normalize():f}"
