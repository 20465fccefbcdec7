"""Sentence pairs from files of every kind, and which line is wrong in one that is not."""

import gzip
import lzma
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.config import CorpusConfig
from tfcli.data.corpus import PHRASEBOOK, Pair, read_pairs
from tfcli.errors import DataError, NotFoundError, TfcliError

TEXT = "你好\tHello\n\x0b好久不见\u2028\tLong time\x85 no see\n再见 \t\n"
PAIRS = [Pair(1, "你好", "Hello"), Pair(2, "\x0b好久不见\u2028", "Long time\x85 no see"), Pair(3, "再见 ", "")]
SIDES = ["".join(f"{pair[column]}\n" for pair in PAIRS) for column in (1, 2)]
PACKED = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}


@pytest.fixture
def write(tmp_path):
    """Writes bytes to a file and returns its path."""

    def write(data: bytes, name: str = "corpus.tsv") -> str:
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)

    return write


def read(path: str, target: str | None = None) -> list[Pair]:
    return list(read_pairs(CorpusConfig(path, target)))


@pytest.mark.parametrize("suffix", PACKED)
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_tsv(write, suffix, bom, end):
    data = bom + TEXT.replace("\n", end).encode()
    for last in (data, data.removesuffix(end.encode())):
        assert read(write(PACKED[suffix](last), "c.tsv" + suffix)) == PAIRS


@pytest.mark.parametrize("suffix", PACKED)
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_two_files(write, suffix, bom, end):
    source, target = (bom + side.replace("\n", end).encode() for side in SIDES)
    assert read(write(PACKED[suffix](source), "zh" + suffix), write(target, "en")) == PAIRS


def test_an_empty_corpus_has_no_pairs(write):
    assert read(write(b"")) == [] == read(write(b"", "zh"), write(b"", "en"))


def test_the_phrasebook_is_a_corpus():
    pairs = read(PHRASEBOOK)
    assert len(pairs) >= 800 and [pair.number for pair in pairs] == list(range(1, len(pairs) + 1))


@pytest.mark.parametrize(
    ("line", "words"), [("你好", "1 column,"), ("a\tb\tc", "3 columns,"), ("\t\t\t", "4 columns,")]
)
def test_a_line_without_two_columns_is_named(write, line, words):
    for number in (1, 2, 4):
        lines = TEXT.split("\n")[:3]
        lines.insert(number - 1, line)
        with pytest.raises(DataError, match=f"corpus.tsv: line {number} has {words} not two"):
            read(write("\n".join([*lines, ""]).encode()))


@pytest.mark.parametrize("blank", ["", "  ", "\r"])
def test_a_blank_line_is_an_empty_pair_as_in_two_files(write, blank):
    spread = TEXT.replace("\n", f"\n{blank}\n")
    assert read(write(spread.encode())) == [
        pair for n, source, target in PAIRS for pair in (Pair(2 * n - 1, source, target), Pair(2 * n, "", ""))
    ]


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(("number", "before"), [(1, b"ab"), (2, "你\tH".encode()), (3, b"")])
@pytest.mark.parametrize("suffix", PACKED)
def test_a_byte_that_is_not_utf8_is_named(write, suffix, bom, number, before):
    data = bom + b"a\tb\n" * (number - 1) + before + b"\xb0\tc\n"
    at = len(before) + 1 + (len(bom) if number == 1 else 0)
    with pytest.raises(DataError, match=rf"c\S*: line {number}, byte {at}: not UTF-8 \(0xB0\)"):
        read(write(PACKED[suffix](data), "c.tsv" + suffix))
    with pytest.raises(DataError, match=rf"en\S*: line {number}, byte {at}: not UTF-8"):
        read(write(b"x\n" * number, "zh"), write(PACKED[suffix](data), "en" + suffix))


def test_half_a_character_at_the_end_of_a_line_is_not_finished_by_the_next(write):
    with pytest.raises(DataError, match="line 1, byte 3"):
        read(write(b"a\t\xe4\xbd\n\xa0\tb\n"))


@pytest.mark.parametrize(("lines", "other"), [(3, 2), (2, 3), (0, 1), (1, 0), (1200, 1000)])
@pytest.mark.parametrize("end", [b"\n", b""])
def test_sides_of_different_length_are_counted(write, lines, other, end):
    sides = [(b"a\n" * n).removesuffix(b"\n") + end * bool(n) for n in (lines, other)]
    with pytest.raises(DataError, match=f"zh has {lines:,} lines, .*en has {other:,}"):
        read(write(sides[0], "zh"), write(sides[1], "en"))


def test_a_missing_last_newline_is_not_a_missing_line(write):
    assert len(read(write(b"a\nb\n", "zh"), write(b"c\nd", "en"))) == 2


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz", ".zst"])
def test_a_missing_file_is_named(tmp_path, write, suffix):
    missing = str(tmp_path / f"nowhere{suffix}")
    for corpus in ((missing,), (missing, write(b"a")), (write(b"a"), missing)):
        with pytest.raises(NotFoundError, match="nowhere" if suffix != ".zst" else "nowhere|zstandard"):
            read(*corpus)


@pytest.mark.parametrize("suffix", [".gz", ".xz"])
def test_a_damaged_archive_is_named_or_was_not_damaged(write, suffix):
    rng = random.Random()
    text = "".join(f"{rng.random()}\t{rng.random()}\n" for _ in range(300))
    packed = PACKED[suffix](text.encode())
    whole = read(write(text.encode()))
    refused = 0
    for cut in (0, 1, len(packed) // 2, len(packed) - 1):
        if cut:
            with pytest.raises(DataError, match="damaged"):
                read(write(packed[:cut], "c" + suffix))
    for _ in range(150):
        data = bytearray(packed)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        try:
            assert read(write(bytes(data), "c" + suffix)) == whole
        except DataError:
            refused += 1
    assert refused > 100
    with pytest.raises(DataError, match="damaged"):
        read(write(b"a\tb\n", "c" + suffix))


def test_zst_is_read_like_the_others(write):
    zstandard = pytest.importorskip("zstandard")
    packed = zstandard.ZstdCompressor(write_checksum=True).compress(TEXT.encode() * 50)
    assert [pair[1:] for pair in read(write(packed, "c.zst"))] == [pair[1:] for pair in PAIRS] * 50
    with pytest.raises(DataError, match="damaged"):
        read(write(packed[:-1] + bytes([packed[-1] ^ 1]), "c.zst"))


PARTS = [b"\t", b"\n", b"\r", b"a", b"\xe4\xbd\xa0", b"\xff", b"\xef\xbb\xbf"]


@given(data=st.binary(max_size=60) | st.lists(st.sampled_from(PARTS)).map(b"".join))
def test_any_bytes_are_pairs_or_an_error_with_its_line(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.tsv"
    path.write_bytes(data)
    try:
        pairs = read(str(path))
    except TfcliError as error:
        assert "any.tsv: line " in error.message
    else:
        assert len(pairs) == data.count(b"\n") + (not data.endswith(b"\n") and data != b"")
