"""The curves of a run, out of its metrics.jsonl: as lines of characters, and as an SVG. No torch."""

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfcli.disk import read_whole, replace_file
from tfcli.errors import DataError

Points = Mapping[int, float]
"""By step. What was logged again after a resume counts as it was logged last."""

_MOST_BYTES = 1 << 30
_HUGE = 1e100
_DRAWN = ("loss", "learning_rate", "bleu", "chrf")
_MARKS = "•o"
_COLORS = "#2166ac", "#d6604d"
_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 720, 170, 84, 30, 16  # of a panel of the SVG and its margins, in pixels


@dataclass(frozen=True)
class Panel:
    """What is drawn into one frame: one or two curves by name, from step 0 to `last`."""

    title: str
    curves: Mapping[str, Points]
    last: int


def read_metrics(metrics: Path) -> Iterator[dict]:
    """The lines of a metrics.jsonl; each has its kind and its step. DataError if one is something else; a last line
    that was cut off is passed over."""
    for number, line in enumerate(read_whole(metrics, _MOST_BYTES).split(b"\n")[:-1], start=1):
        try:
            if line:
                values = json.loads(line)
                _check(values)
                yield values
        except (ValueError, TypeError, KeyError, RecursionError):
            raise DataError(f"{metrics}: line {number} is not a line of metrics") from None


def _check(values: Any) -> None:
    """Raises ValueError, TypeError or KeyError if that is no line of metrics."""
    numbers = [values["step"], *(values[name] for name in _DRAWN if values.get(name) is not None)]
    if not isinstance(values["kind"], str) or not isinstance(values["step"], int) or values["step"] < 0:
        raise ValueError
    if not all(type(number) in (int, float) and abs(number) < _HUGE for number in numbers):
        raise ValueError


def read_panels(metrics: Path) -> list[Panel]:
    """Loss, BLEU and chrF, learning rate: those of them that have two points at least."""
    steps: dict[str, dict[int, float]] = {"loss": {}, "learning_rate": {}}
    checks: dict[str, dict[int, float]] = {"loss": {}, "bleu": {}, "chrf": {}}
    for line in read_metrics(metrics):
        for name, points in (steps if line["kind"] == "step" else checks).items():
            if line.get(name) is not None:
                points[line["step"]] = line[name]
    panels = {
        "loss": {"training": steps["loss"], "validation": checks["loss"]},
        "BLEU": {"validation": checks["bleu"]},
        "chrF": {"validation": checks["chrf"]},
        "learning rate": {"training": steps["learning_rate"]},
    }
    shown = {title: {name: c for name, c in curves.items() if len(c) > 1} for title, curves in panels.items()}
    last = max((step for curves in shown.values() for points in curves.values() for step in points), default=0)
    return [Panel(title, curves, last) for title, curves in shown.items() if curves]


def draw(panel: Panel, width: int = 80, height: int = 10) -> list[str]:
    """The panel in characters, `width` columns wide: the mean of what falls into each column."""
    low, high = _range(panel)
    left = max(len(_number(low)), len(_number(high))) + 1
    columns = width - left - 1
    canvas = [[" "] * columns for _ in range(height)]
    for mark, points in zip(_MARKS, panel.curves.values(), strict=False):
        falling: dict[int, list[float]] = {}
        for step, value in points.items():
            falling.setdefault(min(step * columns // panel.last, columns - 1), []).append(value)
        for column, values in falling.items():
            part = (sum(values) / len(values) - low) / (high - low)
            canvas[round((1 - part) * (height - 1))][column] = mark
    names = "   ".join(f"{mark} {name}" for mark, name in zip(_MARKS, panel.curves, strict=False))
    labels = {0: _number(high), height - 1: _number(low)}
    rows = [f"{labels.get(i, ''):>{left - 1}} ┤{''.join(row)}".rstrip() for i, row in enumerate(canvas)]
    foot = f"{' ' * left}└{'─' * columns}", f"{'0':>{left + 2}}{f'step {panel.last:,}':>{columns - 2}}"
    return [f"{panel.title}   {names}", *rows, *foot]


def write_svg(panels: Sequence[Panel], path: Path) -> None:
    """Into a file of a run, if there are any."""
    if panels:
        replace_file(path, to_svg(panels))


def to_svg(panels: Sequence[Panel]) -> bytes:
    """The panels below each other."""
    body = "".join(_svg_panel(panel, (_HEIGHT + _TOP + 2 * _GAP) * i) for i, panel in enumerate(panels))
    width, height = _LEFT + _WIDTH + _GAP, (_HEIGHT + _TOP + 2 * _GAP) * len(panels)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
    head += 'font-family="system-ui, sans-serif" font-size="13"><rect width="100%" height="100%" fill="#ffffff"/>\n'
    return (head + body + "</svg>\n").encode()


def _svg_panel(panel: Panel, y: int) -> str:
    low, high = _range(panel)
    parts = [f'<g transform="translate({_LEFT} {y + _TOP})">', f'<text x="0" y="-10">{html.escape(panel.title)}</text>']
    frame = f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="none" stroke="#999999"/>'
    edges = [(_HEIGHT, low), (12, high)]
    labels = [f'<text x="-6" y="{at}" text-anchor="end">{_number(value)}</text>' for at, value in edges]
    labels.append(f'<text x="{_WIDTH}" y="{_HEIGHT + 15}" text-anchor="end">step {panel.last:,}</text>')
    for i, (color, (name, points)) in enumerate(zip(_COLORS, panel.curves.items(), strict=False)):
        at = [(_WIDTH * s / panel.last, _HEIGHT * (1 - (v - low) / (high - low))) for s, v in sorted(points.items())]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="1.5"/>')
        x = _WIDTH - 110 * (len(panel.curves) - i)
        parts.append(f'<text x="{x}" y="-10" fill="{color}">{html.escape(name)}</text>')
    return "\n".join([*parts, frame, *labels, "</g>\n"])


def _range(panel: Panel) -> tuple[float, float]:
    """(least value, greatest value), never the same."""
    values = [value for points in panel.curves.values() for value in points.values()]
    low, high = min(values), max(values)
    return low, high if high > low else low + 1.0


def _number(value: float) -> str:
    return f"{value:.3g}"
