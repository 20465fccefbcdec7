"""Which script a text is written in: enough to tell a reader that it is not what a model reads."""

import re
from collections import Counter

from tfcli.text.languages import LANGUAGES, Script, find_language

_LETTERS: dict[Script, str] = {
    "Han": "\u2e80-\u2fdf\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",
    "Kana": "\u3041-\u30ff\uff66-\uff9d",
    "Hangul": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3",
    "Latin": "A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a",
    "Cyrillic": "\u0400-\u052f",
    "Greek": "\u0370-\u03ff\u1f00-\u1fff",
    "Arabic": "\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc",
    "Hebrew": "\u0590-\u05ff",
    "Devanagari": "\u0900-\u097f",
    "Thai": "\u0e00-\u0e7f",
    "Lao": "\u0e80-\u0eff",
    "Khmer": "\u1780-\u17ff",
    "Myanmar": "\u1000-\u109f",
}
_PATTERNS = {script: re.compile(f"[{letters}]") for script, letters in _LETTERS.items()}

# What a text in this script most often is; a script of many languages is called by its own name.
_LOOKS_LIKE: dict[Script, str] = {"Han": "zh", "Kana": "ja", "Hangul": "ko", "Latin": "en", "Greek": "el"}
_LOOKS_LIKE |= {"Hebrew": "he", "Thai": "th", "Lao": "lo", "Khmer": "km", "Myanmar": "my"}

_FOREIGN = 0.8
_KANA = 0.2  # a Japanese sentence is about half kana; a Chinese one has none


def has_letters_of(text: str, language: str) -> bool:
    """Whether a letter of a script of `language` stands in the text; True for a language of an unknown script."""
    scripts = find_language(language).scripts
    return not scripts or any(_PATTERNS[script].search(text) for script in scripts)


def letters_without_spaces() -> str:
    """The letters of scripts whose words have no space between them, as the inside of a regular expression's [ ]."""
    scripts = {script for row in LANGUAGES.values() if not row.spaced for script in row.scripts}
    return "".join(_LETTERS[script] for script in sorted(scripts))


def count_letters(text: str) -> Counter[str]:
    """How many letters of each known script a text has."""
    return Counter({script: count for script, letters in _PATTERNS.items() if (count := len(letters.findall(text)))})


def foreign(letters: Counter[str], language: str) -> str | None:
    """What a text of these letters looks like, if four fifths of them, or a fifth in kana, are in no script of
    `language`; None if it may well be that language, and for a language whose script is not known here."""
    own, total = find_language(language).scripts, letters.total()
    if not own or not total:
        return None
    others = Counter({script: count for script, count in letters.items() if script not in own})
    if others["Kana"] >= _KANA * total:
        return _name("Kana")
    if others.total() < _FOREIGN * total:
        return None
    return _name(others.most_common(1)[0][0])


def _name(script: Script) -> str:
    return find_language(_LOOKS_LIKE[script]).name if script in _LOOKS_LIKE else f"{script} script"
