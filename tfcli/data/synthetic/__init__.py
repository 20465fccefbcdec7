"""Corpora without end, written by grammar and seed: numbers, dates, names and places in Chinese and English.

A model reads 周明 as Monday and 八折 as 80% off as long as its corpora hardly have them. A generator draws one pair
from a random generator; the same seed gives the same corpus on every machine.
"""

import random
from collections.abc import Callable
from functools import partial

from tfcli.data.synthetic import codes, measures, money, numbers
from tfcli.data.synthetic.grammar import Slots, Texts, draw

SLOTS: Slots = {**numbers.SLOTS, **measures.SLOTS, **money.SLOTS, **codes.SLOTS}

SYNTHETIC: dict[str, Callable[[random.Random], Texts]] = {name: partial(draw, name, SLOTS) for name in ("numbers",)}
"""Each draws one (Chinese, English) pair."""
