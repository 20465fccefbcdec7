"""What `tfcli translate -i` takes, in seconds and memory, by the number of lines, by their length, by processes."""

import tempfile
from pathlib import Path

from tests.benchmarks.commands import Finished, run_python
from tests.benchmarks.report import table

_LENGTHS = (4, 8, 16, 32, 64, 128, 256, 512)
_CHARACTERS = 40_000
"""Of the files whose lines differ in length."""

Points = dict[str, dict[int, Finished]]


def print_growth(model: str, lines: list[str], most: int, processes: int, draw: Path | None) -> None:
    counts = [10**power for power in range(1, len(str(most))) if 10**power <= most]
    counts += [most] if most not in counts else []
    points: Points = {"lines": {}, "characters of a line": {}, "processes": {}}
    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            # No two alike: the same sentence twice costs as much as another one, and that is to stay so.
            rows = (f"{lines[i % len(lines)]}{i}" for i in range(count))
            points["lines"][count] = _run(folder, model, rows)
        for length in (length for length in _LENGTHS if length <= most):
            text = "，".join(lines) * (1 + length * 2 // max(len("，".join(lines)), 1))
            count = max(min(_CHARACTERS, 10 * most) // length, 1)
            rows = (text[i % length : i % length + length] for i in range(count))
            points["characters of a line"][length] = _run(folder, model, rows)
        for number in range(1, processes + 1):
            rows = (f"{lines[i % len(lines)]}{i}" for i in range(min(counts[-1], 20_000)))
            points["processes"][number] = _run(folder, model, rows, "--processes", str(number))
    for what, found in points.items():
        header = [what, *(f"{number:,}" for number in found)]
        seconds = ["seconds", *(f"{one.times.wall:,.2f}" for one in found.values())]
        cpu = ["CPU seconds", *(f"{one.times.cpu:,.2f}" for one in found.values())]
        memory = ["MiB", *(f"{one.peak_mib:,.0f}" for one in found.values())]
        print(table(header, [seconds, cpu, memory]), "\n")
    if draw:
        _draw(points, draw)


def _run(folder: str, model: str, rows, *options: str) -> Finished:
    source = Path(folder, "in.txt")
    with open(source, "w", encoding="utf-8") as file:
        file.writelines(f"{row}\n" for row in rows)
    arguments = ["-m", "tfcli", "translate", "-q", "-m", model, "-i", source, "-o", Path(folder, "out"), "--force"]
    return run_python([*arguments, *options])


def _draw(points: Points, path: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.fonttype"] = "none"  # letters as text, not as curves
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(2, len(points), figsize=(11, 6), layout="constrained")
    for column, (what, found) in enumerate(points.items()):
        for row, title in enumerate(("seconds", "MiB")):
            ys = [one.times.wall if row == 0 else one.peak_mib for one in found.values()]
            panel = panels[row][column]
            panel.plot([*found], ys, marker="o", markersize=4)
            panel.set(xlabel=what, ylabel=title, xscale="linear" if what == "processes" else "log", ylim=(0, None))
            panel.grid(alpha=0.3)
    figure.savefig(path, metadata={"Date": None})
