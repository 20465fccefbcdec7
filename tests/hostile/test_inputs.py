"""What is read may be a pipe, a device, a bomb, or something that grows: it is read whole, kept, or refused."""

import gzip
import json
import lzma
import os
import resource
import subprocess
import sys
import threading

import pytest
from commands import run
from conftest import TINY
from test_cli_processes import environment  # noqa: F401 (a fixture)

from tfcli.config import CorpusConfig
from tfcli.data import checking
from tfcli.data.corpus import read_pairs
from tfcli.disk import open_again, read_whole, spooling
from tfcli.errors import DataError, ModelError
from tfcli.text.numbers import find_numbers, invented_numbers

PAIRS = "".join(f"第{n}句话\tSentence {n}\n" for n in range(300))


@pytest.fixture(autouse=True)
def here(bare, tmp_path):
    return tmp_path


def feed(path, data: bytes):
    """A pipe there, and a process that writes into it once."""
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(data,), daemon=True)
    writer.start()
    return writer


def test_a_stream_can_be_read_again_and_by_two_at_once(here):
    writer = feed(here / "pipe", b"a\nb\nc\n")
    with spooling():
        first, second = open_again("pipe"), open_again("pipe")
        assert [first.readline(), second.readline(), first.read(), second.read()] == [b"a\n"] * 2 + [b"b\nc\n"] * 2
        assert open_again("pipe").read() == b"a\nb\nc\n"
    writer.join()
    writer = threading.Thread(target=(here / "pipe").write_bytes, args=(b"other\n",))
    writer.start()
    with spooling():
        assert open_again("pipe").read() == b"other\n"
    writer.join()


def test_outside_of_a_command_a_stream_that_must_be_read_again_is_refused(here):
    writer = feed(here / "pipe", PAIRS.encode())
    with pytest.raises(DataError, match="write it to a file first|is a stream"):
        list(read_pairs(CorpusConfig("pipe")))
    writer.join()


