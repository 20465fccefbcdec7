"""Whether engines translate alike: each data type of CTranslate2 against torch in float32, over sentence pairs.

    python -m tests.benchmarks.engine_parity [--pairs dev.tsv] [--model zh-en]

In float32 translations may differ only where two tokens are, to 1e-4, as probable as each other; then their scores are
as close. In int8 they differ more often, and what counts is their quality.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.report import machine, table
from tfcli.bundle import Bundle, locate, read_bundle
from tfcli.config import CorpusConfig
from tfcli.data.corpus import PHRASEBOOK, read_pairs
from tfcli.decoding.translation import Translation
from tfcli.decoding.translator import Translator
from tfcli.evaluation import bleu, chrf

SIDES = (("torch", "float32"), ("ctranslate2", "float32"), ("ctranslate2", "int8"))
_TIE = 1e-4


@dataclass(frozen=True)
class Parity:
    """Of one side. different: translations that are not those of the first side; ties: those of them whose scores are
    equal to 1e-4; flagged: sentences with other flags."""

    name: str
    different: int
    ties: int
    flagged: int
    bleu: float
    chrf: float


def compare(bundle: Bundle, sources: Sequence[str], references: Sequence[str], threads: int = 1) -> list[Parity]:
    found = []
    first: list[Translation] = []
    for engine, dtype in SIDES:
        own = Translator(bundle, "cpu", dtype, threads, engine).translate_detailed(sources)
        first = first or own
        pairs = [(a, b) for a, b in zip(own, first, strict=True) if a.translation != b.translation]
        ties = sum(abs(a.score - b.score) < _TIE for a, b in pairs)
        flagged = sum(a.flags != b.flags for a, b in zip(own, first, strict=True))
        translations = [one.translation for one in own]
        quality = bleu(translations, references, bundle.config.target).value, chrf(translations, references).value
        found.append(Parity(f"{engine} {dtype}", len(pairs), ties, flagged, *quality))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="zh-en", help="a model folder, a run, or a shipped model")
    parser.add_argument("--pairs", default=PHRASEBOOK, help="a TSV of sentence pairs")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    pairs = list(read_pairs(CorpusConfig(options.pairs)))
    sources, references = [pair.source for pair in pairs], [pair.target for pair in pairs]
    rows = [
        [one.name, f"{one.different:,}", f"{one.ties:,}", f"{one.flagged:,}", f"{one.bleu:.2f}", f"{one.chrf:.2f}"]
        for one in compare(read_bundle(locate(options.model)), sources, references, options.threads)
    ]
    print(f"{len(pairs):,} pairs of {options.pairs}; {machine('torch', 'ctranslate2')}\n")
    print(table(["", "different", "of them ties", "other flags", "BLEU", "chrF2"], rows))


if __name__ == "__main__":
    main()
