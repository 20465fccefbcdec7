"""Every command as a person or a script meets it: what comes out where, and with which exit code."""

import json
import os
import re

import pytest
from commands import run
from conftest import TINY

from tfcli.cli import translate as translate_command
from tfcli.decoding.translator import Translator
from tfcli.evaluation import evaluate

pytestmark = pytest.mark.usefixtures("bare")


@pytest.fixture(scope="module")
def translator(tiny_bundle):
    return Translator(tiny_bundle)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--no-such-option"], 2, "no such option: --no-such-option"),
        (["no-such-command"], 2, "no such command"),
        (["translte"], 2, "did you mean 'translate'"),
        (["translate", "--modle", "x"], 2, "did you mean --model"),
        (["translate", "-5 度"], 2, 'tfcli translate -- "-5 度"'),
        (["translate", "--engine", "abacus", "x"], 2, "'abacus' is not one of"),
        (["translate", "--device", "gpu", "x"], 2, '--device is "gpu"'),
        (["translate", "--threads", "0", "x"], 2, "--threads must be more than 0"),
        (["translate", "--protect", "url,phone", "x"], 2, "'phone'"),
        (["translate", "x", "-i", "y"], 2, "not both"),
        (["translate", "-i", "."], 2, "it is a folder"),
        (["translate", "-m", "no-such-model", "x"], 5, 'no model "no-such-model"'),
        (["translate", "-i", "no-such-file"], 5, '"no-such-file": there is no such file'),
        (["translate", "x", "-o", "nowhere/out"], 5, "there is no folder"),
        (["evaluate"], 2, "there is no test set"),
        (["evaluate", "a.tsv", "--fail-under", "blue=3"], 2, "blue=3"),
        (["evaluate", "--src", "a"], 2, "--src and --ref"),
        (["evaluate", "no-such.tsv"], 5, "no-such.tsv"),
        (["info", "no-such-model"], 5, "no-such-model"),
        (["tokenizer"], 2, "missing command"),
        (["tokenizer", "train", "-o", "x"], 2, "'--input'"),
        (["tokenizer", "decode", "--ids", "99999999"], 3, '"99999999" is no id'),
        (["tokenizer", "decode", "nonsense"], 3, '"nonsense" is no piece'),
    ],
)
def test_a_wrong_command_line_says_what_and_what_to_do(arguments, code, words, tmp_path):
    ended = run(*arguments)
    assert (ended.code, ended.out) == (code, b"")
    assert ended.err.startswith("tfcli: ") and words in ended.err
    assert "Traceback" not in ended.err and len(ended.err.splitlines()) <= 4
    assert not ended.err.splitlines()[0].endswith(".")
    assert not os.listdir(tmp_path)


def test_verbose_adds_the_traceback():
    assert "Traceback" in run("translate", "-v", "-m", "no-such-model", "x").err


def test_the_unexpected_is_one_line_and_a_hint(monkeypatch):
    def fail(*arguments):
        raise ZeroDivisionError("two\nlines")

    monkeypatch.setattr(translate_command, "load_translator", fail)
    ended = run("translate", "x")
    assert ended.code == 1
    assert ended.err == "tfcli: unexpected ZeroDivisionError: two lines\n  run again with -v for the traceback\n"
    assert "in fail" in run("translate", "-v", "x").err


@pytest.mark.parametrize("words", ["CUDA out of memory", "DefaultCPUAllocator: can't allocate memory"])
def test_out_of_memory_has_its_own_code(words, monkeypatch):
    class OutOfMemoryError(RuntimeError):  # torch's is called so
        pass

    def fail(*arguments):
        raise OutOfMemoryError(words)

    monkeypatch.setattr(translate_command, "load_translator", fail)
    ended = run("translate", "x")
    assert ended.code == 9 and "--batch-tokens" in ended.err


def test_version_and_bare_call():
    assert re.fullmatch(r"tfcli \d+\.\d+\.\d+\n", run("--version").text)
    assert run().out == run("--help").out and b"Exit codes" in run().out


def test_evaluate_scores_what_the_model_says(translator, tmp_path):
    pairs = [("你好", "Hello."), ("再见", "Goodbye."), ("我有12本书", "I have 12 books.")]
    (tmp_path / "test.tsv").write_text("".join(f"{s}\t{t}\n" for s, t in pairs), encoding="utf-8")
    sources, references = ([pair[i] for pair in pairs] for i in (0, 1))
    expected = evaluate(sources, translator.translate(sources), references, "en")
    row = json.loads(run("evaluate", "test.tsv", "--json", "-o", "saved").text)[0]
    assert (row["bleu"]["value"], row["chrf"]["value"]) == (expected.bleu.value, expected.chrf.value)
    assert row["bleu"]["signature"] == expected.bleu.signature
    assert (row["digits"], row["loops"], row["empty"]) == (expected.digits, expected.loops, expected.empty)
    (tmp_path / "ref").write_text("\n".join(references), encoding="utf-8")
    (tmp_path / "src").write_text("\n".join(sources), encoding="utf-8")
    saved = json.loads(run("evaluate", "--src", "src", "--ref", "ref", "--hyp", "saved", "--json").text)[0]
    assert (saved["bleu"], saved["chrf"]) == (row["bleu"], row["chrf"])
    shown = run("evaluate", "test.tsv").text
    assert f"{expected.bleu.value:.2f}" in shown and expected.chrf.signature in shown