@pytest.mark.parametrize(
    "command",
    [
        ["data", "check", "pipe.tsv", "--align", "none"],
        ["data", "clean", "pipe.tsv", "--align", "none"],
        ["tokenizer", "train", "-i", "pipe.tsv", "-o", "t.model", "--vocab-size", "288"],
        ["evaluate", "pipe.tsv", "--limit", "2"],
        ["translate", "-i", "pipe.txt"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_pipe_says_what_a_file_says(command, here):
    pairs = "".join(PAIRS.splitlines(keepends=True)[: 20 if command[0] in ("translate", "evaluate") else None])
    pipe = next(here / word for word in command if word.startswith("pipe"))
    pipe.with_stem("file").write_text(pairs, encoding="utf-8")
    expected = run(*[word.replace("pipe", "file") for word in command])
    (here / "t.model").unlink(missing_ok=True)
    writer = feed(pipe, pairs.encode())
    ended = run(*command)
    writer.join()
    assert ended.code == expected.code == 0, ended.err
    no_times = [line for line in ended.text.replace("pipe", "file").split("\n") if "lines/s" not in line]
    assert no_times == [line for line in expected.text.split("\n") if "lines/s" not in line]


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/urandom"])
@pytest.mark.parametrize(
    "command",
    [
        ["data", "check"],
        ["data", "clean"],
        ["tokenizer", "train", "-o", "t.model", "-i"],
        ["evaluate"],
        ["translate", "-i"],
        ["train", "--run-dir", "run", "--train"],
    ],
    ids=" ".join,
)
def test_a_device_without_an_end_is_no_text(command, path):
    ended = run(*command, path)
    assert ended.code == 3 and "has no text and no end" in ended.err and "unexpected" not in ended.err


@pytest.mark.parametrize("kind", ["fifo", "device", "folder", "sparse"])
@pytest.mark.parametrize("name", ["config.json", "metrics.json", "tokenizer.model", "model.safetensors", "README.md"])
def test_a_file_of_a_model_is_regular_and_of_a_sane_size(name, kind, tiny_copy):
    (tiny_copy / name).unlink(missing_ok=True)
    match kind:
        case "fifo":
            os.mkfifo(tiny_copy / name)
        case "device":
            (tiny_copy / name).symlink_to("/dev/zero")
        case "folder":
            (tiny_copy / name).mkdir()
        case "sparse":
            with open(tiny_copy / name, "wb") as file:
                file.truncate(30 << 30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for command in (["translate", "你好", "-m"], ["info"], ["push", "--dry-run", "owner/name"], ["list"]):
        arguments = [*command[:1], str(tiny_copy), *command[1:]] if command[0] == "push" else [*command]
        if command[0] in ("translate", "info"):
            arguments.append(str(tiny_copy))
        ended = run(*arguments)
        assert ended.code in (0, 4, 5) and "unexpected" not in ended.err, (command, ended.err)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10, "KiB"


@pytest.mark.parametrize("name", ["tfcli.toml", "config.toml"])
@pytest.mark.parametrize("kind", ["fifo", "zeros", "sparse"])
def test_settings_are_read_from_regular_files_only(name, kind, here, monkeypatch):
    folder = here if name == "tfcli.toml" else here / "tfcli"
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(here))
    match kind:
        case "fifo":
            os.mkfifo(folder / name)
        case "zeros":
            (folder / name).symlink_to("/dev/zero")
        case "sparse":
            with open(folder / name, "wb") as file:
                file.truncate(30 << 30)
    ended = run("config")
    assert ended.code == 4 and name in ended.err and "unexpected" not in ended.err


def test_a_tokenizer_without_an_end_is_refused():
    with pytest.raises(ModelError):
        read_whole("/dev/zero", 100)
    ended = run("train", "--run-dir", "run", "--set", "tokenizer.path=/dev/zero", "--device", "cpu")
    assert ended.code == 4 and "not a regular file" in ended.err


PACKED = {"gz": gzip.compress, "xz": lzma.compress}


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
@pytest.mark.parametrize("ending", PACKED)
@pytest.mark.parametrize("command", [["data", "check"], ["data", "clean"], ["evaluate"]], ids=" ".join)
def test_a_damaged_archive_is_named(command, ending, damage, here):
    data = bytearray(PACKED[ending](PAIRS.encode() * 10))
    match damage:
        case "cut":
            del data[len(data) // 2 :]
        case "flipped":
            data[len(data) // 2] ^= 255
        case "empty":
            data = bytearray(b"\x1f\x8b" if ending == "gz" else b"\xfd7zXZ")
        case "text":
            data = bytearray(PAIRS.encode())
    (here / f"corpus.tsv.{ending}").write_bytes(data)
    ended = run(*command, f"corpus.tsv.{ending}")
    assert ended.code == 3 and f"corpus.tsv.{ending}: the compressed file is damaged" in ended.err, ended.err


@pytest.mark.parametrize("command", [pytest.param("check", marks=pytest.mark.slow), "clean"])
def test_a_line_of_gigabytes_takes_little_memory(command, here, environment):  # noqa: F811
    with gzip.open(here / "bomb.tsv.gz", "wb", compresslevel=1) as file:
        file.write("好\tGood\n".encode())
        for _ in range(120):
            file.write(b"a" * 2**20)
        file.write(b"\tb\n" + "再见\tBye\n".encode())
    program = (
        "import re, sys; from tfcli.cli.app import main; code = main(sys.argv[1:]);"
        "print(re.search('VmHWM:(.*)kB', open('/proc/self/status').read())[1], file=sys.stderr); sys.exit(code)"
    )
    process = subprocess.run(
        [sys.executable, "-c", program, "data", command, "bomb.tsv.gz", "--align", "none", "-q"],
        env=environment | {"TFCLI_MODEL": str(TINY)},
        cwd=here,
        capture_output=True,
    )
    assert process.returncode == 0, process.stderr
    assert int(process.stderr.split()[-1]) < 300 << 10, "KiB"
    if command == "clean":
        assert process.stdout.decode() == "好\tGood\n再见\tBye\n"
    else:
        assert b"too long" in process.stdout


@pytest.mark.parametrize("lines", [250, 350])
def test_a_corpus_that_changes_while_it_is_read_is_said_to(lines, here, monkeypatch):
    (here / "corpus.tsv").write_text(PAIRS, encoding="utf-8")
    drawn = checking.Sample.draw

    def draw(sample, read):
        yield from drawn(sample, read)
        text = "".join(f"第{n}句话\tSentence {n}\n" for n in range(lines))
        (here / "corpus.tsv").write_text(text, encoding="utf-8")

    monkeypatch.setattr(checking.Sample, "draw", draw)
    ended = run("data", "clean", "corpus.tsv", "--align", "none", "-o", "out")
    assert ended.code == 3 and "the corpus had 300 lines" in ended.err and not (here / "out").exists()


OURS = ["source", "translation", "score", "source_tokens", "target_tokens", "flags"]


def test_fields_that_are_called_like_ours_are_kept_beside_them(here):
    line = {"text": "你好", "id": 7, "input_score": 1, **{name: f"their {name}" for name in OURS}}
    (here / "in.jsonl").write_text(json.dumps(line) + "\n" + json.dumps({"text": "你好"}) + "\n")
    ended = run("translate", "--json", "--input-format", "jsonl", "-i", "in.jsonl")
    first, plain = map(json.loads, ended.text.splitlines())
    assert {name: first[name] for name in OURS} == {name: plain[name] for name in OURS}
    assert first["id"] == 7 and first["input_score"] == 1 and first["input_input_score"] == "their score"
    assert all(first[f"input_{name}"] == f"their {name}" for name in OURS if name != "score")
    again = run("translate", "--json", "--input-format", "jsonl", "--field", "source", stdin=ended.out)
    assert "input_source" in json.loads(again.text.splitlines()[0]), "what the first run had put aside"
    assert "input_source" not in json.loads(again.text.splitlines()[1])


@pytest.mark.parametrize("depth", [90, 120, 980, 5000, 100_000])
@pytest.mark.parametrize("nest", ["[{}]", '{{"a": {}}}'])
def test_a_nested_line_costs_itself_only(depth, nest):
    before, after = nest.format("\0").split("\0")
    deep = f'{{"text": "你好", "x": {before * depth}1{after * depth}}}'
    lines = ['{"text": "你好"}', deep, '{"text": "再见"}']
    ended = run("translate", "--json", "--input-format", "jsonl", "--keep-going", stdin="\n".join(lines).encode())
    answers = [json.loads(line) for line in ended.text.splitlines()]
    assert [bool(answer["translation"]) for answer in answers] == [True, depth < 100, True]
    assert ended.code == (0 if depth < 100 else 3) and "unexpected" not in ended.err


NUMBERS = [
    f"{'9' * n}{after}" for n in (24, 30, 10**6) for after in ("万", "年", "点", "", ".5亿", "到5万", " billion")
]
NUMBERS += ["一" * 10**5 + "万", "万" * 10**4, "九" * 1000 + "点", "1," * 1000, "one hundred " * 3000 + "million"]


@pytest.mark.parametrize("text", NUMBERS, ids=[f"{len(text)} {text[-8:]}" for text in NUMBERS])
@pytest.mark.parametrize("languages", [("zh", "en"), ("en", "zh")])
def test_no_number_is_too_long(text, languages):
    find_numbers(text, *languages)
    assert invented_numbers(text, "12345", languages) in (["12345"], [])
