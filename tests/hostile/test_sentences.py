"""Command lines, files and environments that nobody would think of: each ends with a sentence and its exit code."""

import json
import os
import shutil

import pytest
from commands import run
from conftest import TINY

LONG = "n" * 300
BYTES = os.fsdecode(b"\xff\xfe")
PAIRS = "".join(f"第{n}句话\tSentence {n}\n" for n in range(60))


@pytest.fixture(autouse=True)
def here(bare, tmp_path):
    (tmp_path / "corpus.tsv").write_text(PAIRS, encoding="utf-8")
    return tmp_path


def is_a_sentence(ended, *codes: int) -> None:
    assert ended.code in codes, (ended.code, ended.err)
    assert "unexpected" not in ended.err and "Traceback" not in ended.err, ended.err
    assert ended.code == 0 or ended.err.startswith("tfcli: ") or "\ntfcli: " in ended.err, ended.err


COMMANDS = {
    "translate -i": ["translate", "-i", "NAME"],
    "translate -o": ["translate", "x", "-o", "NAME"],
    "translate -m": ["translate", "x", "-m", "NAME"],
    "attention -m": ["attention", "x", "-m", "NAME"],
    "attention -o": ["attention", "x", "-o", "NAME.svg"],
    "explain -m": ["explain", "attention", "x", "-m", "NAME"],
    "evaluate": ["evaluate", "NAME"],
    "evaluate --hyp": ["evaluate", "corpus.tsv", "--hyp", "NAME"],
    "evaluate -o": ["evaluate", "corpus.tsv", "--limit", "1", "-o", "NAME"],
    "data check": ["data", "check", "NAME"],
    "data clean -o": ["data", "clean", "corpus.tsv", "--align", "none", "-o", "NAME"],
    "tokenizer info": ["tokenizer", "info", "-m", "NAME"],
    "tokenizer train -i": ["tokenizer", "train", "-i", "NAME", "-o", "t"],
    "tokenizer train -o": ["tokenizer", "train", "-i", "corpus.tsv", "--vocab-size", "9", "-o", "NAME"],
    "info": ["info", "NAME"],
    "runs": ["runs", "NAME"],
    "average": ["average", "NAME", "-o", "x"],
    "average -o": ["average", str(TINY), "-o", "NAME"],
    "push": ["push", "NAME", "owner/name", "--dry-run"],
    "train": ["train", "NAME"],
    "train --train": ["train", "--train", "NAME", "--run-dir", "run"],
    "train --valid": ["train", "--train", "corpus.tsv", "--valid", "NAME", "--run-dir", "run"],
    "train --init": ["train", "--train", "corpus.tsv", "--init", "NAME", "--run-dir", "run"],
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("name", [LONG, f"a/{LONG}", BYTES, "", "\n", "x" * 5000], ids=str.__len__)
def test_names(command, name):
    is_a_sentence(run(*[word.replace("NAME", name) for word in command]), *range(10))


@pytest.mark.parametrize("path", [LONG, BYTES])
def test_a_run_may_lie_in_a_folder_of_any_name_that_the_disk_takes(path, here):
    options = ["--train", "corpus.tsv", "--preset", "tiny", "--steps", "1", "--device", "cpu"]
    ended = run("train", *options, "--set", "tokenizer.vocab_size=288", "--run-dir", path)
    is_a_sentence(ended, 0 if path == BYTES else 2)
    if path == BYTES:
        is_a_sentence(run("translate", "-m", path, "你好"), 0)
        is_a_sentence(run("info", path, "--json"), 0)
        assert ended.out == os.fsencode(path) + b"/bundle\n", "a script can use it"


def test_models_in_a_folder_of_any_name_are_listed(here):
    shutil.copytree(TINY, here / "runs" / BYTES / "bundle")
    is_a_sentence(run("list"), 0)
    is_a_sentence(run("list", "--json"), 0)
    (here / "runs" / BYTES / "metrics.jsonl").write_text('{"kind": "step", "step": 1}\n')
    is_a_sentence(run("runs"), 0)


OPTIONS = [
    (2, "evaluate corpus.tsv --fail-under bleu=nan"),
    (2, "evaluate corpus.tsv --fail-under chrf=inf"),
    (2, "evaluate corpus.tsv --fail-under bleu=-inf"),
    (2, "evaluate corpus.tsv --limit 100000000000000000000"),
    (2, "evaluate corpus.tsv --limit 0"),
    (2, "translate --threads 100000 x"),
    (2, "translate --threads 40000 x"),
    (2, "translate --threads 1025 x"),
    (2, "translate --threads -1 x"),
    (2, "translate --threads 99999999999999999999999 x"),
    (2, "translate --length-ratio 1e308 x"),
    (2, "translate --length-ratio nan x"),
    (2, "translate --batch-tokens 99999999999 x"),
    (2, "translate --max-length 99999999999 x"),
    (2, "translate --device cuda:99 x"),
    (2, "translate --device cuda:99999999999999999999 x"),
    (2, "attention 你好 --layer 99999999999999999999"),
    (2, "attention 你好 --head -1"),
    (2, "attention x --format pharaoh --threshold nan"),
    (0, "attention 你好 --max-tokens 99999999999999999999"),
    (2, "attention 你好 --explain --query 99999999999999999999"),
    (2, "train --device cuda --run-dir run"),
    (2, "train --device cuda:99999999999 --run-dir run"),
    (2, "train --device banana --run-dir run"),
    (2, "train --max-time 1e9h --run-dir run"),
    (4, "train --max-time 99999999999999999999h --run-dir run"),
    (4, "train --steps 99999999999999999999 --run-dir run"),
    (4, "train --seed -1 --run-dir run"),
    (4, "train --batch-tokens 99999999999999999999 --run-dir run"),
    (4, "train --set data.train=[{path=''}] --run-dir run"),
    (4, "train --set data.train=[{path='a',target=''}] --run-dir run"),
    (4, 'train --set data.train=[{path="a\\u0000b"}] --run-dir run'),
    (4, 'train --set init="a\\u0000b" --run-dir run'),
    (4, "train --set training.learning_rate=1e999 --run-dir run"),
    (4, "train --set training=3 --run-dir run"),
    (4, "train --set data=3 --run-dir run"),
    (4, "train --set model=[] --run-dir run"),
    (4, "train --set = --run-dir run"),
    (4, "train --set .=1 --run-dir run"),
    (4, f"train --set model.num_heads={'9' * 5000} --run-dir run"),
    (4, f"train --set model.num_heads={'[' * 2000} --run-dir run"),
    (2, "tokenizer train -i corpus.tsv -o t --vocab-size 99999999999999999999"),
    (2, "tokenizer train -i corpus.tsv -o t --character-coverage nan"),
]


@pytest.mark.parametrize("code, line", OPTIONS, ids=[line[:70] for _, line in OPTIONS])
def test_options(code, line, here):
    is_a_sentence(run(*line.split(" ")), *((2, 4) if code in (2, 4) else (code,)))
    assert not (here / "run" / "checkpoints").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["attention", "你好", "--target", BYTES],
        ["attention", BYTES],
        ["attention", "你好", "--explain", "--query", BYTES],
        ["explain", "attention", BYTES],
        ["explain", BYTES],
        ["translate", "--prefix", BYTES, "你好"],
        ["translate", "--input-format", "jsonl", "--field", BYTES, "{}"],
        ["translate", BYTES],
        ["tokenizer", "encode", BYTES],
        ["tokenizer", "decode", BYTES],
        ["train", "--set", f"source={BYTES}", "--run-dir", "run"],
        ["train", "--set", BYTES, "--run-dir", "run"],
        ["train", "--set", f"license={BYTES}", "--run-dir", "run"],
        ["train", "--set", f"data.valid={BYTES}", "--run-dir", "run"],
        ["train", "--source", BYTES, "--run-dir", "run"],
        ["train", "--until", BYTES, "--run-dir", "run"],
        ["evaluate", "corpus.tsv", "--limit", "1", "--target", BYTES],
        ["data", "check", "corpus.tsv", "--source", BYTES, "--align", "none"],
        ["pull", BYTES],
        [BYTES],
    ],
    ids=repr,
)
def test_bytes_that_are_no_text(arguments):
    is_a_sentence(run(*arguments), *range(9))


