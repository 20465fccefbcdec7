"""How many shifted pairs `tfcli data check` finds, by a model and by words alone.

    python -m tests.benchmarks.scoring CORPUS.tsv... [--model zh-en] [--pairs 2000] [--words 50000]

In each corpus every tenth pair, in runs of ten, gets the translation of its neighbour. Precision counts all other pairs
as fine, also those of them that are not. "sure" is what the model says its precision is; "P = R" is what both would be
at the best threshold for this corpus, which nobody knows. The words are learned from --words pairs, 50,000 in
`data check`.
"""

import argparse
import random
import time
from collections.abc import Sequence
from itertools import islice

import numpy as np

from tests.benchmarks.report import machine, table
from tfcli.bundle import locate, read_bundle
from tfcli.config import CorpusConfig
from tfcli.data.checking import misaligned
from tfcli.data.corpus import Pair, read_pairs
from tfcli.scoring.judging import Scores
from tfcli.scoring.scorer import Scorer

_RUN, _EVERY = 10, 100


def shift(pairs: Sequence[Pair], seed: int = 0) -> tuple[list[Pair], np.ndarray]:
    """The pairs, in every hundred of them a run of ten with each other's targets, and which those are."""
    rng, targets, is_shifted = random.Random(seed), [pair.target for pair in pairs], np.zeros(len(pairs), dtype=bool)
    for start in range(0, len(pairs) - _EVERY + 1, _EVERY):
        run = slice(first := start + rng.randrange(_EVERY - _RUN), first + _RUN)
        targets[run] = [*targets[run][1:], targets[first]]
        is_shifted[run] = True
    return [Pair(pair.number, pair.source, target) for pair, target in zip(pairs, targets, strict=True)], is_shifted


def precision_recall(is_found: np.ndarray, is_shifted: np.ndarray) -> tuple[float, float]:
    both = np.count_nonzero(is_found & is_shifted)
    return both / max(np.count_nonzero(is_found), 1), both / max(np.count_nonzero(is_shifted), 1)


def break_even(sure: np.ndarray, is_shifted: np.ndarray) -> float:
    """Precision and recall where as many pairs are called misaligned as are."""
    most_sure = np.argsort(-sure, kind="stable")[: np.count_nonzero(is_shifted)]
    return float(is_shifted[most_sure].mean())


def rows_of(path: str, scorer: Scorer, count: int, sample: int) -> list[tuple[str, ...]]:
    pairs, is_shifted = shift([pair for pair in islice(read_pairs(CorpusConfig(path)), sample) if all(pair[1:])])
    by_words = misaligned(pairs)
    pairs, is_shifted = pairs[:count], is_shifted[:count]
    scores, started = Scores(), time.process_time()
    for score in scorer.score([pair[1:] for pair in pairs]):
        scores.add(score)
    speed = len(pairs) / (time.process_time() - started)
    sure = scores.sureness()
    found = sure > 0.5
    told = f"{sure[found].mean():.1%}" if found.any() else ""
    best = f"{break_even(sure, is_shifted):.1%}"
    rows = [("model", found, told, best, f"{speed:.0f}"), ("words", np.array([*map(by_words, pairs)]), "", "", "")]
    return [
        (path, f"{len(pairs):,}", name, *(f"{value:.1%}" for value in precision_recall(found, is_shifted)), *others)
        for name, found, *others in rows
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="+", metavar="CORPUS.tsv")
    parser.add_argument("--model", default="zh-en", help="a model folder, a run, or a shipped model")
    parser.add_argument("--pairs", type=int, default=2000, metavar="N", help="judged in each corpus")
    parser.add_argument("--words", type=int, default=50_000, metavar="N", help="pairs to learn words from")
    options = parser.parse_args()
    scorer = Scorer(read_bundle(locate(options.model)), threads=1)
    print(machine("torch"))
    rows = [row for path in options.corpora for row in rows_of(path, scorer, options.pairs, options.words)]
    header = ("corpus", "pairs", "judge", "precision", "recall", "sure", "P = R", "pairs per CPU second")
    print(table(header, rows))


if __name__ == "__main__":
    main()
