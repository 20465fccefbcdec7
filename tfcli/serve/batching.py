"""Lines of many requests translated together: one thread owns the translators, whoever has work for them queues.

Each round takes a line from every waiting request in turn, so that a sentence does not wait for a book.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from tfcli.decoding.translation import Translation
from tfcli.decoding.translator import Translator

_ROUND_CHARACTERS = 4096
_MOST_WAITING = 1 << 20

Unit = tuple[Translator, str]
"""One line and who translates it."""


class BusyError(Exception):
    """More is waiting than can be translated soon."""


class Batcher:
    """most_waiting: characters in the queue, over which nothing more is taken on."""

    def __init__(self, most_waiting: int = _MOST_WAITING):
        self._most_waiting = most_waiting
        self._waiting = 0  # characters
        self._requests: deque[_Request] = deque()
        self._calls: deque[tuple[Callable[[], Any], Future]] = deque()
        self._is_closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="translating", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Returns when everything that was taken on is done; nothing more is."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join()

    def submit(self, units: Sequence[Unit]) -> "Future[list[Translation]]":
        """The translations of lines, in order. BusyError if the queue is full or closed."""
        request = _Request(units)
        if not units:
            request.future.set_result([])
            return request.future
        size = sum(map(_size, units))
        with self._changed:
            if self._is_closed or (self._waiting and self._waiting + size > self._most_waiting):
                raise BusyError
            self._waiting += size
            self._requests.append(request)
            self._changed.notify()
        return request.future

    def call(self, function: Callable[[], Any]) -> Future:
        """What a function returns that needs a translator for itself. BusyError if the queue is closed."""
        future: Future = Future()
        with self._changed:
            if self._is_closed:
                raise BusyError
            self._calls.append((function, future))
            self._changed.notify()
        return future

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._requests or self._calls or self._is_closed)
                if not (self._requests or self._calls):
                    return
                calls = [self._calls.popleft()] if self._calls else []
                batch = self._next_batch() if self._requests else []
            for function, future in calls:
                try:
                    future.set_result(function())
                except Exception as error:
                    future.set_exception(error)
            _translate(batch)

    def _next_batch(self) -> "list[tuple[_Request, int, Unit]]":
        """Lines for one call of the translator that the first request waits for."""
        translator = self._requests[0].units[self._requests[0].next][0]
        batch, size = [], 0
        takers = deque(self._requests)
        while takers and size < _ROUND_CHARACTERS:
            request = takers.popleft()
            unit = request.units[request.next]
            if unit[0] is not translator:
                continue
            batch.append((request, request.next, unit))
            size += _size(unit)
            request.next += 1
            if request.next < len(request.units):
                takers.append(request)
        self._waiting -= size
        self._requests = deque(request for request in self._requests if request.next < len(request.units))
        self._requests.rotate(-1)
        return batch


class _Request:
    """units: its lines. next: the first that nobody has taken yet."""

    def __init__(self, units: Sequence[Unit]):
        self.units = units
        self.next = 0
        self.future: Future[list[Translation]] = Future()
        self.future.set_running_or_notify_cancel()  # what was taken on is translated, whoever still listens
        self._answers: dict[int, Translation] = {}

    def answer(self, place: int, translation: Translation) -> None:
        self._answers[place] = translation
        if len(self._answers) == len(self.units) and not self.future.done():
            self.future.set_result([self._answers[i] for i in range(len(self.units))])

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)


def _translate(batch: list[tuple[_Request, int, Unit]]) -> None:
    """One call of the engine; if it fails, one for each line, so that nobody fails by another's text."""
    if not batch:
        return
    translator = batch[0][2][0]
    try:
        translations = translator.translate_detailed([text for _, _, (_, text) in batch])
    except Exception as error:
        if len(batch) == 1:
            batch[0][0].fail(error)
        else:
            for one in batch:
                _translate([one])
        return
    for (request, place, _), translation in zip(batch, translations, strict=True):
        request.answer(place, translation)


def _size(unit: Unit) -> int:
    return len(unit[1]) + 1
