"""How good translations are: corpus BLEU and chrF2 by sacreBLEU, and counts of what those two forgive too easily.

Scores are of text as people read it, neither tokenized nor lowercased, and carry sacreBLEU's signature: only scores
with equal signatures can be compared.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sacrebleu.metrics import BLEU, CHRF

from tfcli.config import RewardMetric
from tfcli.errors import DataError
from tfcli.text.languages import find_language
from tfcli.text.repetition import is_loop


@dataclass(frozen=True)
class Score:
    """A corpus score from 0 to 100 with the signature of how it was measured."""

    name: str
    value: float
    signature: str


@dataclass(frozen=True)
class Evaluation:
    """Scores of one test set. bleu: Papineni 2002. chrf: chrF2, Popović 2015.

    length_ratio: words (characters where words have no spaces) of the hypotheses over those of the references.
    digits: share of the numbers of both source and reference that the hypothesis has too; None without any.
    loops: hypotheses that repeat themselves, as `text/repetition.py` tells.
    empty: hypotheses without text where the reference has some.
    """

    lines: int
    bleu: Score
    chrf: Score
    length_ratio: float
    digits: float | None
    loops: int
    empty: int


def evaluate(
    sources: Sequence[str], hypotheses: Sequence[str], references: Sequence[str], target: str, source: str = ""
) -> Evaluation:
    """Everything measured about `hypotheses`, line by line beside their sources and references.

    target: language code of the hypotheses; it chooses BLEU's tokenizer. source: that of the sources.
    Raises DataError if the three differ in length or there are none.
    """
    if not len(sources) == len(hypotheses) == len(references) or not references:
        counts = f"{len(sources):,} sources, {len(hypotheses):,} hypotheses, {len(references):,} references"
        raise DataError(f"{counts}: nothing can be scored", "give one line each, and at least one")
    return Evaluation(
        lines=len(references),
        bleu=bleu(hypotheses, references, target),
        chrf=chrf(hypotheses, references),
        length_ratio=_count_words(hypotheses, target) / max(_count_words(references, target), 1),
        digits=digit_recall(sources, hypotheses, references),
        loops=sum(is_loop(s, h, (source, target)) for s, h in zip(sources, hypotheses, strict=True)),
        empty=sum(not h.strip() and bool(r.strip()) for h, r in zip(hypotheses, references, strict=True)),
    )


def bleu(hypotheses: Sequence[str], references: Sequence[str], target: str) -> Score:
    """Corpus BLEU; languages without spaces are scored by character, the others by the words of WMT's tokenizer 13a."""
    return _score("BLEU", BLEU(tokenize=find_language(target).bleu_tokenizer), hypotheses, references)


def chrf(hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    """Corpus chrF2: n-grams of 1 to 6 characters, recall counted twice as much as precision."""
    return _score("chrF2", CHRF(), hypotheses, references)


def sentence_scores(
    metric: RewardMetric, hypotheses: Sequence[str], references: Sequence[str], target: str
) -> list[float]:
    """BLEU or chrF2 of each hypothesis by itself, 0 to 100. BLEU is smoothed, and counts no n-gram that is longer than
    the hypothesis."""
    scorer = _SENTENCE_METRICS[metric](target)
    return [scorer.sentence_score(h, [r]).score for h, r in zip(hypotheses, references, strict=True)]


def digit_recall(sources: Sequence[str], hypotheses: Sequence[str], references: Sequence[str]) -> float | None:
    """Of the numbers that stand in a source and in its reference, the share that stand in the hypothesis, 0 to 1."""
    shared = kept = 0
    for source, hypothesis, reference in zip(sources, hypotheses, references, strict=True):
        wanted = _numbers(source) & _numbers(reference)
        shared += wanted.total()
        kept += (wanted & _numbers(hypothesis)).total()
    return kept / shared if shared else None


def _score(name: str, metric: BLEU | CHRF, hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    value = metric.corpus_score(list(hypotheses), [list(references)]).score
    return Score(name, value, str(metric.get_signature()))


_SENTENCE_METRICS: dict[str, Callable[[str], BLEU | CHRF]] = {
    "bleu": lambda target: BLEU(tokenize=find_language(target).bleu_tokenizer, effective_order=True),
    "chrf": lambda target: CHRF(),
}


def _count_words(texts: Sequence[str], language: str) -> int:
    return sum(len(find_language(language).words(text)) for text in texts)


def _numbers(text: str) -> Counter[str]:
    folded = unicodedata.normalize("NFKC", text)
    return Counter(number.replace(",", "") for number in re.findall(r"\d+(?:,\d{3})*", folded))
