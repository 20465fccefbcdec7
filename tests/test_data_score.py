"""tfcli data score, and check and clean by a model: order, processes, columns, shares, memory."""

import gzip
import json
import lzma
import multiprocessing
import os
import random
import re
import signal
import tracemalloc

import pytest
from commands import run
from conftest import TINY

from tfcli.config import CorpusConfig
from tfcli.data.checking import read_lines
from tfcli.data.corpus import PHRASEBOOK, read_pairs
from tfcli.errors import ResourceError
from tfcli.scoring import stream
from tfcli.scoring.score import Score
from tfcli.scoring.stream import Job, score_lines

PAIRS = [pair[1:] for pair in read_pairs(CorpusConfig(PHRASEBOOK))]
TEXT = "".join(f"{source}\t{target}\n" for source, target in PAIRS[:40])
TINY_MODEL = ("-m", str(TINY), "--processes", "1")


def score(path, *arguments: str) -> list[list[str]]:
    ended = run("data", "score", str(path), *arguments)
    assert ended.code == 0, ended.err
    return [line.split("\t") for line in ended.text.split("\n")[:-1]]


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "c.tsv").write_text(TEXT, encoding="utf-8")
    return tmp_path / "c.tsv"


def test_a_line_for_each_line_in_order_with_both_losses(corpus):
    rows = score(corpus, *TINY_MODEL)
    assert [tuple(row[:2]) for row in rows] == PAIRS[:40]
    for *_, explained, own, other, note in rows:
        assert note == "alone" or float(explained) == pytest.approx(1 - float(own) / float(other), abs=0.003)


def test_lines_that_cannot_be_scored_say_why(tmp_path):
    strange = ["", "你好\t", "\tHello.", "three\tcolumns\there", "one column", "There is a shop.\t那里有一家商店。"]
    long = "你好。" * 99 + "\t" + "Hello. " * 99
    (tmp_path / "c.tsv").write_text(TEXT + "".join(f"{line}\n" for line in [*strange, long]), encoding="utf-8")
    rows = score(tmp_path / "c.tsv", *TINY_MODEL)[40:]
    empty = ["", "", "", "empty side"]
    assert [row[2:] for row in rows[:3]] == [empty] * 3
    assert [row[2:] for row in rows[3:6]] == [
        ["", "", "", why] for why in ("not two columns", "not two columns", "wrong script")
    ]
    assert rows[3][:2] == ["three", "columns here"]
    assert rows[6][5] == "cut" and float(rows[6][3]) > 0


def test_columns_the_other_way_round(corpus, tmp_path):
    (tmp_path / "turned.tsv").write_text("".join(f"{t}\t{s}\n" for s, t in PAIRS[:40]), encoding="utf-8")
    turned = score(tmp_path / "turned.tsv", *TINY_MODEL, "--source", "en", "--to", "zh")
    assert [[row[1], row[0], *row[2:]] for row in turned] == score(corpus, *TINY_MODEL)
    ended = run("data", "score", str(tmp_path / "turned.tsv"), *TINY_MODEL)
    assert ended.code == 0 and "--source en --to zh" in ended.err


@pytest.mark.parametrize("pack, name", [(gzip.compress, "c.tsv.gz"), (lzma.compress, "c.tsv.xz")])
def test_packed_corpora_and_two_files(corpus, tmp_path, pack, name):
    expected = score(corpus, *TINY_MODEL)
    (tmp_path / name).write_bytes(pack(TEXT.encode()))
    assert score(tmp_path / name, *TINY_MODEL) == expected
    for side, other in enumerate(("c.zh", "c.en")):
        (tmp_path / other).write_text("".join(f"{pair[side]}\n" for pair in PAIRS[:40]), encoding="utf-8")
    assert score(tmp_path / "c.zh", str(tmp_path / "c.en"), *TINY_MODEL) == expected


