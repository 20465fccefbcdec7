"""Amounts of money: 三块五, 20元, ￥99.9, 一万二, 6000万美元, 两百四十亿元."""

import random
from decimal import Decimal

from tfcli.data.synthetic.grammar import Slots, Value
from tfcli.data.synthetic.magnitudes import benford
from tfcli.data.synthetic.numerals import chinese, chinese_decimal, clipped, either, english, plain

_FOREIGN = (
    ("美元", "$", "$", 30),
    ("美金", "", "$", 3),
    ("欧元", "€", "€", 12),
    ("英镑", "£", "£", 8),
    ("港元", "HK$", "HK$", 3),
    ("港币", "HK$", "HK$", 2),
    ("日元", "", " yen", 6),
    ("韩元", "", " won", 3),
    ("卢布", "", " rubles", 2),
    ("卢比", "", " rupees", 2),
    ("加元", "", "C$", 1),
    ("澳元", "", "A$", 1),
    ("瑞士法郎", "", " Swiss francs", 1),
)
_UNITS = ("元", "元", "元", "元人民币", "块", "块钱")
_WEIGHTS = [row[3] for row in _FOREIGN]


def _cents(number: Decimal) -> str:
    """20; 99.90: cents are two digits."""
    return f"{number:,.2f}" if number % 1 else f"{int(number):,}"


def small_change(rng: random.Random) -> Value:
    """八毛, 三块五, 九块九毛九: yuan with jiao and fen."""
    yuan, jiao = rng.choice((0, rng.randrange(1, 10), rng.randrange(1, 100))), rng.randrange(1, 10)
    fen = rng.randrange(1, 10) if rng.random() < 0.25 else 0
    number = Decimal(yuan * 100 + jiao * 10 + fen).scaleb(-2)
    if rng.random() < 0.5:
        zh = f"{plain(number) if rng.random() < 0.6 else f'{number:.2f}'}{rng.choice(('元', '块', '块钱', '元钱'))}"
        return Value(zh, f"{_cents(number)} yuan")
    zh = f"{chinese(yuan, '两') if yuan != 2 else '两'}{rng.choice('块块元')}" if yuan else ""
    unit = "" if yuan and not fen and rng.random() < 0.6 else rng.choice("毛毛角")
    zh += f"{'两' if jiao == 2 and not yuan else chinese(jiao)}{unit or '毛' * bool(fen)}"
    zh += f"{chinese(fen)}{rng.choice(('分', '分', ''))}" if fen else ""
    return Value(zh, f"{_cents(number)} yuan")


def yuan(number: int, rng: random.Random) -> Value:
    """A whole number of yuan, in one of the ways to say or write it."""
    way = rng.random()
    if way < 0.12:
        return Value(f"{rng.choice('￥¥')}{number:,}", f"¥{number:,}")
    if way < 0.2 and clipped(number) != chinese(number, "两"):
        return Value(clipped(number) + rng.choice(("", "块", "块钱")) * (number >= 10**4), f"{english(number)} yuan")
    zh, _ = either(number, rng, counting=True)
    unit = rng.choice(_UNITS if number < 10**4 else _UNITS[:4])
    if number < 10**5 and way > 0.95:
        return Value(f"人民币{zh}元", f"{_spell(number, zh)} yuan")
    return Value(zh + unit, f"{_spell(number, zh)} yuan")


def _spell(number: int, zh: str) -> str:
    """Digits stay digits: 320,000,000元 is 320,000,000 yuan, 3.2亿元 is 320 million yuan."""
    return f"{number:,}" if zh.isascii() else english(number)


def foreign(number: int, rng: random.Random) -> Value:
    """Another currency, with its sign as English writes it."""
    name, sign, english_sign, _ = rng.choices(_FOREIGN, _WEIGHTS)[0]
    if english_sign in (" yen", " won") and number < 10**5:
        number *= 100
    if sign and rng.random() < 0.25:
        return Value(f"{sign}{number:,}", f"{english_sign}{number:,}")
    zh, _ = either(number, rng, counting=True)
    en = _spell(number, zh)
    return Value(zh + name, f"{en}{english_sign}" if english_sign[0] == " " else f"{english_sign}{en}")


def foreign_cents(rng: random.Random) -> Value:
    """$1.25, 十九点九九美元."""
    number = Decimal(rng.choice((rng.randrange(1, 2000), rng.randrange(1, 100) * 100 + 99))).scaleb(-2)
    name, sign, english_sign, _ = rng.choice(_FOREIGN[:4])
    if sign and rng.random() < 0.5:
        return Value(f"{sign}{number:,.2f}", f"{english_sign}{number:,.2f}")
    zh = plain(number) if rng.random() < 0.6 else chinese_decimal(number, "两")
    return Value(zh + name, f"{english_sign}{_cents(number)}")


def price(rng: random.Random) -> Value:
    """What a person pays in a shop."""
    way = rng.random()
    if way < 0.25:
        return small_change(rng)
    if way < 0.32:
        return foreign_cents(rng)
    low, high, step, less = rng.choice(((2, 100, 1, 0), (10, 3000, 1, 0), (1, 300, 10, 0), (3, 90, 100, 1)))
    number = benford(rng, low, high) * step - less
    return foreign(number, rng) if way < 0.5 else yuan(number, rng)


def pay(rng: random.Random) -> Value:
    """Wages, rents, fees, savings."""
    number = benford(rng, 500, 10**6)
    return foreign(number, rng) if rng.random() < 0.2 else yuan(number, rng)


def fortune(rng: random.Random) -> Value:
    """What companies and states handle: mostly in 万 and 亿."""
    number = benford(rng, 10**5, rng.choice((10**8, 10**10, 10**12)))
    way = rng.random()
    if way < 0.35:
        return foreign(number, rng)
    zh, en = either(number, rng, counting=True)
    return Value(zh + rng.choice(_UNITS[:4]), f"{_spell(number, zh)} yuan")


SLOTS: Slots = {"price": price, "change": small_change, "pay": pay, "fortune": fortune}
