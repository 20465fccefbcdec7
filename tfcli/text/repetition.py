"""Whether a translation repeats itself although its source does not: what a model does that has lost its way."""

from collections import Counter
from collections.abc import Sequence

from tfcli.text.languages import find_language

_TIMES = 3


def is_loop(source: str, translation: str, languages: tuple[str, str]) -> bool:
    """Whether some three words in a row (characters, without spaces) stand in the translation at least three times, and
    no two in the source do. languages: of the two, by code."""
    if _most(find_language(languages[1]).words(translation), 3) < _TIMES:
        return False
    return _most(find_language(languages[0]).words(source), 2) < _TIMES


def _most(words: Sequence[str], length: int) -> int:
    """How often the most frequent run of so many words stands there."""
    runs = Counter(zip(*(words[start:] for start in range(length)), strict=False))
    return max(runs.values(), default=0)
