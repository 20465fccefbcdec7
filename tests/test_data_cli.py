"""tfcli data check and clean: every kind of damage is counted exactly, and what is good stays as it was."""

import json
import random
import re
import tracemalloc

import pytest
from commands import run
from conftest import TINY

from tfcli.cli import progress
from tfcli.config import CorpusConfig
from tfcli.data.aligned import Alignment
from tfcli.data.corpus import PHRASEBOOK, read_pairs

PAIRS = [pair[1:] for pair in read_pairs(CorpusConfig(PHRASEBOOK))]
DAMAGE = {
    "not UTF-8": lambda s, t, n: s.encode()[:-1] + b"\xff\t" + t.encode(),
    "not two columns": lambda s, t, n: f"{s} {t}".encode() if n % 2 else f"{s}\t{t}\tmore".encode(),
    "empty side": lambda s, t, n: [f"{s}\t ", f"\t{t}", ""][n % 3].encode(),
    "control characters": lambda s, t, n: f"{s}\x07\t{t}".encode() if n % 2 else f"{s}\t\x85{t}".encode(),
    "identical sides": lambda s, t, n: f"identical {n}\tidentical {n}".encode(),
    "too long": lambda s, t, n: f"{s * 600}\t{t * 300}{n}".encode(),
    "uneven length": lambda s, t, n: f"好{n}\t{t} {'and so on ' * 20}".encode(),
    "wrong script": lambda s, t, n: f"{t} {n} words of English\t{s}{n}这里都是中文".encode(),
    "repeated": lambda s, t, n: b"\xe9\x87\x8d\xe5\xa4\x8d\tagain  and again",
}


def damaged(good: int, bad: int) -> tuple[list[bytes], dict[str, list[int]]]:
    """Lines, and the numbers of those that are damaged, by kind. Good ones are numbered to be different."""
    rng = random.Random(1)
    kinds = [None] * good + [rng.choice(list(DAMAGE)) for _ in range(bad)]
    rng.shuffle(kinds)
    lines, wrong = ["重复\tagain and again".encode()], {}
    for n, kind in enumerate(kinds):
        source, target = PAIRS[n % len(PAIRS)]
        if kind is None:
            lines.append(f"{source}{n}号\t{target} {n}".encode())
        else:
            lines.append(DAMAGE[kind](source, target, n))
            wrong.setdefault(kind, []).append(len(lines))
    return lines, wrong


def counts_are_exact(folder, good: int, bad: int) -> None:
    lines, wrong = damaged(good, bad)
    (folder / "corpus.tsv").write_bytes(b"".join(line + b"\n" for line in lines))
    ended = run("data", "check", str(folder / "corpus.tsv"), "--align", "none", "--json")
    assert ended.code == 0, ended.err
    report = json.loads(ended.text)
    assert report["lines"] == len(lines)
    assert report["found"] == {kind: {"lines": len(n), "first": n[:5]} for kind, n in wrong.items()}
    kept, rejects = folder / "kept.tsv", folder / "rejects.tsv"
    ended = run(
        "data", "clean", str(folder / "corpus.tsv"), "--align", "none", "-o", str(kept), "--rejects", str(rejects)
    )
    assert ended.code == 0, ended.err
    numbers = {number for all_of in wrong.values() for number in all_of}
    good_lines = [line for number, line in enumerate(lines, 1) if number not in numbers]
    assert kept.read_bytes() == b"".join(line + b"\n" for line in good_lines)
    rejected = [line.split(b"\t")[:2] for line in rejects.read_bytes().split(b"\n")[:-1]]
    expected = {number: kind for kind, all_of in wrong.items() for number in all_of}
    assert {int(number): reason.decode() for number, reason in rejected} == expected


def test_every_damaged_line_is_counted_and_the_others_stay(tmp_path):
    counts_are_exact(tmp_path, 1500, 500)


@pytest.mark.slow
def test_ten_thousand_damaged_lines_are_counted(tmp_path):
    counts_are_exact(tmp_path, 30_000, 10_000)


def test_progress_is_told_now_and_then_off_a_terminal(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "_EVERY", 0)
    (tmp_path / "c.tsv").write_text("".join(f"第{n}句话\tSentence {n}\n" for n in range(2000)), encoding="utf-8")
    ended = run("data", "check", str(tmp_path / "c.tsv"), "--align", "none")
    rate = r"[\d,]+ lines, [\d.]+( k)? lines/s"
    assert re.fullmatch(rf"(reading: {rate}\n){{4}}(checking: {rate}, \d+%\n){{4}}", ended.err), ended.err
    assert "checking: 2,000 lines" in ended.err and ended.err.endswith("100%\n")
    assert run("data", "check", str(tmp_path / "c.tsv"), "--align", "none", "-q").err == ""


