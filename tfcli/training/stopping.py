"""Ctrl-C and SIGTERM during training: finish the step, save, then go. A second signal goes at once."""

import os
import signal
from types import FrameType


class StopSignal:
    """While entered, the first signal only sets `asked`; `number` says which it was."""

    def __init__(self):
        self.number = 0
        self._previous: dict[int, object] = {}

    @property
    def asked(self) -> bool:
        return self.number != 0

    def __enter__(self) -> "StopSignal":
        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            os._exit(128 + number)
        self.number = number
