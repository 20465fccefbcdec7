"""Numbers of an English text by value: "three hundred and twenty million", "320 million" and "320,000,000" are one."""

import re
from collections.abc import Sequence
from decimal import Decimal

_TEENS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS = {word: value for value, word in enumerate(_TEENS)} | {word: 10 * ten for ten, word in enumerate(_TENS, 2)}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_IRREGULAR = {"first": "one", "second": "two", "third": "three", "fifth": "five", "eighth": "eight", "ninth": "nine"}
_IRREGULAR["twelfth"] = "twelve"
_DIGITS = re.compile(r"\d+(?:\.\d+)?")


def fold_numbers(words: Sequence[str]) -> list[str]:
    """Lower-case words without thousands separators, with each number as digits: 325, 6.5, 21st.

    Digits that stand alone stay as they are, so that 007 is not 7. A comma among the words ends a number.
    """
    folded, at = [], 0
    while at < len(words):
        number, length = _Reader(words[at:]).read()
        folded.append(number if length else words[at])
        at += length or 1
    return folded


def ordinal(number: int) -> str:
    """21st."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _ordinal_value(word: str) -> int | None:
    if word in _IRREGULAR:
        return _WORDS[_IRREGULAR[word]]
    stem = word.removesuffix("th")
    return _WORDS.get(f"{stem[:-2]}y" if stem.endswith("ie") else stem) if stem != word else None


class _Reader:
    """One number at the beginning of some words: `total` is what is finished by a scale, `group` what is below it."""

    def __init__(self, words: Sequence[str]):
        self.words = words
        self.total = self.group = Decimal(0)
        self.last = ""  # the kind of the last word that was taken

    def read(self) -> tuple[str, int]:
        """The number and how many words it takes; 0 if they do not begin with one."""
        for at, word in enumerate(self.words):
            if self.last and (value := _ordinal_value(word)) is not None and self._takes(value):
                return ordinal(int(self.total + self.group)), at + 1
            if not (self._joins(at) or self._takes_digits(word) or self._takes_word(word) or self._scales(word, at)):
                return self._finish(at)
        return self._finish(len(self.words))

    def _finish(self, length: int) -> tuple[str, int]:
        if not length:
            value = _ordinal_value(self.words[0])
            return (ordinal(value), 1) if value is not None else ("", 0)
        if length == 1 and self.words[0][0].isdigit():
            return self.words[0], 1
        if self.last == "point":
            return self._decimals(length)
        return _plain(self.total + self.group), length

    def _decimals(self, length: int) -> tuple[str, int]:
        digits, length = "", length + 1
        while length < len(self.words) and _WORDS.get(self.words[length], 10) < 10:
            digits += str(_WORDS[self.words[length]])
            length += 1
        return _plain(self.total + self.group + Decimal(f"0.{digits or 0}")), length

    def _joins(self, at: int) -> bool:
        """An "and" or "point" in the middle of a number, an "a" before a scale."""
        word, following = self.words[at], self.words[at + 1] if at + 1 < len(self.words) else ""
        if word == "and" and self.last in ("hundred", "scale"):
            value = _ordinal_value(following)
            return _WORDS.get(following, value if value is not None else 100) < 100
        if word == "point" and self.last in ("ones", "tens", "teens") and _WORDS.get(following, 10) < 10:
            self.last = "point"
            return False
        if word == "a" and not self.last and (following == "hundred" or following in _SCALES):
            self.group, self.last = Decimal(1), "ones"
            return True
        return False

    def _takes_digits(self, word: str) -> bool:
        if self.last in ("", "scale") and _DIGITS.fullmatch(word):
            self.group, self.last = Decimal(word), "digits"
            return True
        return False

    def _takes_word(self, word: str) -> bool:
        return word in _WORDS and self._takes(_WORDS[word])

    def _takes(self, value: int) -> bool:
        kind = "ones" if value < 10 else "teens" if value < 20 else "tens"
        if self.last == "tens" and kind == "ones" and value or self.last in ("hundred", "scale", ""):
            self.group += value
        elif self.last in ("teens", "tens", "ones") and kind != "ones" and 9 < self.total + self.group < 100:
            self.group = self.group * 100 + value  # nineteen eighty-four
        else:
            return False
        self.last = kind
        return True

    def _scales(self, word: str, at: int) -> bool:
        if word == "hundred" and self.last in ("ones", "teens", "tens", "digits") and self.group < 100:
            self.group, self.last = self.group * 100, "hundred"
        elif word in _SCALES and self.last in ("ones", "teens", "tens", "digits", "hundred"):
            self.total, self.group, self.last = self.total + self.group * _SCALES[word], Decimal(0), "scale"
        elif word in _SCALES and self.last == "scale":
            self.total *= _SCALES[word]
        else:
            return False
        return True


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
