"""How well cross-attention aligns words: alignment error rates over sentence pairs aligned by hand.

    python -m tests.benchmarks.alignment [--model zh-en] [--pairs dev.tsv [--store]]

Two rows need no model: links drawn evenly (the expected rate), and links along the diagonal. The others are the heads
of every layer and their mean, read while a target token is chosen and one step later. The rule of
tfcli/attention_maps/aligner.py sees none of these pairs; the place it has chosen is marked. With --pairs it chooses
again, from a TSV of sentence pairs, and --store writes its choice into the model's config.json.
"""

import argparse
import dataclasses
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.benchmarks.report import table
from tfcli.attention_maps.aligner import IdPair, find_aligner
from tfcli.attention_maps.alignment import Link, alignment_error_rate, read_alignment
from tfcli.attention_maps.attention_map import Array, AttentionMap
from tfcli.attention_maps.words import SPACE, merge
from tfcli.bundle import CONFIG, Aligner, locate, read_bundle
from tfcli.config import CorpusConfig
from tfcli.data.corpus import read_pairs
from tfcli.looking import Translator

ALIGNED = Path(__file__).with_name("aligned.txt")
_PAIRS = 200


@dataclass(frozen=True)
class AlignedPair:
    """One sentence pair as words, and the links between them that must be found and those that may be."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    sure: set[Link]
    possible: set[Link]

    @property
    def texts(self) -> tuple[str, str]:
        """Chinese without spaces, English with them, but not before punctuation."""
        return "".join(self.source), re.sub(r" (?=[.,?!])", "", " ".join(self.target))


def read_aligned(path: Path = ALIGNED) -> list[AlignedPair]:
    """The pairs of a file like aligned.txt."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return [_parse(line) for line in lines if line and not line.startswith("#")]


def _parse(line: str) -> AlignedPair:
    source, target = ([word.partition("/")[::2] for word in side.split(" ")] for side in line.split(" ||| "))
    sure, possible = set(), set()
    for i, (_, wanted) in enumerate(target):
        for j, (_, offered) in enumerate(source):
            for one in filter(None, wanted.split(",")):
                for other in filter(None, offered.split(",")):
                    if one.rstrip("?") == other.rstrip("?"):
                        possible.add((j, i))
                        sure |= {(j, i)} if "?" not in one + other else set()
    return AlignedPair(tuple(word for word, _ in source), tuple(word for word, _ in target), sure, possible)


def group_pieces(tokens: Sequence[str], words: Sequence[str]) -> list[list[int]]:
    """Places of the pieces of each word. A piece that reaches into the next word belongs to the one it begins in."""
    ends, groups, at = np.cumsum([len(word) for word in words]), [[] for _ in words], 0
    for i, token in enumerate(tokens):
        text = token.replace(SPACE, "")
        if text and token != "</s>":
            groups[int(np.searchsorted(ends, at, side="right"))].append(i)
            at += len(text)
    if at != ends[-1]:
        raise ValueError(f"{tokens} are not the pieces of {words}")
    return groups


def error_rate(pairs: Sequence[AlignedPair], found: Sequence[Sequence[Link]]) -> float:
    """Alignment error rate of the links found in each pair."""
    counts = [alignment_error_rate(one, pair.sure, pair.possible) for one, pair in zip(found, pairs, strict=True)]
    return 1 - sum(first for first, _ in counts) / sum(second for _, second in counts)


def diagonal(pair: AlignedPair) -> list[Link]:
    last_source, last_target = len(pair.source) - 1, max(len(pair.target) - 1, 1)
    return [(round(i * last_source / last_target), i) for i in range(len(pair.target))]


def uniform_rate(pairs: Sequence[AlignedPair]) -> float:
    """What links drawn evenly give on average."""
    found = sum((len(pair.sure) + len(pair.possible)) / len(pair.source) for pair in pairs)
    return 1 - found / sum(len(pair.target) + len(pair.sure) for pair in pairs)


def word_links(pair: AlignedPair, whole: AttentionMap, place: Aligner) -> list[Link]:
    """Each target word is linked to the source word with the greatest weight at a place."""
    weights_TS = read_alignment(whole.cross.weights_LHQM, place)
    sources, targets = group_pieces(whole.source_tokens, pair.source), group_pieces(whole.target_tokens, pair.target)
    empty = [i for i, group in enumerate(targets) if not group]  # a piece that spans two words has gone to the first
    words_TS = merge(weights_TS, [group or [0] for group in targets], sources)
    return [(int(row.argmax()), i) for i, row in enumerate(words_TS) if i not in empty]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="zh-en", help="a model folder, a run, or a shipped model")
    parser.add_argument("--pairs", help="a TSV of sentence pairs for the rule to choose from")
    parser.add_argument("--store", action="store_true", help="write its choice into config.json")
    options = parser.parse_args()
    bundle = read_bundle(locate(options.model))
    translator = Translator(bundle, engine="torch")
    chosen = bundle.config.aligner
    if options.pairs:
        chosen = find_aligner(translator.engine.model, *_ids(translator, options.pairs))
        print(f"chosen from {options.pairs}: {chosen}")
    if options.store:
        _store(bundle.folder / CONFIG, chosen)
    pairs = read_aligned()
    maps = [translator.attention(*pair.texts) for pair in pairs]
    rows = [("links drawn evenly", uniform_rate(pairs), "")]
    rows.append(("the diagonal", error_rate(pairs, [diagonal(pair) for pair in pairs]), ""))
    for place in _places(maps[0].cross.weights_LHQM):
        found = [word_links(pair, whole, place) for pair, whole in zip(pairs, maps, strict=True)]
        rows.append((_describe(place), error_rate(pairs, found), _mark(place, chosen)))
    print(f"{len(pairs)} pairs, {sum(len(pair.sure) for pair in pairs)} sure links")
    print(table(("", "error rate", ""), [(name, f"{rate:.3f}", mark) for name, rate, mark in rows]))


def _ids(translator: Translator, name: str) -> tuple[list[IdPair], list[int]]:
    """Pairs of a TSV as ids, and the ids of a lone space."""
    encode, tokenizer = translator.tokenizer.encode, translator.tokenizer
    pairs = [(encode(pair.source), encode(pair.target)) for pair in read_pairs(CorpusConfig(name))]
    spaces = [i for i, piece in enumerate(tokenizer.pieces(range(len(tokenizer)))) if piece == SPACE]
    return [pair for pair in pairs if all(pair)][:_PAIRS], spaces


def _places(weights_LHTS: Array) -> list[Aligner]:
    num_layers, num_heads = weights_LHTS.shape[:2]
    return [
        Aligner(0, layer, head, after)
        for after in (False, True)
        for layer in range(1, num_layers + 1)
        for head in range(num_heads + 1)
    ]


def _describe(place: Aligner) -> str:
    heads = f"head {place.head}" if place.head else "mean of heads"
    return f"layer {place.layer}, {heads}, {'one step later' if place.after else 'when it is chosen'}"


def _mark(place: Aligner, chosen: Aligner) -> str:
    if place == dataclasses.replace(chosen, view=0):
        return "<- links"
    return "<- shown" if place == Aligner(layer=chosen.view) else ""


def _store(path: Path, chosen: Aligner) -> None:
    config = json.loads(path.read_text(encoding="utf-8")) | {"aligner": dataclasses.asdict(chosen)}
    path.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
