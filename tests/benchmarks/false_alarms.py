"""How often a translation by a person would be flagged for a lost name or number: what a flag is worth at most.

    python -m tests.benchmarks.false_alarms PAIRS.tsv... [--source zh --target en] [--show 5]

References are taken for translations, in both directions. Some alarms are right: references have errors too.
"""

import argparse

from tests.benchmarks.report import table
from tfcli.config import CorpusConfig
from tfcli.data.corpus import read_pairs
from tfcli.text.names import find_names
from tfcli.text.numbers import find_numbers
from tfcli.text.verify import KINDS, Checks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", nargs="+", help="TSVs of sentence pairs")
    parser.add_argument("--source", default="zh", help="language of the first column")
    parser.add_argument("--target", default="en", help="language of the second one")
    parser.add_argument("--show", type=int, default=0, help="print so many alarms of each set")
    options = parser.parse_args()
    rows = []
    for name in options.pairs:
        pairs = [(pair.source, pair.target) for pair in read_pairs(CorpusConfig(name))]
        rows.append(_count(name, pairs, (options.source, options.target), options.show))
        backwards = [(target, source) for source, target in pairs]
        rows.append(_count(name, backwards, (options.target, options.source), options.show))
    print(table(("set", "", "lines", "numbers", "lines flagged", "names", "lines flagged"), rows))


def _count(name: str, pairs: list[tuple[str, str]], languages: tuple[str, str], show: int) -> tuple[str, ...]:
    checks = Checks(frozenset(KINDS), languages)
    numbers = sum(len(find_numbers(source, *languages)) for source, _ in pairs)
    names = sum(len(list(find_names(source, languages[0], KINDS))) for source, _ in pairs)
    losses = [(checks.losses(source, target), source, target) for source, target in pairs]
    for lost, source, target in [row for row in losses if row[0]][:show]:
        print(f"{[*lost.names, *lost.numbers]}\n  {source}\n  {target}")
    flagged = [sum(bool(lost.num_numbers) for lost, _, _ in losses), sum(bool(lost.names) for lost, _, _ in losses)]
    shares = [f"{count} ({count / len(pairs):.1%})" for count in flagged]
    return name, " → ".join(languages), f"{len(pairs):,}", str(numbers), shares[0], str(names), shares[1]


if __name__ == "__main__":
    main()
