"""What a tokenizer is trained on, and what there is to say about one that has been trained."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from tfcli.cli import console
from tfcli.cli.records import Reader
from tfcli.config import CorpusConfig
from tfcli.data.corpus import read_pairs

if TYPE_CHECKING:
    from tfcli.tokenizer import Tokenizer

_LOOKED_AT = 2000  # lines of each side on which the numbers are counted
_SHOWN = 5


def read_texts(files: Sequence[str], most: int) -> dict[str, list[str]]:
    """Texts by side ("source" and "target" of a TSV, else the file's name), at most so many rows, evenly chosen."""
    count = sum(1 for file in files for _ in _rows(file))
    kept = min(count, most)
    sides: dict[str, list[str]] = {}
    rows = (row for file in files for row in _rows(file))
    for i, row in enumerate(rows):
        if (i + 1) * kept // count > i * kept // count:
            for side, text in row.items():
                sides.setdefault(side, []).append(text)
    if kept < count:
        console.note(f"{kept:,} of {count:,} lines are looked at; --sample takes more")
    return sides


def _rows(file: str) -> Iterator[dict[str, str]]:
    if ".tsv" in file:
        return ({"source": pair.source, "target": pair.target} for pair in read_pairs(CorpusConfig(file)))
    return ({file: record.text} for record in Reader("text", "", "strict", again=True).read([file], arguments=False))


def describe_training(tokenizer: "Tokenizer", sides: dict[str, list[str]]) -> list[str]:
    """Coverage and tokens per line of each side, and some segmentations."""
    lines = [f"{len(tokenizer):,} pieces, SHA-256 {tokenizer.sha256}"]
    for side, texts in sides.items():
        sample = texts[:: max(len(texts) // _LOOKED_AT, 1)]
        tokens = sum(map(len, tokenizer.encode_batch(sample)))
        characters = Counter(char for text in sample for char in text)
        known = sum(n for char, n in characters.items() if not tokenizer.count_unknown(tokenizer.encode(char)))
        coverage = known / max(characters.total(), 1)
        lines.append(f"{side}: {coverage:.2%} of the characters covered, {tokens / len(sample):.1f} tokens a line")
    for text in _examples(sides):
        lines.append("  " + " ".join(tokenizer.pieces(tokenizer.encode(text))))
    return lines


def _examples(sides: dict[str, list[str]]) -> Iterator[str]:
    """Texts from the middle of the sides in turn: corpora often begin with their oddest lines."""
    middles = [islice(filter(str.strip, texts[len(texts) // 2 :]), _SHOWN) for texts in sides.values()]
    turns = (text for row in zip(*middles, strict=False) for text in row)
    return islice(turns, _SHOWN)
