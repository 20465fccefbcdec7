"""What a person and a plot see of a run: a bar or lines on stderr, and metrics.jsonl."""

import json
import math
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from tfcli.disk import append_line
from tfcli.errors import ResourceError
from tfcli.text.sanitize import safe_tty

_BAR = 14  # so that the two lines beside it fit into 80 columns
_LINE_SECONDS = 30
"""Off a terminal a line comes this often at most."""


class Reporter:
    """Reports of one process; `quiet` ones write nothing for people, and without `metrics` no file. board: a
    SummaryWriter of TensorBoard."""

    def __init__(self, metrics: Path | None = None, quiet: bool = False, board: Any = None):
        self.metrics, self.board = metrics, board
        self.console = Console(stderr=True, quiet=quiet, highlight=False, emoji=False, markup=False)
        self._bar = Progress(
            BarColumn(bar_width=_BAR),
            TimeElapsedColumn(),
            TextColumn("{task.fields[status]}"),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self._task = self._bar.add_task("training", total=1.0, status="")
        self._last_line = 0.0
        self._stage = ""

    def __enter__(self) -> "Reporter":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
        if self.board:
            self.board.close()

    def begin(self, number: int, count: int, name: str) -> None:
        """A stage; of a run of one nothing is said."""
        self._stage = f"stage {number} of {count}, {name}" if count > 1 else ""
        if self._stage:
            self.say(self._stage)

    def say(self, text: str) -> None:
        """Lines for people."""
        self.console.print(Text(safe_tty(text, keep_newlines=True)), soft_wrap=True)

    def record(self, kind: str, **values: Any) -> None:
        """A line of metrics.jsonl."""
        if self.metrics:
            clean = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}
            line = json.dumps({"kind": kind, **clean}, ensure_ascii=False) + "\n"
            try:
                append_line(self.metrics, line.encode())
            except OSError as error:
                raise ResourceError(
                    f'{error.strerror} while noting step {values.get("step", 0):,} in "{self.metrics}"',
                    "make room, and go on with the same command",
                ) from error
        if self.board:
            for name, value in values.items():
                if isinstance(value, int | float) and not isinstance(value, bool):
                    self.board.add_scalar(f"{kind}/{name}", value, values["step"])

    def step(self, progress: float, **values: float) -> None:
        """One logged update: step, loss, perplexity, learning rate, tokens/s, memory, seconds left; fetching: the share
        of the time that went into making batches."""
        self.record("step", time=round(time.time(), 1), **values)
        here, left = (values.get(name) for name in ("stage_seconds_left", "seconds_left"))
        times = [f"{here / 60:.0f} min left"] if here is not None else []
        if self._stage and left is not None:
            times.append(f"{left / 60:.0f} for all")
        left = ", ".join(times)
        lines = (
            f"step {values['step']:,}  loss {values['loss']:.3f}  ppl {values['perplexity']:.1f}  "
            f"{values['tokens_per_second']:,.0f} tok/s",
            f"lr {values['learning_rate']:.1e}  {values['memory_mib']:,} MiB  data {values['fetching']:.1%}  {left}",
        )
        if self._stage:
            lines = (self._stage, *lines)
        if self.console.is_terminal:
            self._bar.update(self._task, completed=progress, status="\n".join(lines))
        elif time.monotonic() - self._last_line >= _LINE_SECONDS:
            self._last_line = time.monotonic()
            self.say(f"{progress:4.0%}  {'  '.join(lines)}")

    def validation(self, step: int, scores: dict[str, float], samples: list[tuple[str, str, str]], best: bool) -> None:
        """One validation: scores by name, and (source, reference, translation) of a few sentences."""
        self.record("validation", step=step, **scores, best=best)
        numbers = "  ".join(f"{name} {value:.{3 if name == 'loss' else 1}f}" for name, value in scores.items())
        self.say(f"step {step:,}: {numbers}{'  (best so far)' if best else ''}")
        for source, reference, translation in (map(safe_tty, sample) for sample in samples):
            self.say(f"    {source}\n      = {translation}\n      ( {reference} )")
