"""What it costs to have several sentences on one line: BLEU of sentences joined by 1, 2, 4 and 8.

    python -m tests.benchmarks.joined_sentences PAIRS.tsv [--model zh-en] [--limit 1000] [--split off]

Sentences that follow each other are joined as their language joins them, so are the references. "one by one" translates
each by itself and joins the translations: what splitting must come near.
"""

import argparse
from itertools import islice

import tfcli
from tests.benchmarks.report import table
from tfcli.config import CorpusConfig
from tfcli.data.corpus import read_pairs
from tfcli.evaluation import bleu
from tfcli.text.languages import find_language

_JOINED = (1, 2, 4, 8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", help="a TSV of sentence pairs, related ones beside each other")
    parser.add_argument("--model", default="zh-en", help="a model folder, a run, or a shipped model")
    parser.add_argument("--limit", type=int, default=1000, help="use the first so many pairs")
    parser.add_argument("--split", choices=("auto", "off"), default="auto")
    options = parser.parse_args()
    translator = tfcli.load(options.model, split=options.split == "auto")
    pairs = list(islice(read_pairs(CorpusConfig(options.pairs)), options.limit))
    config = translator.bundle.config
    single = translator.translate([pair.source for pair in pairs])
    rows = []
    for size in _JOINED:
        sources = _join([pair.source for pair in pairs], size, config.source)
        references = _join([pair.target for pair in pairs], size, config.target)
        apart = bleu(_join(single, size, config.target), references, config.target).value
        together = bleu(translator.translate(sources), references, config.target).value
        rows.append((str(size), f"{apart:.2f}", f"{together:.2f}", f"{together - apart:+.2f}"))
    print(table(("sentences a line", "one by one", "joined", ""), rows))


def _join(texts: list[str], size: int, language: str) -> list[str]:
    join = find_language(language).join
    return [join(texts[start : start + size]) for start in range(0, len(texts), size)]


if __name__ == "__main__":
    main()
