"""Numbers of four digits or more, which a translation must not change: a year, a price, a telephone number."""

import re
from collections import Counter
from decimal import Decimal
from unicodedata import normalize

_SCALES = {"百": 2, "千": 3, "万": 4, "萬": 4, "亿": 8, "億": 8, "万亿": 12, "萬億": 12}
_SCALES |= {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_SCALE = "|".join(sorted(_SCALES, key=len, reverse=True))
_WHOLE = "(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?![0-9])"
_NUMBER = re.compile(rf"(?<![0-9.])(?P<digits>{_WHOLE}(?:\.[0-9]+)?)\s*(?P<scale>{_SCALE})?", re.I)
_LONG = 4


def long_numbers(text: str) -> Counter[str]:
    """The numbers of four digits or more and how often each stands there, written alike: without commas between
    thousands, in ASCII digits, and with a scale word (5000万, 50 million) multiplied out."""
    return Counter(value for value, digits in _numbers(text) if digits >= _LONG)


def has_lost_number(source: str, translation: str) -> bool:
    """Whether a long number of the source is missing in the translation, or stands there less often."""
    wanted = long_numbers(source)
    return bool(wanted) and not wanted <= Counter(value for value, _ in _numbers(translation))


def _numbers(text: str) -> list[tuple[str, int]]:
    """(the number written alike, how many digits it had) for each number of a text."""
    found = []
    for match in _NUMBER.finditer(normalize("NFKC", text)):
        digits = match["digits"].replace(",", "")
        value = digits
        if match["scale"]:
            value = f"{Decimal(digits).scaleb(_SCALES[match['scale'].lower()]).normalize():f}"
        found.append((value, sum(map(str.isdigit, digits))))
    return found
