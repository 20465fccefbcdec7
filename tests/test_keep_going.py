"""One bad line: those before it are out, it is named, and the rest comes too if that is wanted."""

import json
from types import SimpleNamespace

import pytest
from commands import run
from conftest import TINY

from tfcli.cli import translate as translate_command
from tfcli.decoding.translation import Translation

LINES = 40


class Choking:
    """A translator that says what it hears, unless it hears POISON; it runs out of memory once."""

    engine = SimpleNamespace(device="cpu", threads=1)

    def __init__(self, bundle):
        self.bundle, self.batch_tokens = bundle, 64
        self.engine = SimpleNamespace(device="cpu", threads=1)

    def translate_detailed(self, texts):
        if "POISON" in texts:
            raise ValueError("bad taste")
        if "big" in texts:
            self.batch_tokens = 32
        return [Translation(text, text) for text in texts]


@pytest.fixture(autouse=True)
def choking(monkeypatch, tiny_bundle, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFCLI_MODEL", str(TINY))
    monkeypatch.setattr(translate_command, "load_translator", lambda *arguments: Choking(tiny_bundle))


@pytest.mark.parametrize("at", [1, 17, LINES])
def test_a_line_that_fails_is_named_and_costs_no_other(at):
    lines = [f"好{i}" for i in range(1, LINES + 1)]
    lines[at - 1] = "POISON"
    stdin = "\n".join(lines).encode()
    stopped = run("translate", stdin=stdin)
    assert (stopped.code, stopped.text.splitlines()) == (1, lines[: at - 1])
    assert f"tfcli: line {at}: unexpected ValueError: bad taste" in stopped.err
    went_on = run("translate", "--keep-going", stdin=stdin)
    lines[at - 1] = ""
    assert (went_on.code, went_on.text) == (3, "".join(f"{line}\n" for line in lines))
    assert f"line {at}: unexpected ValueError" in went_on.err
    assert went_on.err.endswith("tfcli: 1 line could not be translated, and came back empty\n")


@pytest.mark.parametrize("bad", [b"{", b"\xff", b'{"text": 1}'])
def test_a_line_that_cannot_be_read_is_an_empty_one(bad):
    stdin = b'{"text": "a"}\n' + bad + b'\n{"text": "c"}\n'
    options = ["--input-format", "jsonl", "--encoding-errors", "strict", "--keep-going"]
    ended = run("translate", *options, stdin=stdin)
    assert (ended.code, ended.text) == (3, "a\n\nc\n") and "stdin: line 2" in ended.err
    rows = [json.loads(line) for line in run("translate", *options, "--json", stdin=stdin).text.splitlines()]
    assert [(row["translation"], row["flags"]) for row in rows] == [("a", []), ("", ["error"]), ("c", [])]


def test_smaller_batches_are_said_once():
    ended = run("translate", stdin="big\n大\nbig\n".encode())
    assert ended.code == 0 and ended.err == "memory ran out: batches of 32 tokens from here on\n"


def test_much_unknown_text_is_said_once(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("TFCLI_MODEL", str(TINY))
    ended = run("translate", "龘靐齉爩", "你好")
    assert ended.err.count("of the input") == 1 and "the model does not know" in ended.err
    assert "the model does not know" not in run("translate", "你好").err
