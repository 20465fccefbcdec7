"""Corpora without end, written by grammar and seed: numbers, dates, names and places in Chinese and English.

A model reads 周明 as Monday and 八折 as 80% off as long as its corpora hardly have them. A generator draws one pair
from a random generator; the same seed gives the same corpus on every machine.
"""

import random
from collections.abc import Callable
from functools import partial

from tfcli.data.synthetic import codes, dates, measures, money, names, numbers, places, times, years
from tfcli.data.synthetic.grammar import Slots, Texts, draw

_MODULES = (numbers, measures, money, codes, dates, years, times, names, places)
SLOTS: Slots = {slot: value for module in _MODULES for slot, value in module.SLOTS.items()}

SYNTHETIC: dict[str, Callable[[random.Random], Texts]] = {
    name: partial(draw, name, SLOTS) for name in ("numbers", "dates", "names", "places")
}
"""Each draws one (Chinese, English) pair."""
