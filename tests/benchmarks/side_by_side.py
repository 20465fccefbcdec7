"""Things measured against each other: each in a process of its own, taking turns.

A side is a benchmark program started again with `--side NAME`. It prepares itself, then answers questions that come as
lines on stdin, each with a line of JSON on stdout.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Times:
    """Seconds of one measurement. cpu: of all threads of the process."""

    wall: float
    cpu: float


def timed(work: Callable[[], object]) -> Times:
    """The times of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Times(time.perf_counter() - wall, time.process_time() - cpu)


def best(times: Sequence[Times]) -> Times:
    """The smallest of each: what is left when other programs disturb least."""
    return Times(min(t.wall for t in times), min(t.cpu for t in times))


class Side:
    """A benchmark program, for example "tests.benchmarks.training_speed", as a child that plays one side."""

    def __init__(self, program: str, name: str, options: Sequence[str]):
        self.name = name
        # Threads that wait must sleep, on all sides: on a busy machine spinning ones distort everything. Kineto is
        # PyTorch's profiler, which otherwise reports that it has been used.
        self._process = subprocess.Popen(
            [sys.executable, "-m", program, *options, "--side", name],
            env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "KINETO_LOG_LEVEL": "99"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, question: str) -> dict:
        self._process.stdin.write(question + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f'"{self.name}" ended with exit code {self._process.wait()}')
        return json.loads(answer)

    def time(self, question: str) -> Times:
        """The answer to a question whose answer is Times."""
        return Times(**self.ask(question))

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


def answer_questions(answers: Mapping[str, Callable[[str], dict]]) -> None:
    """Plays a side until stdin ends. A question is a word, a key of `answers`, and the rest of its line."""
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        print(json.dumps(answers[word](rest)), flush=True)
