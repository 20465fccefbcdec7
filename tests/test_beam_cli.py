"""Beams on the command line: options, settings, every format, and what cannot be asked for."""

import json

import pytest
from commands import run

from tfcli.attention_maps import WRITERS  # noqa: F401  (torch is imported before anything is timed)

pytestmark = pytest.mark.usefixtures("bare")

TEXTS = ("我喜欢喝茶。", "他不会说中文。", "", "请看https://example.org/a?b=1。")


@pytest.fixture
def beam(monkeypatch):
    monkeypatch.setenv("TFCLI_ENGINE", "torch")
    return lambda *options, **more: run("translate", "--beam", "4", *options, *TEXTS, **more)


def test_every_format_holds_the_same_alternatives(beam):
    plain = beam().text.splitlines()
    rows = [json.loads(line) for line in beam("--alternatives", "3", "--json").text.splitlines()]
    cells = [line.split("\t") for line in beam("--alternatives", "3", "--format", "tsv").text.splitlines()]
    shown = beam("--alternatives", "3", terminal=True).text
    assert [row["translation"] for row in rows] == [row[1] for row in cells] == plain
    assert {len(row) for row in cells} == {9}
    assert rows[2]["alternatives"] == [] and cells[2][5:] == [""] * 4
    for row, written in zip(rows, cells, strict=True):
        others = row["alternatives"]
        for k, other in enumerate(others):
            place = 3 + 2 * k if k else 1  # behind confidence and flags
            assert (written[place], float(written[place + 1])) == (other["translation"], other["score"])
            line = f"{other['translation']} ({other['score']:.2f})"
            assert ("\n    " if k else "") + line in shown
        if others:
            assert (others[0]["translation"], others[0]["score"]) == (row["translation"], row["score"])
            assert [o["score"] for o in others] == sorted((o["score"] for o in others), reverse=True)
    assert "alternatives" not in json.loads(beam("--json").text.splitlines()[0])


def test_text_off_a_terminal_stays_line_for_line(beam, tmp_path):
    for where in ({}, {"terminal": True}):
        ended = beam("--alternatives", "2", *(["-o", "out"] if where else []), **where)
        assert ended.code == 2 and "no place for alternatives" in ended.err and not (tmp_path / "out").exists()


def test_the_way_of_asking_makes_no_difference(beam, monkeypatch, tmp_path):
    expected = beam("--length-penalty", "0.3").out
    monkeypatch.setenv("TFCLI_BEAM", "4")
    monkeypatch.setenv("TFCLI_LENGTH_PENALTY", "0.3")
    assert run("translate", *TEXTS).out == expected
    monkeypatch.delenv("TFCLI_BEAM")
    monkeypatch.delenv("TFCLI_LENGTH_PENALTY")
    (tmp_path / "tfcli.toml").write_text("beam = 4\nlength_penalty = 0.3\n")
    assert run("translate", *TEXTS).out == expected
    rows = [line.split() for line in run("config").text.splitlines() if line.startswith(("beam", "length_penalty"))]
    assert [row[:2] for row in rows] == [["beam", "4"], ["length_penalty", "0.3"]]


def test_a_length_penalty_of_zero_is_one(beam):
    assert beam("--length-penalty", "0").code == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--beam", "0"), "--beam must be more than 0"),
        (("--beam", "-4"), "--beam must be more than 0"),
        (("--beam", "1000"), "a beam of 1000 is wider than the vocabulary of 450"),
        (("--beam", "2", "--alternatives", "3", "--json"), "a beam of 2 finds at most 2 alternatives, not 3"),
        (("--alternatives", "2", "--json"), "a beam of 1 finds at most 1 alternative, not 2"),
        (("--alternatives", "0"), "at least 1 alternative, not 0"),
        (("--beam", "2", "--length-penalty", "-1"), "--length-penalty must be"),
        (("--beam", "2", "--length-penalty", "nan"), "--length-penalty must be a finite number"),
        (("--beam", "2", "--length-penalty", "11"), "the length penalty is 0 to 10, not 11"),
        (("--beam", "zwei"), "invalid value for '--beam'"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_a_sentence(options, message):
    ended = run("translate", *options, "好")
    assert ended.code == 2 and not ended.out
    assert message in ended.err and "Traceback" not in ended.err


def test_attention_looks_at_the_translation_of_the_beam(beam):
    for engine in ("torch", "ctranslate2"):
        options = ("--engine", engine, "--beam", "3", "--length-penalty", "2")
        for text in TEXTS[:2]:
            whole = json.loads(run("attention", text, "--json", *options).out)
            assert run("translate", text, *options).text == whole["target"] + "\n"


def test_evaluate_scores_the_beam(beam, tmp_path):
    (tmp_path / "test.tsv").write_text("".join(f"{text}\tReference.\n" for text in TEXTS if text), encoding="utf-8")
    run("evaluate", "test.tsv", "--beam", "4", "-o", "out")
    assert (tmp_path / "out").read_text().splitlines() == [line for line in beam().text.splitlines() if line]


def test_processes_find_the_same_alternatives(beam, tmp_path):
    (tmp_path / "in").write_text("\n".join(TEXTS), encoding="utf-8")
    options = ("--beam", "4", "--alternatives", "3", "--format", "tsv", "-i", "in")
    assert run("translate", *options, "--processes", "2").out == run("translate", *options).out
