"""Several processes give the file of one, and none waits for one that failed or outlives its parent."""

import os
import signal
import subprocess
import sys
import time

import pytest
from commands import run
from conftest import TINY
from test_cli_processes import environment  # noqa: F401 (a fixture)

from tfcli.cli.processes import Processes
from tfcli.cli.records import Record

LINES = [f"{word}{i}" for i in range(400) for word in ("你好", "谢谢你的帮助。", "", "再见！今天天气很好。")]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a file to translate."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFCLI_MODEL", str(TINY))
    (tmp_path / "in").write_text("\n".join(LINES), encoding="utf-8")
    return tmp_path


def test_processes_write_what_one_writes(here):
    (here / "more").write_text("你好\n" * 50)
    for options in (["--json"], ["--format", "tsv", "-i", "more", "--keep-going"]):
        alone, shared = (
            run("translate", "-q", "-i", "in", *options, "--threads", "1", "--processes", count) for count in "13"
        )
        assert (shared.code, shared.out, shared.err) == (0, alone.out, "") and alone.out.count(b"\n") >= len(LINES)


def test_a_bad_line_comes_after_those_before_it(here):
    with open(here / "in", "ab") as file:
        file.write(b"\n\xff\n")
    ended = run("translate", "-i", "in", "-o", "out", "--encoding-errors", "strict", "--processes", "2")
    assert ended.code == 3 and "line 1601" in ended.err
    (partial,) = here.glob("out.*.partial")
    assert partial.read_bytes().count(b"\n") == len(LINES) and not (here / "out").exists()


def test_an_error_of_a_worker_is_its_parents(here):
    order = {"settings": {"model": "nowhere"}, "prefix": "", "keep_going": False}
    processes = Processes(1, order | {"mode": {"quiet": True, "verbose": False, "color": False}})
    with pytest.raises(Exception, match="a process that translates ended with exit code"):
        list(processes.share(iter([[Record(1, "你好")]])))


def test_a_killed_worker_ends_the_run(environment, here):  # noqa: F811
    (here / "long").write_text("\n".join(LINES * 40), encoding="utf-8")
    parent = start(environment, here, "-i", "long", "-o", "out", "--processes", "2")
    os.kill(wait_for_children(parent.pid, 2)[0], signal.SIGKILL)
    assert parent.wait(timeout=100) == 9 and "was killed by signal 9" in parent.stderr.read()
    assert not (here / "out").exists()


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_workers_end_with_their_parent(environment, here, number, code):  # noqa: F811
    (here / "long").write_text("\n".join(LINES * 40), encoding="utf-8")
    parent = start(environment, here, "-i", "long", "-o", "out", "--processes", "2")
    children = wait_for_children(parent.pid, 2)
    parent.send_signal(number)
    assert parent.wait(timeout=100) == code
    deadline = time.monotonic() + 60
    while any(os.path.exists(f"/proc/{child}") for child in children):
        assert time.monotonic() < deadline, "a worker outlives its parent"
        time.sleep(0.05)


def start(environment, folder, *arguments):  # noqa: F811
    command = [sys.executable, "-m", "tfcli", "translate", *arguments]
    return subprocess.Popen(command, env=environment, cwd=folder, stderr=subprocess.PIPE, text=True)


def wait_for_children(parent: int, number: int) -> list[int]:
    """The workers of a process, once there are so many."""
    while True:
        with open(f"/proc/{parent}/task/{parent}/children") as file:
            children = [int(child) for child in file.read().split()]
        if len(children) >= number:
            return children
        time.sleep(0.01)
