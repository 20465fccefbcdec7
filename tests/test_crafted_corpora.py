"""Corpora that nobody would want, each through `tfcli train`: it trains, or one sentence says why not; no traceback."""

import gzip
import lzma
import os
import re
from itertools import islice

import pytest
from commands import run

from tfcli.config import CorpusConfig
from tfcli.data.corpus import PHRASEBOOK, read_pairs

GOOD = "".join(f"{pair.source}\t{pair.target}\n" for pair in islice(read_pairs(CorpusConfig(PHRASEBOOK)), 60))
SMALL = ["--set=model.d_model=16", "--set=model.d_ff=16", "--set=tokenizer.vocab_size=490", "--steps=2", "--device=cpu"]

TRAINS = {
    "as it should be": GOOD.encode(),
    "byte order mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "CRLF": GOOD.replace("\n", "\r\n").encode(),
    "no newline at the end": GOOD.encode()[:-1],
    "one side empty here and there": (GOOD + "好\t\n\tgood\n").encode(),
    "blank lines between": GOOD.replace("\n", "\n\n").encode(),
    "a line of a megabyte": (GOOD + "好" * 350_000 + "\tgood\n").encode(),
    "odd separators inside": GOOD.replace("好", "\u2028好\x85\x0b").encode(),
    "emoji, right to left, NUL": (GOOD + "👩‍👩‍👧\tשלום\0\n" * 5).encode(),
    "one pair a thousand times": GOOD.encode() + "你好。\tHello.\n".encode() * 1000,
    "lines that are control characters": (GOOD + "\x01\x02\t\x03\x04\n" * 3).encode(),
}
REFUSED = {
    "empty": (b"", "no pairs|is empty|no text|nothing"),
    "blank lines only": (b"\n\n \n", "no pairs|nothing|no text"),
    "one column": ("你好\n谢谢\n".encode(), "line 1 has 1 column"),
    "one column in the middle": (GOOD.replace("\t", " ", 31).replace(" ", "\t", 30).encode(), "column"),
    "three columns": ("你\t好\tHello\n".encode() * 9, "line 1 has 3 columns"),
    "all sides empty": (b"\t\n" * 50, "no pairs|nothing|left|no text"),
    "GB18030": (GOOD.encode("gb18030"), "UTF-8"),
    "UTF-16": (GOOD.encode("utf-16"), "UTF-8"),
    "a byte that is none": (GOOD.encode() + b"\xff\tx\n", "line 61"),
    "all too long": (("很" * 4000 + "\t" + "very " * 4000 + "\n").encode() * 5, "too small for a vocabulary"),
    "all out of proportion": ("好\t".encode() + b"good " * 90 + b"\n", "left|pairs|corpus"),
    "too small for its vocabulary": ("好\ta\n".encode(), "vocab"),
}


def train(tmp_path, *arguments):
    return run("train", *arguments, "--run-dir", str(tmp_path / "run"), *SMALL)


def assert_refused(ended, words: str, code: int = 3) -> None:
    assert ended.code == code and ended.out == b"", ended.err
    said = [line for line in ended.err.split("\n") if line.startswith("tfcli: ")]
    assert len(said) == 1 and re.search(words, ended.err), ended.err
    assert "Traceback" not in ended.err and "unexpected" not in ended.err


@pytest.mark.parametrize("name", TRAINS)
def test_it_trains(tmp_path, name):
    (tmp_path / "corpus.tsv").write_bytes(TRAINS[name])
    ended = train(tmp_path, "--train", str(tmp_path / "corpus.tsv"))
    assert ended.code == 0, ended.err


@pytest.mark.parametrize("name", REFUSED)
def test_it_says_why_not(tmp_path, name):
    data, words = REFUSED[name]
    (tmp_path / "corpus.tsv").write_bytes(data)
    assert_refused(train(tmp_path, "--train", str(tmp_path / "corpus.tsv")), words)
    assert not (tmp_path / "run" / "bundle").exists()


@pytest.mark.parametrize("side, place", [(side, place) for side in (0, 1) for place in (0, 30, 59)])
def test_sides_of_different_length_are_never_cut_to_the_shorter(tmp_path, side, place):
    sides = list(zip(*(line.split("\t") for line in GOOD.rstrip("\n").split("\n")), strict=True))
    for number, name in enumerate(("c.zh", "c.en")):
        lines = list(sides[number])
        if number == side:
            del lines[place]
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    ended = train(tmp_path, "--train", str(tmp_path / "c.zh"), "--train-target", str(tmp_path / "c.en"))
    assert_refused(ended, "60.*59|59.*60")


def test_a_missing_last_newline_is_no_missing_line(tmp_path):
    sides = zip(*(line.split("\t") for line in GOOD.rstrip("\n").split("\n")), strict=True)
    for name, lines, end in zip(("c.zh", "c.en"), sides, ("\n", ""), strict=True):
        (tmp_path / name).write_text("\n".join(lines) + end, encoding="utf-8")
    assert train(tmp_path, "--train", str(tmp_path / "c.zh"), "--train-target", str(tmp_path / "c.en")).code == 0


@pytest.mark.parametrize("suffix, pack", [("gz", gzip.compress), ("xz", lzma.compress)])
def test_packed_corpora_that_are_cut_off(tmp_path, suffix, pack):
    packed = pack(os.urandom(3000).hex().encode() + b"\n" + GOOD.encode())
    (tmp_path / f"corpus.tsv.{suffix}").write_bytes(packed[: len(packed) // 2])
    assert_refused(train(tmp_path, "--train", str(tmp_path / f"corpus.tsv.{suffix}")), f"corpus.tsv.{suffix}")


def test_what_is_no_file(tmp_path):
    assert_refused(train(tmp_path, "--train", str(tmp_path / "nowhere.tsv")), "nowhere.tsv", code=5)
    assert train(tmp_path, "--train", str(tmp_path)).code in (2, 3, 5)