def test_the_lines_of_a_corpus_are_not_kept(tmp_path, monkeypatch):
    """Sixty bytes a line at most, whatever its length."""
    monkeypatch.setattr("tfcli.cli.checked._SAMPLE", 600)

    def peak(lines: int) -> int:
        rows = (
            f"{PAIRS[n % len(PAIRS)][0]} {n}\t{PAIRS[n % len(PAIRS)][1]} {n} {'long ' * 100}\n" for n in range(lines)
        )
        (tmp_path / "c.tsv").write_text("".join(rows), encoding="utf-8")
        tracemalloc.start()
        arguments = ["--align", "words", "-o", str(tmp_path / "out"), "--force"]
        assert run("data", "clean", str(tmp_path / "c.tsv"), *arguments).code == 0
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    short = max(peak(2_000), peak(2_000))  # the first run imports and compiles
    assert peak(20_000) - short < 60 * 18_000


def test_two_files_give_what_one_gives(tmp_path):
    rows = [f"{source}\t{target}" for source, target in PAIRS[:50]] + ["\tempty", "same same same\tsame same same"]
    (tmp_path / "one.tsv").write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    for side, name in enumerate(("two.zh", "two.en")):
        (tmp_path / name).write_text("".join(f"{row.split(chr(9))[side]}\n" for row in rows), encoding="utf-8")
    one = run("data", "check", str(tmp_path / "one.tsv"), "--align", "none")
    two = run("data", "check", str(tmp_path / "two.zh"), str(tmp_path / "two.en"), "--align", "none")
    assert one.out == two.out != b""
    (tmp_path / "two.en").write_text("one line\n")
    ended = run("data", "check", str(tmp_path / "two.zh"), str(tmp_path / "two.en"))
    assert ended.code == 3 and "has 52 lines" in ended.err and "has 1" in ended.err


def test_strangers_are_told_from_pairs():
    alignment = Alignment(PAIRS)
    rng = random.Random(2)
    strangers = [(source, rng.choice(PAIRS)[1]) for source, _ in PAIRS]
    lost = sum(not alignment.fits(*pair) for pair in PAIRS) / len(PAIRS)
    found = sum(not alignment.fits(*pair) for pair in strangers) / len(PAIRS)
    assert lost < 0.02 and found > 0.3


def test_misaligned_lines_are_found_in_a_corpus_by_its_words(tmp_path):
    """The phrasebook three times over, and sixty pairs of the last time with the translations of their neighbours."""
    rows = [(source + "!" * n, target + "!" * n) for n in range(3) for source, target in PAIRS]
    start = len(rows) - 100
    shifted = [(rows[i][0], rows[i + 7][1]) if start <= i < start + 60 else rows[i] for i in range(len(rows))]
    (tmp_path / "c.tsv").write_text("".join(f"{s}\t{t}\n" for s, t in shifted), encoding="utf-8")
    rejects = str(tmp_path / "r.tsv")
    ended = run("data", "clean", str(tmp_path / "c.tsv"), "--align", "words", "--rejects", rejects)
    numbers = [int(line.split("\t")[0]) for line in (tmp_path / "r.tsv").read_text("utf-8").split("\n")[:-1]]
    inside = [n for n in numbers if start < n <= start + 60]
    assert len(inside) >= 15 and len(numbers) - len(inside) < 0.08 * len(rows)  # of idioms there are many
    assert ended.out.count(b"\n") == len(rows) - len(numbers)


STRANGE = [b"", b"\n", b"\xff\xfe", b"a\tb", "好\tgood\r\n".encode(), b"\t\n\t\n", b"\0" * 99]


@pytest.mark.parametrize("content", STRANGE)
def test_strange_corpora_are_reported_not_crashed_on(tmp_path, content, monkeypatch):
    monkeypatch.setenv("TFCLI_MODEL", str(TINY))
    (tmp_path / "c.tsv").write_bytes(content)
    for command in ("check", "clean"):
        ended = run("data", command, str(tmp_path / "c.tsv"))
        assert ended.code == 0 and "Traceback" not in ended.err, ended.err


def test_a_corpus_that_is_not_there():
    assert run("data", "check", "nowhere.tsv").code == 5
