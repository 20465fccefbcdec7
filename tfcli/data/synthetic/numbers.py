"""Numbers without a unit: counts, decimals, ordinals, fractions, percentages, discounts, multiples, scores, sums."""

import math
import random
from decimal import Decimal

from tfcli.data.synthetic.grammar import PLURAL, Slots, Value
from tfcli.data.synthetic.magnitudes import benford, count, large, small, tenths
from tfcli.data.synthetic.numerals import (
    DIGITS,
    chinese,
    chinese_decimal,
    either,
    english,
    ordinal,
    plain,
    word,
)

_OVER = (
    ("{}多", "more than {}"),
    ("超过{}", "more than {}"),
    ("近{}", "nearly {}"),
    ("将近{}", "nearly {}"),
    ("至少{}", "at least {}"),
    ("不到{}", "fewer than {}"),
    ("大约{}", "about {}"),
    ("{}来", "about {}"),
    ("约{}", "about {}"),
    ("差不多{}", "almost {}"),
)
_VAGUE = (
    ("十几", "a dozen or so"),
    ("几十", "dozens of"),
    ("几百", "hundreds of"),
    ("数百", "hundreds of"),
    ("上百", "more than a hundred"),
    ("几千", "thousands of"),
    ("上千", "more than a thousand"),
    ("数千", "thousands of"),
    ("几万", "tens of thousands of"),
    ("上万", "more than ten thousand"),
    ("几十万", "hundreds of thousands of"),
    ("上百万", "more than a million"),
    ("数百万", "millions of"),
)
_DENOMINATORS = {3: "third", 4: "quarter", 5: "fifth", 6: "sixth", 7: "seventh", 8: "eighth", 9: "ninth", 10: "tenth"}


def counted(number: int, rng: random.Random) -> Value:
    """At least two of something."""
    return Value(*either(number, rng, counting=True), PLURAL)


def bare_number(rng: random.Random) -> Value:
    """Any whole number from 0 up."""
    return Value(*either(rng.choice((rng.randrange(20), rng.randrange(1000), count(rng), large(rng, 10**12))), rng))


def approximate(rng: random.Random) -> Value:
    """三百多, 将近两万, 几百, 三五: a count that is not exact."""
    way = rng.random()
    if way < 0.25:
        return Value(*rng.choice(_VAGUE), PLURAL)
    if way < 0.45:
        first = rng.randrange(1, 9)
        zh = ("一" if first == 1 else DIGITS[first].replace("二", "两")) + DIGITS[first + 1].replace("二", "两")
        return Value(zh, f"{word(first)} or {word(first + 1)}", PLURAL)
    number = rng.randrange(1, 10) * 10 ** rng.randrange(1, 7)
    zh, en = either(number, rng)
    form, meaning = rng.choice(_OVER)
    if form == "{}来" and not (number < 100 and zh.endswith("十")):
        form = "约{}"
    return Value(form.format(zh), meaning.format(en), PLURAL)


def span(rng: random.Random, few: bool = False) -> Value:
    """20到30, 三至五: from the smaller to the larger."""
    low, step = (small(rng), 1) if few or rng.random() < 0.5 else (rng.randrange(2, 50) * 10, 10)
    high = low + step * rng.randrange(1, 4)
    joint = rng.choice("到至-")
    if joint == "-" or rng.random() < 0.5:
        return Value(f"{low}{joint}{high}", f"{low} to {high}", PLURAL)
    zh = chinese(low, "两").replace("二", "两") if low == 2 else chinese(low, "两")
    return Value(f"{zh}{joint}{chinese(high, '两')}", f"{word(low)} to {word(high)}", PLURAL)


def decimal(rng: random.Random) -> Value:
    """3.14, 零点五."""
    digits, places = tenths(rng, 200)
    number = Decimal(digits).scaleb(-places)
    return Value(plain(number) if rng.random() < 0.5 else chinese_decimal(number), plain(number), PLURAL)


def ranking(rng: random.Random) -> Value:
    """第三, 第21."""
    number = small(rng) if rng.random() < 0.7 else benford(rng, 1, 500)
    return Value(f"第{chinese(number) if rng.random() < 0.6 else number}", ordinal(number))


def fraction(rng: random.Random) -> Value:
    """三分之二: two thirds; 四分之一: a quarter."""
    below = rng.choices(list(_DENOMINATORS), (25, 20, 15, 4, 4, 6, 4, 16))[0]
    above = rng.choice([number for number in range(1, below) if math.gcd(number, below) == 1])
    if rng.random() < 0.15:
        return Value(f"{above}/{below}", f"{above}/{below}")
    name = _DENOMINATORS[below]
    return Value(f"{chinese(below)}分之{chinese(above)}", f"{word(above)} {name}{'s' * (above > 1)}")