ENVIRONMENTS = [
    (2, {"WORLD_SIZE": "two"}),
    (2, {"WORLD_SIZE": ""}),
    (2, {"WORLD_SIZE": "-1"}),
    (2, {"WORLD_SIZE": "٣"}),
    (2, {"WORLD_SIZE": "9" * 5000}),
    (2, {"WORLD_SIZE": "2"}),
    (2, {"WORLD_SIZE": "2", "RANK": "0"}),
    (2, {"WORLD_SIZE": "2", "RANK": "x", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}),
    (2, {"WORLD_SIZE": "2", "RANK": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}),
    (2, {"WORLD_SIZE": "2", "RANK": "0", "MASTER_ADDR": "localhost", "MASTER_PORT": "1", "LOCAL_WORLD_SIZE": "0.5"}),
    (0, {"RANK": "x", "LOCAL_RANK": "y"}),
]


@pytest.mark.parametrize("code, environ", ENVIRONMENTS, ids=[str(environ)[:60] for _, environ in ENVIRONMENTS])
def test_the_environment_of_torchrun(code, environ, monkeypatch, here):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    (here / "in").write_text("你好\n")
    is_a_sentence(run("translate", "-i", "in", "-o", "out"), 0, 2)
    train = ["train", "--train", "corpus.tsv", "--preset", "tiny", "--steps", "1", "--device", "cpu"]
    is_a_sentence(run(*train, "--set", "tokenizer.vocab_size=288", "--run-dir", "run"), code)


