"""Whole commands, from start to exit, as somebody at a terminal meets them."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from tests.benchmarks.side_by_side import Times

_UNITS_PER_MIB = 1 << (20 if sys.platform == "darwin" else 10)  # ru_maxrss: bytes on macOS, KiB elsewhere


@dataclass(frozen=True)
class Finished:
    """A command that ended well. peak_mib: the most memory it held at a time."""

    times: Times
    peak_mib: float


def run_python(arguments: Sequence[str | Path]) -> Finished:
    """Runs `python ARGUMENTS` to its end; what it prints is thrown away. SystemExit if it fails."""
    started = perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"python {' '.join(map(str, arguments))}: exit code {process.returncode}")
    return Finished(Times(wall, usage.ru_utime + usage.ru_stime), peak_mib(usage))


def peak_mib(usage) -> float:
    """The peak memory in a `resource.struct_rusage`."""
    return usage.ru_maxrss / _UNITS_PER_MIB
