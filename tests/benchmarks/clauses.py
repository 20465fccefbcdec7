"""From how many tokens on a sentence is better translated clause by clause: BLEU by the length that stays whole.

    python -m tests.benchmarks.clauses PAIRS.tsv [--model zh-en] [--tokens 30,45,60,80,127]

`COMFORTABLE_TOKENS` in tfcli/decoding/translator.py is the length that is used. Take text with long sentences, such as
news; how well a model reads these depends on what it was trained on.
"""

import argparse

import tfcli
from tests.benchmarks.report import table
from tfcli.config import CorpusConfig
from tfcli.data.corpus import read_pairs
from tfcli.decoding import translator as decoding
from tfcli.evaluation import bleu, chrf


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", help="a TSV of sentence pairs")
    parser.add_argument("--model", default="zh-en", help="a model folder, a run, or a shipped model")
    parser.add_argument("--tokens", default="30,45,60,80,127", help="lengths, by commas")
    options = parser.parse_args()
    translator = tfcli.load(options.model)
    pairs = [(pair.source, pair.target) for pair in read_pairs(CorpusConfig(options.pairs))]
    references, target = [reference for _, reference in pairs], translator.bundle.config.target
    rows = []
    for tokens in map(int, options.tokens.split(",")):
        decoding.COMFORTABLE_TOKENS = tokens
        results = translator.translate_detailed([source for source, _ in pairs])
        lines = [result.translation for result in results]
        scores = bleu(lines, references, target).value, chrf(lines, references).value
        counts = [str(sum(flag in result.flags for result in results)) for flag in ("split", "cut", "loop")]
        rows.append((str(tokens), *(f"{score:.2f}" for score in scores), *counts))
    print(table(("whole up to", "BLEU", "chrF2", "lines split", "cut", "loops"), rows))


if __name__ == "__main__":
    main()