def test_several_processes_write_what_one_writes(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(stream, "_LINES", 10)
    one, two = str(tmp_path / "1"), str(tmp_path / "2")
    score(corpus, *TINY_MODEL, "-o", one)
    score(corpus, "-m", str(TINY), "--processes", "2", "-o", two)
    with open(one, "rb") as first, open(two, "rb") as second:
        assert first.read() == second.read()
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_a_process_that_is_killed_is_said_and_none_is_left(corpus, monkeypatch):
    monkeypatch.setattr(stream, "_LINES", 2)
    scored = score_lines(read_lines(CorpusConfig(str(corpus))), Job(TINY, "cpu", 2))
    next(scored)
    os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
    with pytest.raises(ResourceError, match="was killed"):
        list(scored)
    scored = score_lines(read_lines(CorpusConfig(str(corpus))), Job(TINY, "cpu", 2))
    next(scored)
    scored.close()
    assert not multiprocessing.active_children()


def test_keep_leaves_the_share_with_the_highest_scores(corpus, tmp_path):
    with corpus.open("a") as stream:
        stream.write("\t\n" * 7)
    rows = score(corpus, *TINY_MODEL)
    rejects = tmp_path / "rejects"
    ended = run("data", "clean", str(corpus), *TINY_MODEL, "--keep", "0.75", "--rejects", str(rejects))
    assert ended.code == 0, ended.err
    kept = [line.split("\t") for line in ended.text.split("\n")[:-1]]
    scored = [row for row in rows if row[2]]
    worst = sorted(scored, key=lambda row: float(row[2]))[: len(scored) - round(0.75 * len(scored))]
    assert 0 < len(worst) < len(scored)
    assert kept == [row[:2] for row in rows[:40] if row not in worst]
    rejected = [line.split("\t")[1] for line in rejects.read_text("utf-8").split("\n")[:-1]]
    assert rejected.count("low score") == len(worst) and rejected.count("empty side") == 7


def test_check_by_a_model_says_how_sure_it_is(tmp_path):
    pairs = random.Random(4).sample([pair for pair in PAIRS if len(pair[0]) > 4], 100)
    targets = [target for _, target in pairs]
    targets[50:60] = [*targets[51:60], targets[50]]
    rows = [f"{source}\t{target}\n" for (source, _), target in zip(pairs, targets, strict=True)]
    (tmp_path / "c.tsv").write_text("".join(rows), encoding="utf-8")
    ended = run(
        "data", "check", str(tmp_path / "c.tsv"), "--json", "--processes", "1"
    )  # small: the default model judges
    found = json.loads(ended.text)["found"]["misaligned"]
    assert 8 <= found["lines"] <= 11 and 0.8 < found["sure"] <= 1
    assert set(found["first"]) <= set(range(51, 61))
    ended = run("data", "check", str(tmp_path / "c.tsv"), "--processes", "1")
    assert re.search(r"misaligned +\d+  lines 5.*\(\d+% sure\)\n", ended.text)


def test_a_model_of_other_languages_is_refused_and_words_are_used_instead(corpus):
    ended = run("data", "score", str(corpus), "-m", str(TINY), "--source", "de", "--to", "fr")
    assert ended.code == 2 and "zh → en" in ended.err and "de → fr" in ended.err and "Traceback" not in ended.err
    assert run("data", "check", str(corpus), "-m", str(TINY), "--source", "de").code == 2
    assert run("data", "check", str(corpus), "--source", "de").code == 0
    assert run("data", "check", str(corpus), "--align", "words", "-m", str(TINY)).code == 2
    assert run("data", "clean", str(corpus), "--keep", "1.5").code == 2
    assert run("data", "check", str(corpus), "--device", "abacus").code == 2
    assert run("data", "check", str(corpus), "-m", "nowhere").code == 5
    assert run("data", "score", str(corpus), "--processes", "0").code == 2
    assert run("data", "score", "nowhere.tsv").code == 5


def test_memory_does_not_grow_with_the_corpus(tmp_path, monkeypatch):
    class Stub:
        def __init__(self, *arguments):
            pass

        def score(self, texts):
            return [Score(1.0, 2.0, 9)] * len(texts)

    monkeypatch.setattr("tfcli.scoring.scorer.Scorer", Stub)
    monkeypatch.setattr(stream, "_LINES", 200)

    def peak(lines: int) -> int:
        rows = (f"第{n}句话\tSentence {n} {'long ' * 100}\n" for n in range(lines))
        (tmp_path / "c.tsv").write_text("".join(rows), encoding="utf-8")
        tracemalloc.start()
        score(tmp_path / "c.tsv", *TINY_MODEL, "-o", str(tmp_path / "out"), "--force")
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    short = max(peak(500), peak(500))  # the first run imports and compiles
    assert peak(4500) - short < 60 * 4000  # bytes a line, of 530
