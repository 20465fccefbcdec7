"""Lines in windows: many at once where they are there, at once those that are there where more may come late.

A window is bounded by bytes, which bound its tokens, so memory does not grow with the number of lines. When reading
fails, what was read before comes first, then the error.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator

from tfcli.cli.records import Record


def full_windows(records: Iterable[Record], size: int, first: int = 2**12) -> Iterator[list[Record]]:
    """Windows of a file: the same however fast it is read, so that the same file always gives the same output.

    first: bytes of the first one; they double up to `size`, so that the first lines come out soon.
    """
    window: list[Record] = []
    filled, limit = 0, first
    failure: Exception | None = None
    try:
        for record in records:
            window.append(record)
            filled += record.size
            if filled >= limit:
                yield window
                window, filled, limit = [], 0, min(2 * limit, size)
    except Exception as error:
        failure = error
    if window:
        yield window
    if failure:
        raise failure


def live_windows(records: Iterator[Record], size: int) -> Iterator[list[Record]]:
    """Windows of a pipe or a terminal: what has arrived, about `size` bytes at most, never waiting for what has not."""
    arrivals = _Arrivals(size)
    threading.Thread(target=arrivals.fill, args=(records,), daemon=True).start()
    while window := arrivals.take():
        yield window


class _Arrivals:
    """A queue bounded in bytes, which one thread fills and another empties."""

    def __init__(self, size: int):
        self._size = size
        self._changed = threading.Condition()
        self._waiting: deque[Record] = deque()
        self._bytes = 0
        self._ended = False
        self._error: Exception | None = None

    def fill(self, records: Iterator[Record]) -> None:
        try:
            for record in records:
                with self._changed:
                    self._changed.wait_for(lambda: self._bytes < self._size)
                    self._waiting.append(record)
                    self._bytes += record.size
                    self._changed.notify()
        except Exception as error:
            self._error = error
        with self._changed:
            self._ended = True
            self._changed.notify()

    def take(self) -> list[Record]:
        """All that has arrived, at least one record; empty at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended)
            window = list(self._waiting)
            self._waiting.clear()
            self._bytes = 0
            self._changed.notify()
        if not window and self._error:
            raise self._error
        return window
