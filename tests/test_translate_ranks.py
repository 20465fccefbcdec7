"""Several processes give the file of one, and none waits for one that failed."""

import os
import subprocess
import sys

import pytest
from commands import run
from conftest import TINY
from test_cli_processes import environment  # noqa: F401 (a fixture)

LINES = [f"{word}{i}" for i in range(400) for word in ("你好", "谢谢你的帮助。", "", "再见！今天天气很好。")]


@pytest.fixture
def launch(environment, tmp_path):  # noqa: F811
    def launch(world, *arguments):
        """The processes of a run, as torchrun would start them: (exit code, stderr) of each."""
        processes = []
        for rank in range(world):
            own = {"RANK": str(rank), "WORLD_SIZE": str(world), "MASTER_PORT": "1"}
            command = [sys.executable, "-m", "tfcli", "translate", *arguments]
            pipe = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            processes.append(subprocess.Popen(command, env=environment | own, cwd=tmp_path, **pipe))
        ends = [process.communicate(timeout=100) for process in processes]
        return [(process.returncode, error) for process, (_, error) in zip(processes, ends, strict=True)]

    return launch


def test_ranks_write_the_file_of_one_process(launch, tmp_path, monkeypatch):
    (tmp_path / "in").write_text("\n".join(LINES), encoding="utf-8")
    (code, _), *others = launch(3, "-i", "in", "-o", "shared", "--json")
    assert code == 0 and others == [(0, "")] * 2
    monkeypatch.chdir(tmp_path)
    assert run("translate", "-q", "-i", "in", "-o", "alone", "--json", "-m", str(TINY), "--threads", "1").code == 0
    assert (tmp_path / "shared").read_bytes() == (tmp_path / "alone").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["alone", "in", "shared"]


def test_what_fails_on_one_rank_fails_the_run(launch, tmp_path):
    (tmp_path / "in").write_bytes("\n".join(LINES).encode() + b"\n\xff\n")
    (first, error), (second, _) = launch(2, "-i", "in", "-o", "out", "--encoding-errors", "strict")
    assert first != 0 and second == 3 and "line 1601" in error
    assert sorted(os.listdir(tmp_path)) == ["in", "out.partial"]


def test_ranks_need_files(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    ended = run("translate", "-m", str(TINY), stdin=b"a\n")
    assert ended.code == 2 and "torchrun -m tfcli translate -i FILE -o FILE" in ended.err
