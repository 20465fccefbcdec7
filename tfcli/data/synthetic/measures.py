"""Numbers with a unit: lengths, weights, areas, temperatures, ages, floors, things with their measure word."""

import random
from decimal import Decimal
from functools import cache
from importlib import resources

from tfcli.data.synthetic.grammar import PLURAL, SINGULAR, Slots, Texts, Value
from tfcli.data.synthetic.magnitudes import benford, count, small, tenths
from tfcli.data.synthetic.numerals import chinese, chinese_decimal, either, ordinal, plain, spelled

_LENGTHS = (
    ("毫米", "mm", "millimeter", 900),
    ("厘米", "cm", "centimeter", 300),
    ("米", "m", "meter", 3000),
    ("公里", "km", "kilometer", 5000),
    ("千米", "km", "kilometer", 5000),
    ("英里", "", "mile", 500),
    ("英尺", "", "foot", 300),
)
_SIZES = (("厘米", "cm", "centimeter", 300), ("米", "m", "meter", 30), ("米", "", "meter", 300))
_WEIGHTS = (
    ("克", "g", "gram", 900),
    ("公斤", "kg", "kilogram", 900),
    ("千克", "kg", "kilogram", 900),
    ("吨", "", "ton", 90000),
    ("斤", "", "jin", 300),
    ("磅", "", "pound", 300),
)
_AREAS = (
    ("平方米", "㎡", "square meter", 20000),
    ("平方公里", "km²", "square kilometer", 900000),
    ("亩", "", "mu", 5000),
    ("公顷", "", "hectare", 50000),
)
_VOLUMES = (("毫升", "ml", "milliliter", 900), ("升", "L", "liter", 300), ("立方米", "m³", "cubic meter", 90000))


Thing = tuple[str, str, str]


@cache
def things() -> tuple[list[Thing], list[Thing]]:
    """Things with their measure word (本书, book, books): all of them, and those that a person buys or carries."""
    lines = resources.files(__package__).joinpath("lists/things.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    return [tuple(row[:3]) for row in rows], [tuple(row[:3]) for row in rows if row[3] == "goods"]


def _quantity(zh: str, symbol: str, unit: str, high: int, rng: random.Random) -> Value:
    if rng.random() < 0.3:
        digits, places = tenths(rng, max(high // 20, 9))
        number = Decimal(digits).scaleb(-places)
        said, en = (plain(number) if rng.random() < 0.5 else chinese_decimal(number)), plain(number)
    else:
        number = benford(rng, 1, high)
        said, en = either(number, rng, counting=True)
    if symbol and said.isascii() and rng.random() < 0.3:
        return Value(said + symbol, f"{en} {symbol}", PLURAL)
    one = number == 1
    return Value(f"{said}{zh}", f"{en} {unit if one else _plural(unit)}", {"adj": (said + zh, f"{en}-{unit}")})


def _plural(unit: str) -> str:
    return {"foot": "feet", "jin": "jin", "mu": "mu"}.get(unit, f"{unit}s")


def _one_of(units: tuple[tuple[str, str, str, int], ...]):
    return lambda rng: _quantity(*rng.choice(units), rng)


def height(rng: random.Random) -> Value:
    """Of a person: 一米八, 1米75, 178厘米."""
    centimeters = min(max(round(rng.gauss(170, 10)), 140), 210)
    meters, rest = divmod(centimeters, 100)
    en = f"{plain(Decimal(centimeters).scaleb(-2))} meters"
    way = rng.random()
    if way < 0.3:
        return Value(f"{centimeters}厘米", f"{centimeters} centimeters")
    if way < 0.5:
        return Value(f"{plain(Decimal(centimeters).scaleb(-2))}米", en)
    if way < 0.7:
        return Value(f"{meters}米{rest:02}", en)
    said = spelled(f"{rest:02}").removesuffix("零") if rest else ""
    return Value(f"{'两' if meters == 2 else '一'}米{said}", en)


def temperature(rng: random.Random) -> Value:
    """零下五度, 25℃, 三十八度五."""
    degrees = min(max(round(rng.gauss(17, 14)), -39), 42)
    below = degrees < 0
    way = rng.random()
    if way < 0.35:
        unit = rng.choice(("℃", "°C"))
        return Value(f"{degrees}{unit}", f"{degrees}°C", PLURAL)
    zh, _ = either(abs(degrees), rng)
    unit = "摄氏度" if way < 0.45 else "度"
    en = f"{'minus ' * below}{abs(degrees)} degrees{' Celsius' * (unit != '度')}"
    return Value(f"{'零下' * below}{zh}{unit}", en, PLURAL)


def fever(rng: random.Random) -> Value:
    """Of a body: 三十八度五, 39.2度."""
    number = Decimal(rng.randrange(365, 412)).scaleb(-1)
    whole, rest = divmod(int(number * 10), 10)
    zh = f"{plain(number)}度" if rng.random() < 0.5 else f"{chinese(whole)}度{chinese(rest) if rest else ''}"
    return Value(zh, f"{plain(number)} degrees")


def age(rng: random.Random) -> Value:
    """三十五岁, 35岁; the forms: old (35 years old), year (a 35-year-old boy)."""
    years = rng.choice((rng.randrange(1, 19), rng.randrange(18, 60), rng.randrange(40, 101)))
    zh, en = either(years, rng, counting=True)
    zh += rng.choice(("岁", "岁", "周岁"))
    return Value(zh, en, {"old": ("", f"{en} year{'s' * (years > 1)} old"), "year": ("", f"{en}-year-old")})


def floor(rng: random.Random) -> Value:
    """十七楼, 3层: the 17th floor."""
    number = rng.choice((rng.randrange(1, 8), rng.randrange(1, 33)))
    zh = chinese(number) if rng.random() < 0.5 else str(number)
    return Value(f"{zh}{rng.choice('楼楼层')}", f"{ordinal(number)} floor")


def thing(rng: random.Random, goods: bool = False) -> Value:
    """三本书: three books. goods: only what a person buys or carries, and not many of it."""
    zh, singular, plural = rng.choice(things()[goods])
    number = (small(rng) if goods else count(rng)) if rng.random() < 0.9 else 1
    said, en = either(number, rng, counting=True)
    forms = (SINGULAR if number == 1 else PLURAL) | {"noun": (zh, plural), "one": (zh[1:], singular)}
    return Value(said + zh, f"{en} {singular if number == 1 else plural}", forms)


def _kilometers(rng: random.Random) -> Texts:
    zh, en = either(benford(rng, 15, 6000), rng, counting=True)
    return f"{zh}{rng.choice(('公里', '公里', '千米'))}", f"{en} kilometers"


def _meters(rng: random.Random) -> Texts:
    zh, en = either(rng.randrange(200, 8849), rng, counting=True)
    return f"{zh}米", f"{en} meters"


SLOTS: Slots = {
    "length": _one_of(_LENGTHS),
    "distance": _one_of(tuple(unit for unit in _LENGTHS if unit[2] in ("meter", "kilometer", "mile"))),
    "size": _one_of(_SIZES),
    "journey": lambda rng: Value(*_kilometers(rng)),
    "altitude": lambda rng: Value(*_meters(rng)),
    "weight": _one_of(_WEIGHTS),
    "area": _one_of(_AREAS),
    "volume": _one_of(_VOLUMES),
    "height": height,
    "temperature": temperature,
    "fever": fever,
    "age": age,
    "floor": floor,
    "things": thing,
    "goods": lambda rng: thing(rng, goods=True),
}
