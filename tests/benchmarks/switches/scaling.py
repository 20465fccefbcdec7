"""How time and memory of each attention kernel grow with the length of the text, forwards and backwards.

    python -m tests.benchmarks.switches.scaling [--lengths 64 128 ... 4096] [-o scaling.svg]

One self-attention layer of the tiny preset, one sentence, one thread, float32; each point in a process of its own. The
exponent is the slope of the straight line through the last four points in a log-log plot: y grows like length^slope.
"""

import argparse
import json
import os
import resource
from pathlib import Path
from time import process_time

import numpy as np
import torch

from tests.benchmarks.commands import peak_mib
from tests.benchmarks.report import machine, table
from tfcli.config import PRESETS, ModelConfig
from tfcli.transformer.attention import KERNELS
from tfcli.transformer.attention.multihead import SelfAttention
from tfcli.transformer.masks import Mask
from tfcli.transformer.positions import POSITIONS

_LENGTHS = [64, 128, 256, 512, 1024, 2048, 4096]
_FITTED = 4
_SECONDS = 0.5
"""A point is the best of as many repetitions as fit, but of two at least."""

Point = tuple[float, float]
"""Seconds of CPU time, MiB."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lengths", type=int, nargs="+", default=_LENGTHS)
    parser.add_argument("-o", "--output", type=Path, help="an SVG; wants matplotlib")
    options = parser.parse_args()
    torch.set_num_threads(1)
    points = {kernel: [_measure(kernel, length) for length in options.lengths] for kernel in KERNELS}
    print(f"{machine('torch')}\n")
    for i, (what, show) in enumerate([("milliseconds", lambda s: f"{1000 * s:,.1f}"), ("MiB", lambda m: f"{m:,.0f}")]):
        rows = []
        for kernel, values in points.items():
            ys = [value[i] for value in values]
            rows.append([kernel, *map(show, ys), f"{slope(options.lengths, ys):.2f}"])
        print(table([what, *map(str, options.lengths), "exponent"], rows), end="\n\n")
    if options.output:
        _draw(options.lengths, points, options.output)


def slope(lengths: list[int], ys: list[float]) -> float:
    """The exponent with which ys grow over the last lengths."""
    return np.polyfit(np.log(lengths[-_FITTED:]), np.log(np.maximum(ys[-_FITTED:], 1e-9)), 1)[0]


def _measure(kernel: str, length: int) -> Point:
    """A child inherits an imported torch, and its peak of memory is its own."""
    read, write = os.pipe()
    if child := os.fork():
        os.close(write)
        with open(read) as pipe:
            answer = pipe.read()
        os.waitpid(child, 0)
        return tuple(json.loads(answer))
    os.write(write, json.dumps(_look(kernel, length)).encode())
    os._exit(0)


def _look(kernel: str, length: int) -> Point:
    torch.manual_seed(0)
    config = ModelConfig(**PRESETS["tiny"], vocab_size=100, positions="none", max_length=max(_LENGTHS))
    layer = SelfAttention(config, kernel, POSITIONS["none"](config), 0)

    def step(length: int) -> float:
        x = torch.randn(1, length, config.d_model)
        start = process_time()
        layer(x, Mask()).sum().backward()
        return process_time() - start

    step(min(_LENGTHS) // 2)  # what the libraries need, whatever the length
    before = peak_mib(resource.getrusage(resource.RUSAGE_SELF))
    step(length)
    memory = peak_mib(resource.getrusage(resource.RUSAGE_SELF)) - before
    times = [step(length), step(length)]
    while sum(times) < _SECONDS:
        times.append(step(length))
    return min(times), memory


def _draw(lengths: list[int], points: dict[str, list[Point]], path: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.fonttype"] = "none"  # letters as text, not as curves
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(9.5, 4), layout="constrained")
    for i, (panel, title, scale) in enumerate(zip(panels, ["milliseconds", "MiB"], [1000, 1], strict=True)):
        for (kernel, values), marker in zip(points.items(), "os^vDPX*", strict=True):
            ys = [value[i] * scale for value in values]
            panel.loglog(lengths, ys, marker=marker, markersize=4, label=f"{kernel}  {slope(lengths, ys):.1f}")
        panel.set(title=title, xlabel="tokens", xticks=lengths, xticklabels=lengths)
        panel.minorticks_off()
        panel.grid(alpha=0.3)
        panel.legend(title="kernel, exponent", fontsize=8)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