@pytest.mark.parametrize("name", ["TFCLI_THREADS", "TFCLI_DEVICE", "TFCLI_MODEL", "TFCLI_PROTECT", "TFCLI_BANANA"])
@pytest.mark.parametrize("value", ["100000", "nan", "9" * 5000, BYTES, LONG, "\n", "cuda:99999999999999999999"])
def test_settings_in_the_environment(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    is_a_sentence(run("translate", "你好"), 0, 2, 4, 5)
    is_a_sentence(run("config", "--json"), 0, 2)


TOML = [
    b"threads = " + b"9" * 5000,
    b"model = " + b"[" * 5000,
    b"threads = 0x" + b"f" * 400,
    b"length_ratio = inf",
    b"length_ratio = 1e999",
    b'model = "a\\u0000b"',
    b"threads = true",
    b"[model]\nx = 1",
    b"model = 1979-05-27",
    b"\xff",
    b"\0",
    b"threads = 1\r\nthreads = 2",
    b"a." * 5000 + b"b = 1",
]


@pytest.mark.parametrize("data", TOML, ids=[repr(data[:30]) for data in TOML])
def test_settings_in_a_file(data, here):
    (here / "tfcli.toml").write_bytes(data)
    is_a_sentence(run("translate", "你好"), 4)
    is_a_sentence(run("config"), 4)
    (here / "tfcli.toml").unlink()
    (here / "recipe.toml").write_bytes(data)
    is_a_sentence(run("train", "recipe.toml", "--run-dir", "run"), 4)


@pytest.mark.parametrize("source", ["\\ud800", "\\udcff", "", "\\u0000", "zh\\n", "<b>", "\\u202e", "x" * 5000])
def test_a_language_that_is_none(source, tiny_copy):
    config = json.loads((tiny_copy / "config.json").read_text())
    text = json.dumps(config | {"source": "SOURCE"}).replace("SOURCE", source)
    (tiny_copy / "config.json").write_text(text)
    for command in (["translate", "你好", "-m"], ["info"], ["attention", "你好", "-m"], ["explain", "-m"]):
        is_a_sentence(run(*command, str(tiny_copy)), 0, 4)
    is_a_sentence(run("push", str(tiny_copy), "owner/name", "--dry-run"), 0, 4)


METRICS = [
    "null",
    "7",
    "[]",
    '{"validation": 7}',
    '{"validation": {"bleu": "high"}}',
    '{"validation": {"bleu": null}}',
    '{"tests": 7}',
    '{"tests": {"a": 7}}',
    '{"tests": {"a": {"bleu": 7, "chrf": 7}}}',
    '{"tests": {"a": {"bleu": {"value": "x", "signature": 7}}}}',
    '{"parameters": "many"}',
    '{"parameters": {"a": 1}}',
    '{"step": "x", "training_seconds": "y"}',
    '{"step": 1, "training_seconds": [1]}',
    '{"stages": 7}',
    '{"weights": 7}',
    '{"validation": {"bleu": 1e999}}',
    '{"a": "\\ud800"}',
    "[" * 100_000,
    "{" * 10,
    '{"a": ' + "9" * 5000 + "}",
    '{"parameters": ' + "9" * 4000 + "}",
]


@pytest.mark.parametrize("metrics", METRICS, ids=[text[:50] for text in METRICS])
@pytest.mark.parametrize("card", [True, False])
def test_metrics_that_are_none(metrics, card, tiny_copy):
    (tiny_copy / "metrics.json").write_text(metrics)
    if not card:
        (tiny_copy / "README.md").unlink(missing_ok=True)
    is_a_sentence(run("push", str(tiny_copy), "owner/name", "--dry-run"), 0, 4)
    is_a_sentence(run("info", str(tiny_copy)), 0, 4)
    is_a_sentence(run("info", str(tiny_copy), "--json"), 0, 4)
