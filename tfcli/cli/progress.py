"""What a person sees on stderr while lines are translated, and what is said about them in the end."""

import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from types import TracebackType

from tfcli.cli import console
from tfcli.cli.formats import flags
from tfcli.cli.records import Record
from tfcli.decoding.translation import Flag, Translation

_EVERY = 30  # seconds between two lines where there is no bar
_NAMED = 5  # so many flagged lines are named

_WORDS: dict[Flag, str] = {
    "loop": "fell into a repetition loop, cut there",
    "cut": "reached the length limit, cut there",
    "empty": "came back empty",
    "placeholder": "lost a protected span (URL, e-mail or placeholder)",
    "unknown": "had characters that the model does not know",
    "encoding": "had bytes that are not UTF-8, replaced by U+FFFD",
}
"""Flags that are warnings: a text that was split into sentences (`split`) is translated as well as any."""


class Progress:
    """Counts lines; a bar where stderr is a terminal and stdout is not, else a line now and then.

    total: bytes to read, None if nobody knows. spoken: say how far it is, and in the end how much it was.
    """

    def __init__(self, total: int | None, bar: bool, spoken: bool):
        self.lines = 0
        self.flagged: dict[Flag, list[int]] = defaultdict(list)
        self._total, self._spoken = total, spoken
        self._bytes = 0
        self._start = self._said = time.monotonic()
        self._bar = _make_bar() if bar and not console.mode.quiet else None

    def __enter__(self) -> "Progress":
        if self._bar:
            self._bar.start()
            self._task = self._bar.add_task("", total=self._total, rate="")
        return self

    def add(self, records: Sequence[Record], results: Sequence[Translation]) -> None:
        """These lines are out."""
        self.lines += len(records)
        self._bytes += sum(record.size for record in records)
        for record, result in zip(records, results, strict=True):
            for flag in flags(record, result):
                if flag in _WORDS:
                    self.flagged[flag].append(record.number)
        now = time.monotonic()
        if self._bar:
            self._bar.update(self._task, completed=self._bytes, rate=self._rate())
        elif now - self._said >= _EVERY and self._spoken:
            self._said = now
            share = f", {min(self._bytes / self._total, 1):.0%}" if self._total else ""
            console.note(f"{self._rate()}{share}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()
        if isinstance(error, BrokenPipeError):
            return
        for flag, numbers in self.flagged.items():
            console.warn(f"{_name_lines(numbers)} {_WORDS[flag]}")
        if self._spoken and console.is_terminal(sys.stderr):
            count = len({number for numbers in self.flagged.values() for number in numbers})
            console.note(self._rate() + (f", {count:,} flagged" if count else ""))

    def _rate(self) -> str:
        per_second = self.lines / max(time.monotonic() - self._start, 1e-9)
        rate = f"{per_second / 1000:.1f} k" if per_second >= 1000 else f"{per_second:.1f}"
        return f"{console.count(self.lines, 'line')}, {rate} lines/s"


def _name_lines(numbers: list[int]) -> str:
    named = ", ".join(str(number) for number in numbers[:_NAMED])
    more = f" and {len(numbers) - _NAMED:,} more" if len(numbers) > _NAMED else ""
    return f"line{'s' * (len(numbers) > 1)} {named}{more}"


def _make_bar():
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    return Bar(
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True, no_color=not console.mode.color),
        transient=True,
    )