def test_evaluate_can_fail_a_build(tmp_path):
    (tmp_path / "t.tsv").write_text("甲\tThe cat sat on the mat.\n", encoding="utf-8")
    (tmp_path / "good").write_text("The cat sat on the mat.")
    (tmp_path / "bad").write_text("A dog.")
    assert run("evaluate", "t.tsv", "--hyp", "good", "--fail-under", "bleu=99,chrf=99").code == 0
    ended = run("evaluate", "t.tsv", "--hyp", "bad", "--fail-under", "chrf=99")
    assert ended.code == 1 and "t.tsv: chrF2 is" in ended.err
    assert run("evaluate", "t.tsv", "t.tsv", "--hyp", "good").code == 2
    assert run("evaluate", "t.tsv", "--hyp", "good", "--limit", "0").code == 2


def test_limit_takes_the_first_lines(tmp_path):
    (tmp_path / "t.tsv").write_text("甲\tone\n乙\ttwo\n丙\tthree\n", encoding="utf-8")
    (tmp_path / "hyp").write_text("one\ntwo\nwrong")
    row = json.loads(run("evaluate", "t.tsv", "--hyp", "hyp", "--limit", "2", "--json").text)[0]
    assert (row["lines"], row["chrf"]["value"]) == (2, 100)


def test_info_and_list_tell_the_same_in_json_and_text(tiny_bundle, tmp_path):
    facts = json.loads(run("info", "--json").text)
    assert (facts["source"], facts["target"]) == ("zh", "en")
    assert facts["parameters"] == tiny_bundle.num_parameters()
    assert {file["name"] for file in facts["files"]} >= {"config.json", "model.safetensors", "tokenizer.model"}
    shown = run("info").text
    assert f"{facts['parameters']:,}" in shown and all(file["sha256"] in shown for file in facts["files"])
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mine").symlink_to(TINY)
    (tmp_path / "runs" / "broken").mkdir()
    (tmp_path / "runs" / "broken" / "config.json").write_text("{")
    rows = {row["name"]: row for row in json.loads(run("list", "--json").text)}
    assert rows["runs/broken"]["problem"] and "runs/broken" in run("list").text


def test_config_tells_value_and_origin(tmp_path):
    (tmp_path / "tfcli.toml").write_text('device = "cpu"\nthreads = 3')
    rows = json.loads(run("config", "--json").text)
    assert rows["device"] == {"value": "cpu", "origin": "device in tfcli.toml"}
    assert rows["threads"] == {"value": 1, "origin": "TFCLI_THREADS"}
    assert re.search(r"device +cpu +device in tfcli.toml +TFCLI_DEVICE", run("config").text)
    (tmp_path / "tfcli.toml").write_text('devise = "cpu"')
    ended = run("translate", "x")
    assert ended.code == 4 and '"device in tfcli.toml"' in ended.err


def test_doctor_never_shows_a_token(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_TOKEN", "hf_abcdefgh")
    for arguments in (["doctor"], ["doctor", "--json"]):
        ended = run(*arguments)
        assert ended.code == 0 and "set, from HF_TOKEN" in ended.text
        assert "abcdefgh" not in ended.text + ended.err
    assert json.loads(ended.text)["tfcli"]


def test_tokenizer_there_and_back(tiny_tokenizer):
    text = "你好 hello"
    pieces = run("tokenizer", "encode", text).text
    assert pieces.split() == tiny_tokenizer.pieces(tiny_tokenizer.encode(text))
    ids = run("tokenizer", "encode", "--ids", stdin=text.encode()).text
    assert [int(i) for i in ids.split()] == tiny_tokenizer.encode(text)
    assert run("tokenizer", "decode", stdin=pieces.encode()).text == text + "\n"
    assert run("tokenizer", "decode", "--ids", ids.strip()).text == text + "\n"
    assert json.loads(run("tokenizer", "info", "--json").text)["sha256"] == tiny_tokenizer.sha256


def test_a_tokenizer_is_trained_reported_and_used(tmp_path):
    (tmp_path / "c.tsv").write_text("".join(f"你好{i}世界\thello {i} world\n" for i in range(300)), encoding="utf-8")
    ended = run("tokenizer", "train", "-i", "c.tsv", "-o", "t.model", "--vocab-size", "290")
    assert ended.code == 0
    assert "source: 100.00% of the characters covered" in ended.text and "target: " in ended.text
    assert len([line for line in ended.text.splitlines() if line.startswith("  ")]) == 5
    assert (
        run("tokenizer", "decode", "-m", "t.model", stdin=run("tokenizer", "encode", "-m", "t.model", "你好").out).text
        == "你好\n"
    )
    assert (
        "100 of 300 lines"
        in run("tokenizer", "train", "-i", "c.tsv", "-o", "u", "--vocab-size", "290", "--sample", "100").err
    )
    assert sorted(os.listdir(tmp_path)) == ["c.tsv", "t.model", "u"]


@pytest.mark.parametrize("content", [b"", b"one column\n", b"a\tb\n\xff\tc\n"])
def test_a_corpus_that_cannot_be_used_leaves_no_tokenizer(content, tmp_path):
    (tmp_path / "c.tsv").write_bytes(content)
    assert run("tokenizer", "train", "-i", "c.tsv", "-o", "t.model").code == 3
    assert os.listdir(tmp_path) == ["c.tsv"]
