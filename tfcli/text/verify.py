"""Whether a translation says what must not get lost: terms of a glossary, names, numbers.

They are looked for in the translation first, and put behind placeholders only where they are missing. A model knows
best where a name or a term goes and what goes with it, and was trained on few placeholders: of 1,178 Tatoeba sentences
with words of CC-CEDICT as terms, zh-en keeps 82 % of them by itself (41.4 BLEU), 96 % this way (42.9), and with every
term behind a placeholder 87 % (24.1 BLEU); `tests/benchmarks/glossary.py` measures it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tfcli.text.glossary import Found, Glossary, keeps_term
from tfcli.text.names import find_names, keeps_name
from tfcli.text.numbers import Number, find_numbers, invented_numbers, lost_numbers

KINDS = ("file", "name", "number")
"""What can be looked for, beside the terms of a glossary."""


@dataclass(frozen=True)
class Losses:
    """What a translation does not say. terms, names, numbers: places in the sentence, and what belongs there; numbers
    are all of them where a translation has some of its own making. num_numbers: how many are lost or made up."""

    terms: list[Found] = field(default_factory=list)
    names: list[Found] = field(default_factory=list)
    numbers: list[Found] = field(default_factory=list)
    num_numbers: int = 0

    def __len__(self) -> int:
        return len(self.terms) + len(self.names) + self.num_numbers

    def replacements(self) -> list[Found]:
        """What can be put behind placeholders so that it comes out right: no two overlap."""
        chosen: list[Found] = []
        for start, end, text in (*self.terms, *self.names, *self.numbers):
            if text and all(end <= first or last <= start for first, last, _ in chosen):
                chosen.append((start, end, text))
        return sorted(chosen)


@dataclass(frozen=True)
class Checks:
    """What is looked for. kinds: of KINDS. languages: codes of source and target."""

    kinds: frozenset[str]
    languages: tuple[str, str]
    glossary: Glossary = field(default_factory=Glossary)

    def losses(self, sentence: str, translation: str) -> Losses:
        """What of a sentence its translation does not say. Both without protected spans."""
        terms = self.glossary.find(sentence)
        names = _apart(find_names(sentence, self.languages[0], self.kinds), terms)
        lost_terms = [term for term in terms if not keeps_term(term[2], translation)]
        lost_names = [name for name in names if not keeps_name(name[2], translation)]
        if "number" not in self.kinds:
            return Losses(lost_terms, lost_names)
        invented = invented_numbers(sentence, translation, self.languages)
        lost = list(_apart(map(_found, lost_numbers(sentence, translation, self.languages)), [*terms, *names]))
        numbers = _apart(map(_found, find_numbers(sentence, *self.languages)), [*terms, *names]) if invented else lost
        return Losses(lost_terms, lost_names, numbers, len(lost) + len(invented))


def _found(number: Number) -> Found:
    return number.start, number.end, number.text


def _apart(found: Iterable[Found], others: list[Found]) -> list[Found]:
    """Those that share no character with the others."""
    return [one for one in found if all(one[1] <= start or end <= one[0] for start, end, _ in others)]
