"""Which script a text is written in: enough to tell a reader that it is not what a model reads."""

import re
from collections import Counter

_LETTERS = {
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
}
_PATTERNS = {script: re.compile(f"[{letters}]") for script, letters in _LETTERS.items()}

# What a text in this script most often is; a script of many languages is called by its own name.
_LOOKS_LIKE = {"Han": "Chinese", "Kana": "Japanese", "Hangul": "Korean", "Latin": "English"}
_LOOKS_LIKE |= {"Greek": "Greek", "Hebrew": "Hebrew", "Thai": "Thai"}

_LATIN = ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "cs", "sv", "da", "no", "fi", "hu", "ro", "tr", "vi", "id"]
_SOURCE_SCRIPTS = {"zh": {"Han"}, "ja": {"Han", "Kana"}, "ko": {"Hangul", "Han"}, "th": {"Thai"}, "el": {"Greek"}}
_SOURCE_SCRIPTS |= {"ru": {"Cyrillic"}, "uk": {"Cyrillic"}, "bg": {"Cyrillic"}, "ar": {"Arabic"}, "fa": {"Arabic"}}
_SOURCE_SCRIPTS |= {"he": {"Hebrew"}, "hi": {"Devanagari"}}
_SOURCE_SCRIPTS |= {code: {"Latin"} for code in _LATIN}

_FOREIGN = 0.8
_KANA = 0.2  # a Japanese sentence is about half kana; a Chinese one has none

NAMES = {"zh": "Chinese", "en": "English", "ja": "Japanese", "ko": "Korean", "de": "German", "fr": "French"}
NAMES |= {"es": "Spanish", "it": "Italian", "pt": "Portuguese", "ru": "Russian", "ar": "Arabic", "he": "Hebrew"}
"""What people call a language, by its code."""


def count_letters(text: str) -> Counter[str]:
    """How many letters of each known script a text has."""
    return Counter({script: count for script, letters in _PATTERNS.items() if (count := len(letters.findall(text)))})


def foreign(letters: Counter[str], language: str) -> str | None:
    """What a text of these letters looks like, if four fifths of them, or a fifth in kana, are in no script of
    `language`; None if it may well be that language, and for a language whose script is not known here."""
    own, total = _SOURCE_SCRIPTS.get(language), letters.total()
    if not own or not total:
        return None
    others = Counter({script: count for script, count in letters.items() if script not in own})
    if others["Kana"] >= _KANA * total:
        return _LOOKS_LIKE["Kana"]
    if others.total() < _FOREIGN * total:
        return None
    script = others.most_common(1)[0][0]
    return _LOOKS_LIKE.get(script, f"{script} script")
