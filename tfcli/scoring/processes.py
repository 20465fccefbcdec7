"""Several processes score the windows of one corpus, each with a model and a thread of its own."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from tfcli.bundle import read_bundle
from tfcli.errors import ResourceError
from tfcli.scoring.score import Score

if TYPE_CHECKING:
    from tfcli.scoring.scorer import Scorer

T = TypeVar("T")
Texts = tuple[str, str]

_MOST = 8


def count_cores() -> int:
    """The cores that this process may use, but no more than eight: every process holds a model."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _MOST)


class Pool:
    """Processes that are started when there is work for them, and gone when the block ends, however it does."""

    def __init__(self, model: Path, device: str, processes: int):
        self._model, self._device, self._processes = model, device, processes
        self._executor = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _begin)
        self._others = set(multiprocessing.active_children())

    def __enter__(self) -> "Pool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:  # do not wait for windows that nobody wants any more
            for child in set(multiprocessing.active_children()) - self._others:
                child.terminate()
        self._executor.shutdown(cancel_futures=True)

    def score(self, asked: Iterator[tuple[T, list[Texts]]]) -> Iterator[tuple[T, list[Score]]]:
        """Each window with the scores of its texts, in order; one more of them is read than there are processes. Raises
        ResourceError if a process is killed, and what a Scorer raises."""
        waiting: deque[tuple[T, Future[list[Score]]]] = deque()
        try:
            for window, texts in asked:
                with _deaf_to_interrupts():
                    waiting.append((window, self._executor.submit(_score, self._model, self._device, texts)))
                if len(waiting) > self._processes:
                    window, scores = waiting.popleft()
                    yield window, scores.result()
            while waiting:
                window, scores = waiting.popleft()
                yield window, scores.result()
        except BrokenProcessPool:
            raise ResourceError(
                "a process that scored pairs was killed", "if memory has run out   --processes 1 needs least"
            ) from None


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """A process that is started here ignores Ctrl-C, and leaves it to its parent to say so and to end it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _begin() -> None:
    """A process whose parent was killed ends too."""
    parent = multiprocessing.parent_process()
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


def _score(model: Path, device: str, texts: Sequence[Texts]) -> list[Score]:
    return _scorer(model, device).score(texts)


@cache
def _scorer(model: Path, device: str) -> "Scorer":
    from tfcli.scoring.scorer import Scorer

    return Scorer(read_bundle(model), device, threads=1)
