"""Training runs in processes of their own that are ready in an instant: forks of a server that has imported torch.

Each keeps a diary of what it came to, so that a test can tell what a process that is gone had promised.
"""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest  # what a fork needs is imported here: pytest too, for a fork looks where its parent began
import torch._dynamo  # noqa: F401  # takes long, and a run imports it late
from runs import short_recipe, training

from tfcli.cli import app
from tfcli.config.recipe import to_toml
from tfcli.training import trainer
from tfcli.training.stopping import StopSignal
from tfcli.training.trainer import Trainer

_FORKS = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Child:
    """A running `tfcli train`. diary: what it did, a line each. said: its stdout and stderr."""

    process: BaseProcess
    diary: Path
    said: Path

    def lines(self) -> list[str]:
        return self.diary.read_text().split("\n")[:-1]

    def steps(self, kind: str) -> list[int]:
        """The steps of such lines: ready 0 (to begin), running 0 (signals are heard), updated 7, saving 7, saved 7,
        asked 7 (by a signal)."""
        return [int(line.split()[1]) for line in self.lines() if line.startswith(f"{kind} ")]

    def wait(self) -> int:
        """The exit code; minus the number of a signal that killed it."""
        self.process.join()
        return self.process.exitcode

    def send(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def wait_for(self, kind: str) -> None:
        """Returns when a line of this kind is there, or the process gone."""
        self._wait_until(lambda: self.steps(kind))

    def wait_for_lines(self, count: int) -> None:
        """Returns when so many lines are there, or the process gone."""
        self._wait_until(lambda: len(self.lines()) >= count)

    def _wait_until(self, come: Callable[[], object]) -> None:
        while not come() and self.process.is_alive():
            time.sleep(0.001)


def write_recipe(folder: Path, **settings) -> Path:
    """A short recipe, for `start`."""
    path = folder / "recipe.toml"
    path.write_text(to_toml(training(short_recipe(folder), **settings)), encoding="utf-8")
    return path


def start(recipe: Path, run_dir: Path, diary: Path, begin=None, sleep_at: int = 0) -> Child:
    """`tfcli train` in a fork. begin: an event to wait for. sleep_at: a step whose update never ends."""
    _serve()
    diary.touch()
    said = diary.with_suffix(".said")
    process = _FORKS.Process(target=_train, args=(recipe, run_dir, diary, said, begin, sleep_at))
    process.start()
    return Child(process, diary, said)


def run_in_fork(function, *arguments) -> None:
    """Calls a function of a module in a process of its own that has a single thread; AssertionError if it fails."""
    _serve()
    process = _FORKS.Process(target=function, args=arguments)
    process.start()
    process.join()
    assert process.exitcode == 0


def new_event():
    return _FORKS.Event()


def _serve() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        patch.setenv("OMP_NUM_THREADS", "1")
        _FORKS.set_forkserver_preload([__name__])
        forkserver.ensure_running()


def _train(recipe: Path, run_dir: Path, diary: Path, said: Path, begin, sleep_at: int) -> None:
    for descriptor in (1, 2):
        os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), descriptor)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
    page = os.open(diary, os.O_WRONLY | os.O_APPEND)
    made = [0]

    def note(kind: str, step: int) -> None:
        os.write(page, f"{kind} {step}\n".encode())

    def updating(self, *arguments, update=Trainer.update):
        if sleep_at == self.learner.step + 1:
            note("sleeping", sleep_at)
            time.sleep(3600)
        nll = update(self, *arguments)
        made[0] = self.learner.step
        note("updated", made[0])
        return nll

    def saving(folder, state, *more, save=trainer.save_state):
        note("saving", state.step)
        save(folder, state, *more)
        note("saved", state.step)

    def handling(self, number, frame, handle=StopSignal._handle):
        note("asked", made[0])
        handle(self, number, frame)

    def running(arguments, run=app._run):
        note("running", 0)
        return run(arguments)

    Trainer.update, trainer.save_state, StopSignal._handle, app._run = updating, saving, handling, running
    if begin:
        note("ready", 0)
        begin.wait()
    sys.exit(app.main(["train", str(recipe), "--run-dir", str(run_dir), "--device", "cpu"]))
