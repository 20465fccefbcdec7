"""What a glossary does to sentences that hold its terms: BLEU, chrF2, and how many terms come out.

    python -m tests.benchmarks.glossary PAIRS.tsv TERMS.tsv [--model zh-en]

Of the pairs, those count in which every term of the source stands in the reference as the glossary has it. TERMS.tsv
may have many translations of a term (a dictionary): the one that stands in most references is the glossary's. Rows:
without a glossary; terms looked for and put behind placeholders where they are missing, as `translate --glossary` does;
every term behind a placeholder at once.
"""

import argparse
from collections import Counter, defaultdict

import tfcli
from tests.benchmarks.report import table
from tfcli.config import CorpusConfig
from tfcli.data.corpus import read_pairs
from tfcli.decoding.translator import Translator
from tfcli.evaluation import bleu, chrf
from tfcli.text.glossary import Glossary, keeps_term

Pairs = list[tuple[str, str]]


class _PlaceholdersFirst(Translator):
    """Puts every term behind a placeholder before anything is translated."""

    def _read(self, marked, piece, others=()):
        return super()._read(marked, piece, others or self._checks.glossary.find(piece))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", help="a TSV of sentence pairs")
    parser.add_argument("terms", help="a TSV of terms and translations")
    parser.add_argument("--model", default="zh-en", help="a model folder, a run, or a shipped model")
    options = parser.parse_args()
    pairs = [(pair.source, pair.target) for pair in read_pairs(CorpusConfig(options.pairs))]
    glossary = _choose_terms(pairs, options.terms)
    pairs = [pair for pair in pairs if _holds_terms(glossary, *pair)]
    found = sum(len(glossary.find(source)) for source, _ in pairs)
    print(f"{len(pairs):,} sentences, {found:,} times one of {len(glossary.terms):,} terms")
    bundle = tfcli.load(options.model).bundle
    ways = {"without": Translator(bundle), "as --glossary": Translator(bundle, glossary=glossary)}
    ways["placeholders first"] = _PlaceholdersFirst(bundle, glossary=glossary)
    rows = [(name, *_measure(translator, pairs, glossary)) for name, translator in ways.items()]
    print(table(("", "BLEU", "chrF2", "terms kept", "lines flagged"), rows))


def _choose_terms(pairs: Pairs, terms: str) -> Glossary:
    """Of the translations of each term the one that stands in most references beside it."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for pair in read_pairs(CorpusConfig(terms)):
        if len(pair.source) > 1 and len(pair.target) > 1:
            wanted[pair.source].add(pair.target.rstrip("."))
    everything, counts = Glossary({term: term for term in wanted}), defaultdict(Counter)
    for source, reference in pairs:
        for _, _, term in everything.find(source):
            counts[term].update(target for target in wanted[term] if keeps_term(target, reference))
    return Glossary({term: count.most_common(1)[0][0] for term, count in counts.items() if count})


def _holds_terms(glossary: Glossary, source: str, reference: str) -> bool:
    found = glossary.find(source)
    return bool(found) and all(keeps_term(target, reference) for _, _, target in found)


def _measure(translator: Translator, pairs: Pairs, glossary: Glossary) -> tuple[str, ...]:
    results = translator.translate_detailed([source for source, _ in pairs])
    lines, references = [result.translation for result in results], [reference for _, reference in pairs]
    wanted = [[target for _, _, target in glossary.find(source)] for source, _ in pairs]
    kept = [keeps_term(target, line) for line, targets in zip(lines, wanted, strict=True) for target in targets]
    scores = bleu(lines, references, translator.bundle.config.target).value, chrf(lines, references).value
    flagged = sum("glossary" in result.flags for result in results)
    return *(f"{score:.2f}" for score in scores), f"{sum(kept) / len(kept):.1%}", str(flagged)


if __name__ == "__main__":
    main()
