"""Terms and their translations, as a user wants them: read from TSV files, found in a text, looked for afterwards."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tfcli.disk import open_input
from tfcli.errors import DataError
from tfcli.text.lines import read_lines
from tfcli.text.scripts import letters_without_spaces

Found = tuple[int, int, str]
"""Where something stands in a text, from and to, and what is to stand in the translation for it."""

_WITHIN_WORD = re.compile(f"(?![{letters_without_spaces()}])\\w")
_FREE_ENDING = 4  # from so many letters on, an ending may follow: server, servers; but AI is not in Air


@dataclass(frozen=True)
class Glossary:
    """Translations by source term. A term in lower case is found in any case."""

    terms: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self):
        lengths = {}
        for term in self.terms:
            lengths.setdefault(term[0].lower(), set()).add(len(term))
        object.__setattr__(self, "_lengths", {char: sorted(found, reverse=True) for char, found in lengths.items()})

    def find(self, text: str) -> list[Found]:
        """Where its terms stand in a text: from left to right, at each place the longest one, whole words only."""
        found, at = [], 0
        while self.terms and at < len(text):
            lengths = self._lengths.get(text[at].lower(), ())
            term = next((t for length in lengths if (t := self._term(text, at, at + length))), None)
            if term:
                found.append((at, at + len(term), self.terms[term]))
            at += len(term) if term else 1
        return found

    def _term(self, text: str, start: int, end: int) -> str | None:
        written = text[start:end]
        term = written if written in self.terms else written.lower()
        if end > len(text) or term not in self.terms or len(term) != end - start:
            return None
        return None if _cuts_word(text, start) or _cuts_word(text, end) else term


def _cuts_word(text: str, at: int) -> bool:
    """Whether a word of a script with spaces goes on over this place."""
    return 0 < at < len(text) and bool(_WITHIN_WORD.match(text[at - 1]) and _WITHIN_WORD.match(text[at]))


def keeps_term(term: str, translation: str) -> bool:
    """Whether a term stands in a translation as a word, in any case unless it has capitals of its own."""
    if not term:
        return True
    before = r"(?<!\w)" if _WITHIN_WORD.match(term[0]) else ""
    after = r"(?!\w)" if _WITHIN_WORD.match(term[-1]) and len(term) < _FREE_ENDING else ""
    pattern = before + r"\s+".join(map(re.escape, term.split())) + after
    return re.search(pattern, translation, re.I if term == term.lower() else 0) is not None


def read_glossaries(paths: Iterable[str | Path]) -> Glossary:
    """The terms of TSV files: `term<TAB>translation`, notes may follow; later files come first. Blank lines and those
    that begin with # are passed over. DataError, with file and line, for a line without a translation."""
    terms: dict[str, str] = {}
    for path in paths:
        with open_input(path) as stream:
            for line in read_lines(stream):
                cells = [" ".join(cell.split()) for cell in line.text.split("\t")]
                if line.replaced:
                    raise DataError(f"{path}: line {line.number} is not UTF-8")
                if not any(cells) or cells[0].startswith("#"):
                    continue
                if len(cells) < 2 or not all(cells[:2]):
                    raise DataError(
                        f"{path}: line {line.number} has no translation", "a line is   term<TAB>translation<TAB>notes"
                    )
                terms[cells[0]] = cells[1]
    return Glossary(terms)
