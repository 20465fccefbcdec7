"""Sentence pairs from files: a TSV, or two parallel files; plain, .gz, .xz or .zst."""

from collections.abc import Iterator
from importlib import resources
from itertools import zip_longest
from typing import BinaryIO, NamedTuple

from tfcli.config import CorpusConfig
from tfcli.disk import damages, open_again, uncompressed
from tfcli.errors import DataError, NotFoundError
from tfcli.text.lines import Line, read_lines

PHRASEBOOK = "phrasebook"
"""The name under which a recipe reads the built-in corpus."""
_LONGEST = 8 * 2**20
"""Bytes of a line. No sentence has so many, and a small archive may hold a line of gigabytes."""


class Pair(NamedTuple):
    """A sentence and its translation; `number` is its line in the corpus, from 1."""

    number: int
    source: str
    target: str


def read_pairs(corpus: CorpusConfig) -> Iterator[Pair]:
    """The pairs of a corpus, in order; a blank line is a pair of empty sides.

    Raises NotFoundError for a missing file; DataError, with the line, for bytes that are not UTF-8, a line of a TSV
    without exactly two columns or of more than 8 MiB, or parallel files of different length.
    """
    if corpus.target is None:
        yield from _read_tsv(corpus.path)
        return
    sides = zip_longest(_texts(corpus.path), _texts(corpus.target))
    for number, pair in enumerate(sides, 1):
        if None in pair:
            raise different_length(corpus)
        yield Pair(number, *pair)


def read_text(path: str) -> Iterator[Line]:
    """The lines of a file or of the built-in phrasebook, uncompressed; those that are longer than 8 MiB are cut, and
    say so. Raises NotFoundError, and DataError for a damaged archive."""
    with _open(path) as stream:
        try:
            yield from read_lines(stream, _LONGEST)
        except damages() as error:
            raise DataError(f"{path}: the compressed file is damaged: {error}") from None


def _open(path: str) -> BinaryIO:
    if path == PHRASEBOOK:
        return resources.files("tfcli").joinpath("phrasebook.tsv").open("rb")
    try:
        return uncompressed(path, open_again(path))
    except FileNotFoundError:
        raise NotFoundError(f'no corpus at "{path}"') from None


def _texts(path: str) -> Iterator[str]:
    for line in read_text(path):
        where = f"{path}: line {line.number}"
        if line.byte_offset is not None:
            raise DataError(
                f"{where}, byte {line.byte_offset + 1}: not UTF-8 (0x{line.raw[line.byte_offset]:02X})",
                f"convert it       iconv -f GB18030 -t UTF-8 {path}",
            )
        if line.cut:
            raise DataError(
                f"{where} is longer than {_LONGEST >> 20} MiB", f"leave such lines out   tfcli data clean {path}"
            )
        yield line.text


def _read_tsv(path: str) -> Iterator[Pair]:
    for number, line in enumerate(_texts(path), 1):
        columns = line.split("\t") if line.strip(" ") else ["", ""]
        if len(columns) != 2:
            raise DataError(
                f"{path}: line {number} has {len(columns)} column{'s' * (len(columns) != 1)}, not two",
                "a line is   source<TAB>translation",
            )
        yield Pair(number, *columns)


def different_length(corpus: CorpusConfig) -> DataError:
    """What to raise where one of two files has ended."""
    counts = [sum(1 for _ in read_text(path)) for path in (corpus.path, corpus.target)]
    return DataError(
        f"{corpus.path} has {counts[0]:,} lines, {corpus.target} has {counts[1]:,}; parallel files must match"
    )
