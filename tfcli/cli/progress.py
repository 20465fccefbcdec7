"""What a person sees on stderr while lines are worked on, and what is said about translated ones in the end."""

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TypeVar

from tfcli.cli import console
from tfcli.cli.formats import flags
from tfcli.cli.records import Record
from tfcli.decoding.translation import Flag, Translation

T = TypeVar("T")

_EVERY = 30  # seconds between two lines where there is no bar
_LOOK = 500  # lines between two looks at the clock
_NAMED = 5  # so many flagged lines are named
_SHOWN = 20  # characters of a line that is told by how it begins
_MUCH_UNKNOWN = 0.2

_WORDS: dict[Flag, str] = {
    "loop": "fell into a repetition loop, cut there",
    "cut": "reached the length limit, cut there",
    "empty": "came back empty",
    "placeholder": "lost a name that should come back as it is",
    "number": "changed a number",
    "glossary": "lost a term of the glossary",
    "unsure": "may well be wrong: the model is unsure of it",
    "unknown": "had characters that the model does not know",
    "encoding": "had bytes that are not UTF-8, replaced by U+FFFD",
    "error": "could not be translated, left empty",
}
"""Flags that are told: a text that was split into sentences (`split`) is translated as well as any."""
_MILD: tuple[Flag, ...] = ("unsure",)
"""Told, but no fault by itself."""


class Progress:
    """Counts lines; a bar if there is one, else a line now and then; in the end the lines to look at.

    total: bytes to read, None if nobody knows. spoken: say how far it is, and in the end how much it was. by_words:
    lines that are flagged are told by how they begin, for nobody counts them.
    """

    def __init__(self, total: int | None, bar: bool, spoken: bool, by_words: bool = False):
        self.lines = self.flagged = self.failed = 0
        self._total, self._spoken, self._by_words = total, spoken, by_words
        self._counts: Counter[Flag] = Counter()
        self._named: dict[Flag, list[str]] = defaultdict(list)
        self._bytes = self._tokens = self._unknown = 0
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
            self._tokens += result.source_tokens
            self._unknown += result.unknown_tokens
            warnings = [flag for flag in flags(record, result) if flag in _WORDS]
            self.flagged += any(flag not in _MILD for flag in warnings)
            self.failed += "error" in warnings
            for flag in warnings:
                self._counts[flag] += 1
                if len(self._named[flag]) < _NAMED:
                    self._named[flag].append(_beginning(record.text) if self._by_words else str(record.number))
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
        self.tell_flags()
        if self._unknown > _MUCH_UNKNOWN * self._tokens:
            console.warn(f"the model does not know {self._unknown / self._tokens:.0%} of the input")
        if self._spoken and console.is_terminal(sys.stderr):
            console.note(self._rate() + (f", {self.flagged:,} flagged" if self.flagged else ""))

    def tell_flags(self, where: str = "") -> None:
        """Says which of the lines since the last time are flagged. where: the file, if there are several."""
        for flag, count in self._counts.items():
            named = ", ".join(self._named[flag])
            more = f" and {count - _NAMED:,} more" if count > _NAMED else ""
            lines = "" if self._by_words else f"line{'s' * (count > 1)} "
            console.warn(f"{where}{lines}{named}{more} {_WORDS[flag]}")
        self._counts.clear()
        self._named.clear()

    def _rate(self) -> str:
        return _rate(self.lines, self._start)


@contextmanager
def followed(lines: Iterable[T], doing: str, total: int | None, bar: bool) -> Iterator[Iterator[T]]:
    """The lines, to go through while stderr shows how far they are: by a bar if there is one, else by a line now and
    then. total: how many there are, None if nobody knows."""
    start = time.monotonic()
    with _make_bar(disable=not bar or console.mode.quiet) as shown:
        task = shown.add_task("", total=total, rate=doing)

        def pass_on() -> Iterator[T]:
            said = start
            for number, line in enumerate(lines, 1):
                yield line
                if number % _LOOK == 0:
                    rate = f"{doing}: {_rate(number, start)}"
                    shown.update(task, completed=number, rate=rate)
                    if shown.disable and (now := time.monotonic()) - said >= _EVERY:
                        said = now
                        console.note(rate + (f", {number / total:.0%}" if total else ""))

        yield pass_on()


def _beginning(text: str) -> str:
    return f'"{text[:_SHOWN]}..."' if len(text) > _SHOWN else f'"{text}"'


def _rate(lines: int, start: float) -> str:
    per_second = lines / max(time.monotonic() - start, 1e-9)
    rate = f"{per_second / 1000:.1f} k" if per_second >= 1000 else f"{per_second:.1f}"
    return f"{console.count(lines, 'line')}, {rate} lines/s"


def _make_bar(disable: bool = False):
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
        disable=disable,
    )
