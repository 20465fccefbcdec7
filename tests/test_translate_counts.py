"""What `tfcli translate` promises, counted: a few cases here, all of them with -m slow."""

import io
import os
import pty
import random
import re
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from commands import run
from test_cli_processes import environment, start  # noqa: F401 (fixtures)

from tfcli.cli import translate as translate_command
from tfcli.cli.app import main
from tfcli.decoding.translation import Translation
from tfcli.text.lines import read_lines

MARKS = ["\n", "\r\n", "\r", "\0", "\t", "\ufeff", "\ufffd", "好", "\x1b[2J", "a", "\\", " "]
MARKS += ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]
PIECES = [*map(str.encode, MARKS), b"\xff", b"\x80", b"\xe5\xa5", b"\xe2\x80", b"\xf0\x9f", b"\xc0\xaf"]
PIECES += [b"\xed\xa0\x80", b"\xf4\x90\x80\x80"]
EVIL = [*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), "\x1b]52;c;", "\x1b[6n", "\x1b]8;;http://a\x07", "\x9b2J"]
EVIL += ["\u202e", "\u2066", "\u2028", "[bold]", "[/nope]", ":smile:", "好", "a"]


def counts(few: int, all_of_them: int):
    return pytest.mark.parametrize("count", [few, pytest.param(all_of_them, marks=pytest.mark.slow)])


class Parrot:
    """A translator that says what it hears."""

    batch_tokens = 64
    engine = SimpleNamespace(device="cpu", threads=1)

    def __init__(self, bundle):
        self.bundle = bundle

    def translate_detailed(self, texts):
        return [Translation(text, text) for text in texts]


@pytest.fixture
def parrot(monkeypatch, tiny_bundle, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(translate_command, "load_translator", lambda *arguments: Parrot(tiny_bundle))


@counts(300, 10_000)
def test_fuzzed_streams_come_out_in_as_many_lines(count, parrot):
    rng = random.Random()
    for i in range(count):
        stdin = b"".join(rng.choices(PIECES, k=rng.randrange(30)))
        lines = len(list(read_lines(io.BytesIO(stdin))))
        ended = run("translate", "--format", ("text", "jsonl", "tsv")[i % 3], stdin=stdin)
        assert ended.code == 0 and ended.out.count(b"\n") == len(ended.text.splitlines()) == lines, stdin
        assert "Traceback" not in ended.err


@counts(200, 10_000)
def test_fuzzed_strings_send_no_escape_to_a_terminal(count, parrot, monkeypatch):
    """Through a real pseudo-terminal: to stdout as text, JSON and a table, to stderr as the name of a file."""
    rng, seen = random.Random(), bytearray()
    leader, follower = pty.openpty()

    def watch():
        while data := os.read(leader, 65536):
            seen.extend(data)
            if b"THE END" in seen[-99:]:
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    with open(follower, "w", encoding="utf-8", closefd=False) as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        monkeypatch.setattr(sys, "stderr", terminal)
        for i in range(count):
            text = "".join(rng.choices(EVIL, k=rng.randrange(1, 12)))
            where = ["-i"] if i % 4 == 3 else ["--format", ("text", "jsonl", "tsv")[i % 4], "--"]
            assert main(["translate", "--no-color", *where, text.replace("\0", "") or "a"]) in (0, 1, 2, 5, 9)
        terminal.write("THE END")
    watcher.join()
    os.close(leader)
    os.close(follower)
    assert len(seen) > count
    shown = bytes(seen).decode()
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e\u2066\u2028]", shown)


@counts(3, 50)
def test_interrupts_at_random_times_leave_whole_lines(count, start, tmp_path):  # noqa: F811
    (tmp_path / "in").write_text("你好\n" * 3000, encoding="utf-8")
    rng, codes = random.Random(), []
    for i in range(count):
        process = start("translate", "-i", "in", "-o", f"out{i}")
        # Python itself answers in its first moments, before a line of ours runs.
        time.sleep(rng.uniform(1, 6))
        process.send_signal(signal.SIGINT)
        error = process.communicate()[1].decode()
        codes.append(process.returncode)
        assert process.returncode in (0, 130, -signal.SIGINT) and "Traceback" not in error, error
        out, partial = tmp_path / f"out{i}", [*tmp_path.glob(f"out{i}.*.partial")]
        assert out.exists() + len(partial) <= 1
        for path in (out, *partial):
            data = path.read_bytes() if path.exists() else b""
            assert data == b"" or data.endswith(b"\n")
        if process.returncode == 0:
            assert out.read_bytes().count(b"\n") == 3000
    print(f"exit codes: { {code: codes.count(code) for code in set(codes)} }")


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="memory is read from /proc")
def test_memory_grows_by_less_than_a_megabyte_in_a_million_lines(tmp_path, environment):  # noqa: F811
    program = """
import re, sys
from tfcli.cli import translate as command
from tfcli.cli.app import main
from test_translate_counts import Parrot
from tfcli.bundle import locate, read_bundle
command.load_translator = lambda *arguments: Parrot(read_bundle(locate(sys.argv[2])))
main(["translate", "-q", "-i", sys.argv[1], "-o", "/dev/null"])
print(re.search("VmHWM:(.*)kB", open("/proc/self/status").read())[1])  # getrusage inherits its parent's
"""
    tests = os.path.dirname(__file__)

    def peak(lines):
        (tmp_path / "in").write_text("".join(f"好{i}\n" for i in range(lines)), encoding="utf-8")
        paths = environment["PYTHONPATH"] + os.pathsep + tests
        command = [sys.executable, "-c", program, str(tmp_path / "in"), environment["TFCLI_MODEL"]]
        ended = subprocess.run(command, env=environment | {"PYTHONPATH": paths}, capture_output=True, check=True)
        return int(ended.stdout) / 1024

    few, many = peak(100_000), peak(1_100_000)
    print(f"{few:.1f} MiB for 100,000 lines, {many:.1f} for 1,100,000")
    assert many - few < 1


@pytest.mark.parametrize("workers", [3])
def test_blocks_in_several_processes_give_the_file_of_one(workers, start, tmp_path):  # noqa: F811
    """As `parallel --pipe --keep-order tfcli translate` does it: blocks of whole lines, joined in order."""
    lines = [f"{word}{i}\n".encode() for i in range(20) for word in ("你好", "再见", "谢谢你的帮助。", "")]
    processes = [start("translate", "-q") for _ in range(workers)]
    size = -(-len(lines) // workers)
    joined = b""
    for i, process in enumerate(processes):
        joined += process.communicate(b"".join(lines[i * size : (i + 1) * size]))[0]
    assert joined == start("translate", "-q").communicate(b"".join(lines))[0] and joined.count(b"\n") == len(lines)
