"""What only a real process shows: pipes that end early or stay open, signals, closed and full streams."""

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import TINY

COMMAND = [sys.executable, "-m", "tfcli"]
LINES = "你好\n" * 3000
FULL = Path("/dev/full")


@pytest.fixture
def environment(tmp_path):
    """As on a machine without settings, and with buffered output: an unbuffered one would hide a missing flush."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TFCLI_", "PYTHONUNBUFFERED"))}
    root = str(Path(__file__).parent.parent)
    paths = os.pathsep.join(filter(None, [root, clean.get("PYTHONPATH")]))
    own = {"TFCLI_MODEL": str(TINY), "TFCLI_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": paths}
    return clean | own | {"XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}


@pytest.fixture
def start(environment, tmp_path):
    """Starts tfcli with pipes; whatever is left at the end of the test is killed."""
    processes = []

    def start(*arguments, **options):
        options = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE) | options
        processes.append(subprocess.Popen([*COMMAND, *arguments], env=environment, cwd=tmp_path, bufsize=0, **options))
        return processes[-1]

    yield start
    for process in processes:
        with process:
            process.kill()


@pytest.mark.parametrize(
    "arguments", [["--help"], ["translate", "--help"], ["config"], ["list", "--json"], ["info"], ["tokenizer", "info"]]
)
def test_a_closed_pipe_is_quiet(arguments, start):
    reader, writer = os.pipe()
    os.close(reader)
    process = start(*arguments, stdout=writer)
    os.close(writer)
    assert (process.communicate()[1], process.returncode) == (b"", 141)


def test_a_pipe_that_closes_in_the_middle_of_a_translation_is_quiet(start, tmp_path):
    (tmp_path / "in").write_text(LINES, encoding="utf-8")
    process = start("translate", "-i", "in")
    assert process.stdout.readline().endswith(b"\n")
    process.stdout.close()
    assert (process.stderr.read(), process.wait()) == (b"", 141)


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", [["--help"], ["config"], ["translate", "你好"]])
def test_a_full_disk_has_its_own_code(arguments, start):
    with FULL.open("wb") as full:
        process = start(*arguments, stdout=full)
        error = process.communicate()[1].decode()
    assert (error, process.returncode) == ("tfcli: cannot write: the disk is full\n", 9)


def test_closed_streams_are_said_not_stumbled_over(environment, tmp_path):
    def run(command):
        line = f'exec "$0" -m tfcli {command}'
        return subprocess.run(["sh", "-c", line, sys.executable], env=environment, cwd=tmp_path, capture_output=True)

    assert [run(f"{command} <&-").returncode for command in ("translate", "tokenizer encode")] == [2, 2]
    assert run("tokenizer encode 你好 >&-").returncode == 9
    assert run("tokenizer encode 你好 2>&-").stdout.endswith(b"\n")
    assert run("no-such-command 2>&-").returncode == 2


def test_each_line_is_answered_while_stdin_stays_open(start):
    process = start("translate", "--json")
    for i in range(20):
        process.stdin.write(f"{i} 你好\n".encode())
        assert f'"id": {i}, "source": "{i} 你好"'.encode() in process.stdout.readline()
    process.stdin.write("再见".encode())
    process.stdin.close()
    assert b'"id": 20' in process.stdout.read() and process.wait() == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_the_lines_that_are_answered(number, code, start):
    process = start("translate")
    process.stdin.write("你好\n再见\n".encode())
    answered = [process.stdout.readline(), process.stdout.readline()]
    process.send_signal(number)
    rest, error = process.communicate()
    assert (process.returncode, rest) == (code, b"") and all(line.endswith(b"\n") for line in answered)
    assert b"Traceback" not in error
    assert (b"tfcli: interrupted after 2 lines\n" in error) == (code == 130)


def test_an_interrupt_in_the_middle_of_a_file_leaves_whole_lines(start, tmp_path):
    (tmp_path / "in").write_text(LINES, encoding="utf-8")
    process = start("translate", "-i", "in", "-o", "out")
    while not (partial := [*tmp_path.glob("out.*.partial")]) or not partial[0].stat().st_size:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    error = process.communicate()[1].decode()
    assert process.returncode == 130
    written = partial[0].read_bytes()
    assert written.endswith(b"\n") and not (tmp_path / "out").exists()
    assert f"interrupted after {written.count(10):,} line" in error


def test_on_a_terminal_lines_are_asked_for_and_answered_safely(start):
    leader, follower = pty.openpty()
    process = start("translate", stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)
    seen = b""

    def read_until(pattern):
        nonlocal seen
        while not re.search(pattern, seen):
            seen += os.read(leader, 4096)

    read_until(rb"type a line and press Enter; Ctrl-D ends")
    read_until(r"zh → en  tiny \(cpu, 1 thread, \w+ \w+\)".encode())
    os.write(leader, "你好\n".encode())
    read_until("你好\r\n[^\r\n]+\r\n".encode())
    os.write(leader, b"\x04")
    assert process.wait() == 0
    os.close(leader)
    assert b"\x1b" not in seen


def test_the_locale_does_not_matter(environment, tmp_path):
    locales = [("C", ""), ("C.UTF-8", ""), ("C.UTF-8", "gbk"), ("C", "latin-1"), ("C", "cp1252")]
    outputs = set()
    for locale, encoding in locales:
        python = {"LC_ALL": locale, "PYTHONIOENCODING": encoding, "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
        arguments = ["tokenizer", "encode", "你好 \N{GRINNING FACE}", "-"]
        process = subprocess.run(
            [*COMMAND, *map(os.fsencode, arguments)],
            input="再见".encode(),
            env=environment | python,
            cwd=tmp_path,
            capture_output=True,
            check=True,
        )
        outputs.add(process.stdout)
    assert outputs == {"▁你好 ▁ <0xF0> <0x9F> <0x98> <0x80>\n▁ 再 见\n".encode()}


def test_a_folder_that_is_gone_is_no_place_but_no_obstacle_either(start, environment, tmp_path):
    """With nowhere to put temporary files beside. A shell deletes the folder it has started in."""
    environment["TMPDIR"] = str(tmp_path / "nowhere")
    run = Path(__file__).parent / "data" / "run"
    data = ["--train", str(run / "train.tsv"), "--valid", str(run / "valid.tsv"), "--run-dir", str(tmp_path / "run")]
    settings = ["--set=data.noise.join=0", "--set=tokenizer.vocab_size=500", "--set=model.d_model=16", "--steps=2"]
    for command, arguments in {
        "translate": ["你好", "谢谢"],
        "train": [*data, *settings, "--device=cpu"],
        "doctor": [],
    }.items():
        here = start(command, *arguments)
        said, explained = here.communicate()
        (tmp_path / "here").mkdir(exist_ok=True)
        script = ["sh", "-c", 'cd "$0" && rmdir "$0" && exec "$@"', str(tmp_path / "here"), *COMMAND, command]
        gone = subprocess.run([*script, *arguments], env=environment, capture_output=True)
        assert here.returncode == gone.returncode == 0, (explained, gone.stderr)
        assert said == gone.stdout or command == "doctor"
    (tmp_path / "here").mkdir()
    gone = subprocess.run([*script, "-i", "in.txt"], env=environment, capture_output=True)
    assert gone.returncode != 0 and b"Traceback" not in gone.stderr
