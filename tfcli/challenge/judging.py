"""Whether a translation says what it must: compared by words and values, not by how they are written."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from tfcli.challenge.english_numbers import fold_numbers
from tfcli.challenge.sentences import Sentence

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_SHORT_MONTHS = {month[:3]: month for month in _MONTHS} | {"sept": "september"}
_NUMBER = r"\d[\d.,]*(?: ?(?:hundred|thousand|million|billion|trillion))*"
# In this order: each sees what the ones before have made of the text.
_REWRITES = [
    (r"[\u2018\u2019`]", "'"),
    (r"'s\b|'", ""),
    (r"(?<![\w.])[-\u2212](?=\d)", " minus "),
    (r"(?<=\d),(?=\d{3}(?!\d))", ""),
    (rf"\bhk ?\$ ?({_NUMBER})", r"\1 hong kong dollar "),
    (r"\bus ?\$", "$"),
    (r"\b(?:rmb|cny|cn\u00a5) ?(?=\d)", "\u00a5"),
    *((rf"{sign} ?({_NUMBER})", rf"\1 {name} ") for sign, name in ((r"\$", "dollar"), ("\u20ac", "euro"))),
    *((rf"{sign} ?({_NUMBER})", rf"\1 {name} ") for sign, name in (("\u00a3", "pound"), ("\u00a5", "yuan"))),
    (r"\b(?:rmb|renminbi|cny|kuai)\b", "yuan"),
    (r"%|\bper cent\b", " percent "),
    (r"\b([ap])\. ?m\b\.?", r"\1m "),
    (r"(?<=\d)(am|pm)\b", r" \1"),
]
_REWRITERS = [(re.compile(pattern), replacement) for pattern, replacement in _REWRITES]
_WORD = re.compile(r"[^\W_]+(?:(?<=\d)[.:/](?=\d)[^\W_]+)*|[,.;:!?]")
_MONTH_FIRST = re.compile(rf"\b({'|'.join(_MONTHS)}) (?:the )?(\d\d?)(?:st|nd|rd|th)\b")
_DAY_FIRST = re.compile(rf"\b(?:the )?(\d\d?)(?:st|nd|rd|th)?(?: day)?(?: of)? ({'|'.join(_MONTHS)})\b(?! \d\d?\b)")


@dataclass(frozen=True)
class Verdict:
    """What a translation lacks, each as its alternatives were written, and what it should not have said."""

    lacks: tuple[str, ...]
    says: tuple[str, ...]

    @property
    def right(self) -> bool:
        return not self.lacks and not self.says


def judge(sentence: Sentence, translation: str) -> Verdict:
    """A right translation holds one alternative of everything wanted, and nothing that is unwanted."""
    words = normalize(translation)
    return Verdict(
        tuple("|".join(forms) for forms in sentence.wanted if not any(_stands_in(words, form) for form in forms)),
        tuple(form for form in sentence.unwanted if _stands_in(words, form)),
    )


def normalize(text: str) -> list[str]:
    """Words of an English text in lower case without accents and plural s, numbers by value, dates as month and day."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).lower())
    text = "".join(char for char in decomposed if not unicodedata.combining(char))
    for pattern, replacement in _REWRITERS:
        text = pattern.sub(replacement, text)
    words = [word for word in fold_numbers(_WORD.findall(text)) if word[0].isalnum()]
    return [_singular(word) for word in _fold_dates(words)]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _fold_dates(words: list[str]) -> list[str]:
    """The 3rd of May, 3 May and May 3rd become may 3."""
    text = " ".join(_SHORT_MONTHS.get(word, word) for word in words)
    months = "|".join(_MONTHS)
    text = re.sub(rf"\b({months}) (?:the )?(\d\d?)(?:st|nd|rd|th)\b", r"\1 \2", text)
    text = re.sub(
        rf"\b(?:the )?(\d\d?)(?:(?:st|nd|rd|th)(?: day)?(?: of)?| of)? ({months})\b(?! \d\d?\b)", r"\2 \1", text
    )
    return text.split()


def _stands_in(words: Sequence[str], form: str) -> bool:
    wanted = normalize(form)
    return any(list(words[at : at + len(wanted)]) == wanted for at in range(len(words) - len(wanted) + 1))
