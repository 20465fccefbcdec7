"""Numbers as two languages write them out: 三百二十五 and twenty-five, read as values.

Each reader comes in two strictnesses. What a text must say is read strictly: only what is a number beyond doubt (十分
is "very", 两三个 is "a few", "one" is a pronoun). What a text may be saying is read generously: 半 may be a half or
50 %, a dozen is twelve, March is 3.
"""

import re
from collections.abc import Iterator
from decimal import Decimal

Reading = tuple[int, int, set[Decimal]]
"""Where a number begins and ends, and the values it may have."""

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_MYRIADS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_NUMERAL = re.compile("[零〇一二三四五六七八九十百千万萬亿億两兩]+")
_LOOSE = {"半": {"0.5", "30", "50", "6", "12"}, "双": {"2"}, "俩": {"2"}, "仨": {"3"}, "廿": {"20"}, "卅": {"30"}}
_LOOSE |= {"刻": {"15"}, "打": {"12"}, "季": {"3"}, "旬": {"10"}, "周": {"7"}, "星期": {"7"}, "整": {"100"}}
_LOOSE |= {"成": {"10"}}
# These count nothing, or are another word: very, in case, by all means, a crossing, May Day.
_NOT_COUNTED = re.compile(
    "一一|十分(?![钟之一二三四五六七八九])|百分|万一|千万(?![人元年个吨件只条辆户名美欧英日])|十字|五一"
    "|十一(?![月个年岁点日号人])"
)

_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_SMALL += " seventeen eighteen nineteen"
_ORDINALS = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth"
_ORDINALS += " fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_MONTHS = "january february march april may june july august september october november december"
_WORDS = {word: value for words in (_SMALL, _ORDINALS) for value, word in enumerate(words.split())}
_TENS_OF = {word: 10 * value for value, word in enumerate(_TENS.split(), 2)}
_TENS_OF |= {word[:-1] + "ieth": value for word, value in _TENS_OF.items()}
_DECADES = {word[:-1] + "ies": value for word, value in _TENS_OF.items()}
_SCALES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_LOOSE_WORDS = {"a": 1, "an": 1, "once": 1, "single": 1, "both": 2, "pair": 2, "couple": 2, "twice": 2, "double": 2}
_LOOSE_WORDS |= {"twin": 2, "twins": 2, "another": 2, "triple": 3, "thrice": 3, "noon": 12, "no": 0}
_LOOSE_WORDS |= {"dozen": 12, "dozens": 12, "midnight": 12, "fortnight": 14, "score": 20, "nil": 0, "bi": 2}
_LOOSE_WORDS |= {"hundreds": 100, "century": 100, "thousands": 1000, "millions": 10**6, "week": 7, "decade": 10}
_LOOSE_WORDS |= {"billions": 10**9, "all": 100, "completely": 100, "midday": 12, "year": 12, "tens": 10, "teens": 10}
_LOOSE_WORDS |= {month: number for number, month in enumerate(_MONTHS.split(), 1)}
_LOOSE_WORDS |= {month[:3]: number for number, month in enumerate(_MONTHS.split(), 1)} | {"sept": 9}
_MANY_WORDS = {"half": {2, 30, 50}, "halves": {2}, "quarter": {4, 15, 25}, "quarters": {4, 45, 75}}
_MANY_WORDS["decades"] = set(range(20, 100, 10))
_WORD = re.compile("[a-z]+")


def read_chinese(text: str, strict: bool) -> Iterator[Reading]:
    """Numbers in Chinese numerals. Strictly: of two characters or more, with a digit or 十 in front."""
    for match in _NUMERAL.finditer(text):
        value = _chinese_value(match[0])
        if strict:
            counted = value is not None and not _NOT_COUNTED.match(text, match.start())
            if counted and len(match[0]) > 1 and match[0][0] not in "百千万萬亿億零〇":
                yield match.start(), match.end(), {value}
            continue
        values = {value} if value is not None else set()
        values |= {Decimal(_DIGITS[char]) for char in match[0] if char in _DIGITS}
        yield match.start(), match.end(), values | {Decimal(_UNITS[char]) for char in match[0] if char in _UNITS}
    if not strict:
        for word, values in _LOOSE.items():
            for match in re.finditer(word, text):
                yield match.start(), match.end(), set(map(Decimal, values))


def _chinese_value(numeral: str) -> Decimal | None:
    """三百二十五 is 325, 二〇二四 is 2024, 一万二 is 12000; None for 七八, which is seven or eight."""
    if all(char in _DIGITS for char in numeral):
        far = len(numeral) > 2 or "零" in numeral or "〇" in numeral
        return Decimal("".join(str(_DIGITS[char]) for char in numeral)) if far or len(numeral) == 1 else None
    total = section = 0
    digit, last, least = None, 1, 1
    for char in numeral:
        if char in _DIGITS:
            if digit:
                return None
            digit, last = _DIGITS[char], last if _DIGITS[char] else 1
        elif char in _UNITS:
            section += (1 if digit is None else digit or 1) * _UNITS[char]
            digit, last = None, _UNITS[char]
        else:
            section, unit = section + (digit or 0), _MYRIADS[char]
            total = (total + section) * unit if unit > least else total + section * unit  # 万亿 beside 一亿三千万
            section, digit, last = 0, None, unit
            least = unit
    # 三百五 is 350 and 一万二 is 12000, but 三百零五 is 305.
    return Decimal(total + section + (digit or 0) * (last // 10 if last >= 100 else 1))


def read_english(text: str, strict: bool) -> Iterator[Reading]:
    """Numbers in English words. Strictly: with a word from twenty on in front, or a hundred and more by its count."""
    words = [(match.start(), match.end(), match[0]) for match in _WORD.finditer(text.lower())]
    at = 0
    while at < len(words):
        used, value = _english_value([word for _, _, word in words[at : at + 24]])
        if used and (not strict or (value >= 13 and words[at][2] not in _ORDINALS.split())):
            yield words[at][0], words[at + used - 1][1], {Decimal(value)}
        if not strict:
            for start, end, word in words[at : at + max(used, 1)]:
                loose = {table[word] for table in (_LOOSE_WORDS, _WORDS, _TENS_OF, _DECADES, _SCALES) if word in table}
                loose |= {1900 + _DECADES[word]} if word in _DECADES else set()
                loose |= _MANY_WORDS.get(word, set())
                if loose:
                    yield start, end, set(map(Decimal, loose))
        at += max(used, 1)


def _english_value(words: list[str]) -> tuple[int, int]:
    """How many words from the first on make one number, and its value: 0, 0 if the first is none."""
    total = section = used = 0
    room = 1000  # what may still be added must be smaller: "twenty five" is 25, "five twenty" two numbers
    for at, word in enumerate(words):
        if word in _WORDS and _WORDS[word] < room:
            section += _WORDS[word]
            room = 1
        elif word in _TENS_OF and _TENS_OF[word] < room:
            section += _TENS_OF[word]
            room = 10
        elif word == "hundred" and 0 < section < 100:
            section, room = section * 100, 100
        elif word in _SCALES and word != "hundred" and section:
            total, section, room = total + section * _SCALES[word], 0, 1000
        elif word == "and" and used and words[at - 1] in _SCALES:
            continue
        else:
            break
        used = at + 1
    return used, total + section


READERS = {"zh": read_chinese, "en": read_english}
"""By language code."""
