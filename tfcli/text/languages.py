"""What tfcli knows about languages, one row each: their script, their spacing, how BLEU cuts them into words."""

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tfcli.text.punctuation import widen

Script = Literal[
    "Han",
    "Kana",
    "Hangul",
    "Latin",
    "Cyrillic",
    "Greek",
    "Arabic",
    "Hebrew",
    "Devanagari",
    "Thai",
    "Lao",
    "Khmer",
    "Myanmar",
]


@dataclass(frozen=True)
class Language:
    """A language that a model reads or writes.

    code: ISO 639-1. name: in English. scripts: those its texts are written in; empty if unknown. example: a short
    sentence, for cards and hints; empty if unknown. codes: ISO 639-3, as other projects write it. spaced: words and
    sentences have a space between them. bleu_tokenizer: sacreBLEU's; "char" for languages without spaces whose
    tokenizer is a package of its own.
    """

    code: str
    name: str
    scripts: tuple[Script, ...] = ()
    example: str = ""
    codes: tuple[str, ...] = ()
    spaced: bool = True
    bleu_tokenizer: Literal["13a", "zh", "char"] = "13a"

    def join(self, sentences: Iterable[str]) -> str:
        """Sentences as one text. Without spaces between sentences there is still one between words of other scripts."""
        joined = ""
        for sentence in filter(None, sentences):
            is_open = self.spaced or _NARROW_WORD.fullmatch(joined[-1:] + sentence[0])
            joined += (" " if joined and is_open else "") + sentence
        return joined

    def punctuate(self, text: str) -> str:
        """A text out of a tokenizer that folds full-width marks, with the marks this language is written with."""
        return widen(text) if "Han" in self.scripts and not self.spaced else text

    def words(self, text: str) -> list[str]:
        """The words of a text; its characters where words have no space between them."""
        return text.split() if self.spaced else list("".join(text.split()))


_NARROW_WORD = re.compile("[0-9A-Za-z\u00c0-\u024f.,!?:;)%]?[0-9A-Za-z\u00c0-\u024f(]")

_ROWS = (
    Language("zh", "Chinese", ("Han",), "好久不见", ("zho", "cmn", "chi"), spaced=False, bleu_tokenizer="zh"),
    Language("en", "English", ("Latin",), "Long time no see.", ("eng",)),
    Language("ja", "Japanese", ("Kana", "Han"), "お久しぶりです。", ("jpn",), spaced=False, bleu_tokenizer="char"),
    Language("ko", "Korean", ("Hangul", "Han"), "오랜만이에요.", ("kor",)),
    Language("de", "German", ("Latin",), "Lange nicht gesehen!", ("deu", "ger")),
    Language("fr", "French", ("Latin",), "Ça fait longtemps !", ("fra", "fre")),
    Language("es", "Spanish", ("Latin",), "¡Cuánto tiempo sin verte!", ("spa",)),
    Language("it", "Italian", ("Latin",), "Da quanto tempo!", ("ita",)),
    Language("pt", "Portuguese", ("Latin",), "Há quanto tempo!", ("por",)),
    Language("nl", "Dutch", ("Latin",), "Lang niet gezien!", ("nld", "dut")),
    Language("pl", "Polish", ("Latin",), "Dawno się nie widzieliśmy.", ("pol",)),
    Language("cs", "Czech", ("Latin",), "Dlouho jsme se neviděli.", ("ces", "cze")),
    Language("sv", "Swedish", ("Latin",), "Det var länge sedan!", ("swe",)),
    Language("da", "Danish", ("Latin",), "Længe siden!", ("dan",)),
    Language("no", "Norwegian", ("Latin",), "Lenge siden sist!", ("nor", "nob")),
    Language("fi", "Finnish", ("Latin",), "Pitkästä aikaa!", ("fin",)),
    Language("hu", "Hungarian", ("Latin",), "Rég nem láttalak!", ("hun",)),
    Language("ro", "Romanian", ("Latin",), "Nu ne-am văzut de mult!", ("ron", "rum")),
    Language("tr", "Turkish", ("Latin",), "Uzun zamandır görüşemedik.", ("tur",)),
    Language("vi", "Vietnamese", ("Latin",), "Lâu rồi không gặp!", ("vie",)),
    Language("id", "Indonesian", ("Latin",), "Lama tidak bertemu!", ("ind",)),
    Language("ru", "Russian", ("Cyrillic",), "Давно не виделись!", ("rus",)),
    Language("uk", "Ukrainian", ("Cyrillic",), "Давно не бачилися!", ("ukr",)),
    Language("bg", "Bulgarian", ("Cyrillic",), "Отдавна не сме се виждали!", ("bul",)),
    Language("el", "Greek", ("Greek",), "Έχουμε καιρό να τα πούμε!", ("ell", "gre")),
    Language("ar", "Arabic", ("Arabic",), "لم أرك منذ زمن طويل.", ("ara", "arb")),
    Language("fa", "Persian", ("Arabic",), "خیلی وقت است ندیدمت.", ("fas", "pes", "per")),
    Language("he", "Hebrew", ("Hebrew",), "הרבה זמן לא התראינו.", ("heb",)),
    Language("hi", "Hindi", ("Devanagari",), "बहुत दिनों बाद मिले।", ("hin",)),
    Language("th", "Thai", ("Thai",), "ไม่ได้เจอกันนานเลย", ("tha",), spaced=False, bleu_tokenizer="char"),
    Language("lo", "Lao", ("Lao",), "", ("lao",), spaced=False, bleu_tokenizer="char"),
    Language("km", "Khmer", ("Khmer",), "", ("khm",), spaced=False, bleu_tokenizer="char"),
    Language("my", "Burmese", ("Myanmar",), "", ("mya", "bur"), spaced=False, bleu_tokenizer="char"),
)
LANGUAGES = {row.code: row for row in _ROWS}
_BY_CODE = LANGUAGES | {code: row for row in _ROWS for code in row.codes}


@functools.cache
def find_language(code: str) -> Language:
    """The row of a language by any of its codes, whatever script or region they add (zh-Hant, cmn_Hans, pt_BR); one
    that has no row is called by its code and has no known script."""
    main = re.split("[-_]", code.lower(), maxsplit=1)[0]
    return _BY_CODE.get(main) or Language(main, main)
