"""Names that a translation takes over as they are: files, versions, products, codes, words in another script.

Whether a model keeps such a name is looked at afterwards; most of them it does keep, and knows best where they go.
"""

import re
from collections.abc import Collection, Iterator

from tfcli.text.languages import find_language

_PART = r"[A-Za-z0-9\u00c0-\u024f][\w\u00c0-\u024f.+#&/\\:@'’~-]*"
# Several words are one name: iPhone 15 Pro. Not one letter alone: T恤 is a T-shirt.
_FOREIGN = re.compile(rf"(?<![A-Za-z0-9\u00c0-\u024f])(?=[0-9.,:]*[A-Za-z\u00c0-\u024f])(?:{_PART})(?: {_PART})*", re.A)
_TRAILING = ".:'’~-/\\&@+"

_FILE = r"(?<![\w.])[\w][\w.-]*\.[a-z][a-z0-9]{1,4}(?![\w])"
_PATH = r"(?<![\w/.])(?:~|\.{1,2})?(?:/[\w.-]+){2,}/?|\b[A-Za-z]:\\[\w.\\-]+"
_VERSION = r"(?<![\w.])v[0-9]+(?:\.[0-9]+)*(?![\w])|(?<![\w.])[0-9]+(?:\.[0-9]+){2,}(?![\w.])"
_FILES = re.compile(f"{_FILE}|{_PATH}|{_VERSION}", re.A)
# In a language whose words these letters write, what can be no word of it: RTX4090, iPhone. WeChat may well be 微信.
_ODD = re.compile(
    r"(?<![\w'’#@-])(?:[a-z]{1,3}[A-Z]\w*?|[A-Za-z]+-?[0-9]{2,}\w*?|[A-Za-z]+[0-9]+[A-Za-z]+\w*?)(?=s?(?![\w'’-]))",
    re.A,
)

Found = tuple[int, int, str]


def find_names(text: str, language: str, kinds: Collection[str]) -> Iterator[Found]:
    """(start, end, name) of each name in a text of a language; they do not overlap."""
    latin = "Latin" in find_language(language).scripts
    patterns = [_FILES] if "file" in kinds else []
    if "name" in kinds:
        patterns.append(_ODD if latin else _FOREIGN)
    taken = 0
    matches = sorted(
        (match.start(), -match.end(), match[0]) for pattern in patterns for match in pattern.finditer(text)
    )
    for start, _, name in matches:
        name = name.rstrip(_TRAILING)
        if start >= taken and len(name) > 1:
            taken = start + len(name)
            yield start, taken, name


def keeps_name(name: str, translation: str) -> bool:
    """Whether a name stands in a translation, however it is spaced and capitalized there."""
    return _fold(name) in _fold(translation)


def _fold(text: str) -> str:
    return re.sub(r"[\s'’\-]", "", text).casefold()
