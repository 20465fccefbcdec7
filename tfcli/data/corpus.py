"""Sentence pairs from files: a TSV, or two parallel files; plain, .gz, .xz or .zst."""

import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from importlib import resources
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tfcli.config import CorpusConfig
from tfcli.errors import DataError, NotFoundError

PHRASEBOOK = "phrasebook"
"""The name under which a recipe reads the built-in corpus."""


class Pair(NamedTuple):
    """A sentence and its translation; `number` is its line in the corpus, from 1."""

    number: int
    source: str
    target: str


def read_pairs(corpus: CorpusConfig) -> Iterator[Pair]:
    """The pairs of a corpus, in order; a blank line is a pair of empty sides.

    Raises NotFoundError for a missing file; DataError, with the line, for bytes that are not UTF-8, a line of a TSV
    without exactly two columns, or parallel files of different length.
    """
    with ExitStack() as stack:
        sides = [stack.enter_context(open_text(path)) for path in (corpus.path, corpus.target) if path]
        if len(sides) == 1:
            yield from _read_tsv(corpus.path, sides[0])
        else:
            yield from _read_parallel(corpus, *sides)


def open_text(path: str) -> BinaryIO:
    """A file, or the built-in phrasebook, as uncompressed bytes."""
    if path == PHRASEBOOK:
        return resources.files("tfcli").joinpath("phrasebook.tsv").open("rb")
    try:
        match Path(path).suffix:
            case ".gz":
                return gzip.open(path)
            case ".xz":
                return lzma.open(path)
            case ".zst":
                return _open_zst(path)
            case _:
                return open(path, "rb")
    except FileNotFoundError:
        raise NotFoundError(f'no corpus at "{path}"') from None


def _open_zst(path: str) -> BinaryIO:
    try:
        import zstandard
    except ImportError:
        raise NotFoundError(f"{path}: .zst files need zstandard", "install it with   pip install zstandard") from None
    return io.BufferedReader(zstandard.open(path, "rb"))


def _damages() -> tuple[type[Exception], ...]:
    """What decompressors raise."""
    zstandard = sys.modules.get("zstandard")
    return (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, *([zstandard.ZstdError] if zstandard else []))


def _lines(path: str, stream: BinaryIO) -> Iterator[str]:
    try:
        for number, line in enumerate(stream, 1):
            try:
                text = line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8")
                yield text.removeprefix("\ufeff") if number == 1 else text
            except UnicodeDecodeError as error:
                where = f"{path}: line {number}, byte {error.start + 1}"
                raise DataError(
                    f"{where}: not UTF-8 (0x{error.object[error.start]:02X})",
                    f"convert it       iconv -f GB18030 -t UTF-8 {path}",
                ) from None
    except _damages() as error:
        raise DataError(f"{path}: the compressed file is damaged: {error}") from None


def _read_tsv(path: str, stream: BinaryIO) -> Iterator[Pair]:
    for number, line in enumerate(_lines(path, stream), 1):
        columns = line.split("\t") if line.strip(" ") else ["", ""]
        if len(columns) != 2:
            raise DataError(
                f"{path}: line {number} has {len(columns)} column{'s' * (len(columns) != 1)}, not two",
                "a line is   source<TAB>translation",
            )
        yield Pair(number, *columns)


def _read_parallel(corpus: CorpusConfig, source: BinaryIO, target: BinaryIO) -> Iterator[Pair]:
    sides = zip_longest(_lines(corpus.path, source), _lines(corpus.target, target))
    for number, pair in enumerate(sides, 1):
        if None in pair:
            raise different_length(corpus)
        yield Pair(number, *pair)


def different_length(corpus: CorpusConfig) -> DataError:
    """What to raise where one of two files has ended."""
    counts = []
    for path in (corpus.path, corpus.target):
        with open_text(path) as stream:
            counts.append(sum(1 for _ in stream))
    return DataError(
        f"{corpus.path} has {counts[0]:,} lines, {corpus.target} has {counts[1]:,}; parallel files must match"
    )
