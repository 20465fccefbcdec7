"""How many sentences of each kind were translated rightly, and what is wrong with the others."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tfcli.challenge.judging import judge
from tfcli.challenge.sentences import Sentence
from tfcli.errors import DataError


@dataclass(frozen=True)
class Miss:
    """A sentence that was not translated rightly, with what its translation lacks and what it should not say."""

    kind: str
    source: str
    translation: str
    lacks: tuple[str, ...]
    says: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """right and all: sentences by kind, in the order of the set."""

    right: dict[str, int]
    all: dict[str, int]
    misses: tuple[Miss, ...]


def evaluate_challenge(sentences: Sequence[Sentence], translations: Sequence[str]) -> Result:
    """Judge the translations, one for each sentence. Raises DataError if there are more or fewer, or none."""
    if len(sentences) != len(translations) or not sentences:
        counts = f"{len(sentences):,} challenge sentences, {len(translations):,} translations"
        raise DataError(f"{counts}: nothing can be judged", "give one translation for each, and at least one")
    misses, counts = [], Counter(sentence.kind for sentence in sentences)
    for sentence, translation in zip(sentences, translations, strict=True):
        verdict = judge(sentence, translation)
        if not verdict.right:
            misses.append(Miss(sentence.kind, sentence.source, translation, verdict.lacks, verdict.says))
    wrong = Counter(miss.kind for miss in misses)
    return Result({kind: counts[kind] - wrong[kind] for kind in counts}, dict(counts), tuple(misses))
