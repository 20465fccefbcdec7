"""What is copied and not translated: phone numbers, flights, trains, rooms, orders, passwords, plates, versions."""

import random

from tfcli.data.synthetic.grammar import Slots, Value
from tfcli.data.synthetic.numerals import spelled

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_AIRLINES = ("CA", "MU", "CZ", "HU", "MF", "ZH", "SC", "3U", "9C", "BA", "LH", "AF", "UA", "SQ", "CX", "KE", "NH")
_PRODUCTS = ("iPhone {}", "Galaxy S{}", "Windows {}", "Office {}", "GPT-{}", "RTX 40{}0", "Model {}")
_MAIL = ("qq.com", "163.com", "gmail.com", "example.com", "126.com", "outlook.com", "mail.example.cn")
_MAILBOXES = ("info", "service", "lily", "zhao", "hr", "support", "wang.lei", "sales", "amy", "office", "liu_yang")


def digits(rng: random.Random, length: int) -> str:
    """Random digits, the first one not 0."""
    return str(rng.randrange(10 ** (length - 1), 10**length))


def phone(rng: random.Random) -> Value:
    """A mobile or landline number, sometimes in groups."""
    mobile = f"1{rng.choice('35789')}{rng.randrange(10**9):09}"
    way = rng.random()
    if way < 0.4:
        return _same(mobile)
    if way < 0.55:
        return _same(f"{mobile[:3]}{rng.choice('- ')}{mobile[3:7]}{rng.choice('- ')}{mobile[7:]}")
    if way < 0.8:
        area = rng.choice(("010", "021", "020", "0755", "0571", "028", "0512", "0931"))
        return _same(f"{area}-{digits(rng, 8)}")
    if way < 0.9:
        return _same(f"400-{rng.randrange(1000):03}-{rng.randrange(10000):04}")
    return _same(digits(rng, rng.choice((7, 8))))


def _same(text: str) -> Value:
    return Value(text, text)


def short_number(rng: random.Random) -> Value:
    """Read digit by digit: 一一〇 and 8016 are copied as digits."""
    text = digits(rng, rng.choice((3, 3, 4, 5)))
    return Value(spelled(text) if rng.random() < 0.15 else text, text)


def room(rng: random.Random) -> Value:
    """3021, 五零二, B1706."""
    text = f"{rng.randrange(1, 30)}{rng.randrange(1, 30):02}"
    if rng.random() < 0.2:
        return Value(f"{spelled(text)}", text)
    return _same(f"{rng.choice(('', '', '', '', *'ABCD'))}{text}")


def code(rng: random.Random) -> Value:
    """Letters and digits of an order, a licence, a password."""
    letters = "".join(rng.choice(_LETTERS) for _ in range(rng.randrange(1, 4)))
    text = rng.choice(("{0}{1}", "{0}-{1}", "{1}{0}", "{0}{1}{0}")).format(letters, digits(rng, rng.randrange(3, 9)))
    return _same(text.lower() if rng.random() < 0.15 else text)


def product(rng: random.Random) -> Value:
    """iPhone 15, A320."""
    return _same(rng.choice(_PRODUCTS).format(rng.randrange(3, 17)))


def plate(rng: random.Random) -> Value:
    """A88K62: without the character of the province, which English has nothing for."""
    letters = "".join(rng.choice(_LETTERS + "0123456789" * 3) for _ in range(5))
    return _same(f"{rng.choice(_LETTERS[:8])}{letters}")


def bus_line(rng: random.Random) -> Value:
    """52路: bus 52."""
    number = rng.randrange(1, 900)
    return Value(f"{number}路", f"bus {number}")


SLOTS: Slots = {
    "phone": phone,
    "short": short_number,
    "pin": lambda rng: _same(f"{rng.randrange(10**6):06}" if rng.random() < 0.6 else digits(rng, 4)),
    "room": room,
    "code": code,
    "flight": lambda rng: _same(f"{rng.choice(_AIRLINES)}{digits(rng, rng.choice((3, 4)))}"),
    "train": lambda rng: _same(f"{rng.choice('GGDKTZ')}{digits(rng, rng.choice((1, 2, 3, 4)))}"),
    "mail": lambda rng: _same(f"{rng.choice(_MAILBOXES)}{rng.choice(('', digits(rng, 2)))}@{rng.choice(_MAIL)}"),
    "product": product,
    "plate": plate,
    "version": lambda rng: _same(f"{rng.randrange(1, 12)}.{rng.randrange(15)}.{rng.randrange(9)}"),
    "line": bus_line,
}
