"""Several processes translate one stream of windows: each takes the next one, and all come out in order.

The others are `python -m tfcli.cli.worker`, with lines of JSON in both directions. One that loses its parent, or whose
parent has had enough, comes to the end of its input and ends.
"""

import dataclasses
import json
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from tfcli.cli import console
from tfcli.cli.answers import Answered
from tfcli.cli.records import Record
from tfcli.decoding.translation import read_translation
from tfcli.errors import ResourceError, TfcliError
from tfcli.settings import Settings

if TYPE_CHECKING:
    from concurrent.futures import Future

    from tfcli.decoding.engines import Engine

WINDOW_BYTES = 1 << 16
"""Of a window: a process that is done soon waits for none that is not."""
_WORTH_BYTES = 1 << 18
"""Less text is translated before other processes have started."""
_AHEAD = 2
"""Windows for each process that are read before the first of them is done."""


def count_processes(wanted: int | None, total: int | None, engine: "Engine") -> int:
    """How many processes shall translate. wanted: so many; None: as many as the engine has threads, if the files are
    worth it. total: their bytes, None if there are none or lines come one by one: that is for one process."""
    if total is None or engine.device != "cpu":
        return 1
    return wanted or (engine.threads if total >= _WORTH_BYTES else 1)


def order(settings: Settings, prefix: str, alternatives: int, keep_going: bool) -> dict[str, Any]:
    """What a worker is told first."""
    told = {"prefix": prefix, "alternatives": alternatives, "keep_going": keep_going}
    return told | {"settings": dataclasses.asdict(settings), "mode": dataclasses.asdict(console.mode)}


@contextmanager
def started(count: int, order: Mapping[str, Any]) -> Iterator["Processes"]:
    """So many processes that translate as `order` says; see `tfcli.cli.worker`. They are gone after the block."""
    processes = Processes(count, order)
    try:
        yield processes
    finally:
        processes.end()


class Processes:
    """Workers, each of which translates one window at a time."""

    def __init__(self, count: int, order: Mapping[str, Any]):
        self._idle: deque[_Worker] = deque(_Worker(order) for _ in range(count))
        self._all = list(self._idle)

    def share(self, windows: Iterator[list[Record]]) -> Iterator[Answered]:
        """The windows with their translations, in order. What fails comes after all that was before it."""
        from concurrent.futures import ThreadPoolExecutor

        waiting: deque[Future[list[Answered]]] = deque()
        failure: Exception | None = None
        with ThreadPoolExecutor(len(self._all)) as threads:
            try:
                while failure is None:
                    try:
                        window = next(windows, None)
                    except Exception as error:
                        failure = error
                        break
                    if window is None:
                        break
                    waiting.append(threads.submit(self._ask, window))
                    while len(waiting) > _AHEAD * len(self._all) or (waiting and waiting[0].done()):
                        yield from _give(waiting.popleft())
                while waiting:
                    yield from _give(waiting.popleft())
            except BaseException:
                self.end()  # or the threads would be waited for
                raise
        if failure:
            raise failure

    def end(self) -> None:
        for worker in self._all:
            worker.end()

    def _ask(self, window: list[Record]) -> list[Answered | TfcliError]:
        worker = self._idle.popleft()  # there are as many threads as workers
        try:
            return worker.ask(window)
        finally:
            self._idle.append(worker)


class _Worker:
    def __init__(self, order: Mapping[str, Any]):
        # In a session of its own, so that Ctrl-C reaches the parent only, which knows what to do about it.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tfcli.cli.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._send(order)

    def ask(self, window: list[Record]) -> list[Answered | TfcliError]:
        """The window in parts, with their translations, up to what fails, if something does: the error comes last."""
        self._send([(record.number, record.text, record.flags) for record in window])
        answered: list[Answered | TfcliError] = []
        start = 0
        answer = self._receive()
        for rows in answer["parts"]:
            part, start = window[start : start + len(rows)], start + len(rows)
            records = [dataclasses.replace(one, flags=tuple(flags)) for one, (flags, _) in zip(part, rows, strict=True)]
            results = [read_translation(values) for _, values in rows]
            answered.append((records, results))
        if answer["error"]:
            error = TfcliError(answer["error"]["message"], answer["error"]["hint"])
            error.exit_code = answer["error"]["exit_code"]
            answered.append(error)
        return answered

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):
                stream.close()

    def _send(self, message: object) -> None:
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise self._lost() from None

    def _receive(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise self._lost()
        return json.loads(line)

    def _lost(self) -> ResourceError:
        code = self._process.wait()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return ResourceError(f"a process that translates {how}", "it may have been short of memory   --processes 1")


def _give(done: "Future[list[Answered | TfcliError]]") -> Iterator[Answered]:
    for answered in done.result():
        if isinstance(answered, TfcliError):
            raise answered
        yield answered