def _per_cent(rng: random.Random, high: int = 100) -> Decimal:
    if rng.random() < 0.5:
        return Decimal(rng.choice((rng.randrange(1, high), rng.randrange(1, high // 5) * 5)))
    digits, places = tenths(rng, high)
    return Decimal(digits).scaleb(-min(places, 2))


def _show_per_cent(number: Decimal, rng: random.Random) -> Value:
    zh = f"{plain(number)}%" if rng.random() < 0.4 else f"百分之{chinese_decimal(number, rng.choice('两二'))}"
    return Value(zh, f"{plain(number)}%", _points(number))


def percent(rng: random.Random) -> Value:
    """百分之六点五, 6.5%, 三成, 千分之五: a share of something, below 100%."""
    if rng.random() < 0.05:
        thousandths = rng.randrange(1, 30)
        said = chinese(thousandths) if rng.random() < 0.7 else str(thousandths)
        share = Decimal(thousandths) / 10
        return Value(f"千分之{said}", f"{plain(share)}%", _points(share))
    if rng.random() < 0.08:
        tens = rng.randrange(1, 10)
        half = rng.random() < 0.2
        number = tens * 10 + 5 * half
        return Value(f"{chinese(tens).replace('二', '两')}成{'半' * half}", f"{number}%", _points(Decimal(number)))
    number = _per_cent(rng)
    while number >= 100:
        number = _per_cent(rng)
    return _show_per_cent(number, rng)


def growth(rng: random.Random) -> Value:
    """How much something has risen, which may be more than 100%."""
    return _show_per_cent(_per_cent(rng, 30) if rng.random() < 0.85 else Decimal(benford(rng, 100, 900)), rng)


def _points(number: Decimal) -> dict[str, tuple[str, str]]:
    return {"points": (f"{plain(number)}个百分点", f"{plain(number)} percentage points")}


def discount(rng: random.Random) -> Value:
    """八折: 20% off; 八五折: 15% off. The form `cut` is the share alone: a 20% discount."""
    paid = rng.choice((95, 90, 88, 85, 80, 78, 75, 70, 65, 60, 55, 50, 45, 40, 30, 20, 10, rng.randrange(11, 99)))
    tens, ones = divmod(paid, 10)
    way = rng.random()
    if way < 0.6:
        zh = DIGITS[tens] + (DIGITS[ones] if ones else "")
        zh = zh.replace("二", "两") if not ones else zh
    else:
        zh = f"{tens}.{ones}" if ones and way < 0.85 else f"{tens}{ones or ''}"
    cut = f"{100 - paid}%"
    return Value(f"{zh}折", f"{cut} off", {"cut": (f"{zh}折", cut)})


def multiple(rng: random.Random) -> Value:
    """三倍: three times; the form `fold` is threefold."""
    number = rng.choice((2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 50, 100, 1000))
    zh = "两" if number == 2 else either(number, rng)[0] if rng.random() < 0.5 else chinese(number)
    en = "twice" if number == 2 else f"{word(number)} times"
    if rng.random() < 0.2:
        digits, places = tenths(rng, 9)
        number = Decimal(digits).scaleb(-places) + 1
        zh, en = (plain(number) if rng.random() < 0.5 else chinese_decimal(number)), f"{plain(number)} times"
    return Value(f"{zh}倍", en)


def score(rng: random.Random) -> Value:
    """3比1, 二比零, 98:102: of the first side and the second."""
    goals = rng.random() < 0.7
    first, second = (rng.randrange(0, 6) if goals else rng.randrange(70, 125) for _ in range(2))
    second += first == second
    first, second = (chinese(first), first), (chinese(second), second)
    if rng.random() < 0.6:
        first, second = (str(first[1]), first[1]), (str(second[1]), second[1])
    joint = "比" if not first[0].isascii() else rng.choice("比比:：-")
    winning = sorted((first, second), key=lambda side: side[1], reverse=True)
    texts = [(f"{a[0]}{joint}{b[0]}", f"{a[1]}-{b[1]}") for a, b in ((first, second), winning)]
    return Value(*texts[0], {"win": texts[1]})


def equation(rng: random.Random) -> Value:
    """三加五等于八: three plus five equals eight. The form `question` has no answer."""
    first, second = sorted((benford(rng, 2, 200), benford(rng, 2, 60)), reverse=True)
    sign, meaning, result = rng.choice(
        (("加", "plus", first + second), ("减", "minus", first - second), ("乘以", "times", first * second))
    )
    if meaning == "times" and rng.random() < 0.4:
        sign, meaning, first, result = "除以", "divided by", first * second, first
    numerals = rng.random() < 0.5
    zh = [chinese(number, "二") if numerals else str(number) for number in (first, second, result)]
    en = [word(number) if numerals else english(number) for number in (first, second, result)]
    question = f"{zh[0]}{sign}{zh[1]}", f"{en[0]} {meaning} {en[1]}"
    return Value(f"{question[0]}等于{zh[2]}", f"{question[1]} equals {en[2]}", {"question": question})


SLOTS: Slots = {
    "n": lambda rng: counted(count(rng), rng),
    "some": lambda rng: counted(benford(rng, 2, 200), rng),
    "round": lambda rng: counted(rng.randrange(2, 10) * rng.choice((10, 10, 100, 1000)), rng),
    "few": lambda rng: counted(small(rng), rng),
    "big": lambda rng: counted(large(rng, 10**9), rng),
    "huge": lambda rng: counted(large(rng, 10**12), rng),
    "number": bare_number,
    "about": approximate,
    "span": span,
    "fewspan": lambda rng: span(rng, few=True),
    "decimal": decimal,
    "ordinal": ranking,
    "fraction": fraction,
    "percent": percent,
    "growth": growth,
    "discount": discount,
    "multiple": multiple,
    "score": score,
    "equation": equation,
}
