"""Plain text for people: the machine, and tables."""

import importlib.metadata
import os
import platform
from collections.abc import Sequence
from pathlib import Path


def machine(*packages: str) -> str:
    """One line: processor, cores, how busy it is with other work, versions of Python and of the packages that exist."""
    load = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"
    versions = [f"{name} {version}" for name in packages if (version := _version(name))]
    return ", ".join([_processor(), f"{os.cpu_count()} cores", load, f"Python {platform.python_version()}", *versions])


def flags() -> str:
    """What of the processor's vector instructions matters to matrices of small numbers."""
    try:
        found = Path("/proc/cpuinfo").read_text().partition("flags")[2].partition("\n")[0].split()
    except OSError:
        return "CPU flags unknown"
    return "CPU flags: " + " ".join(flag for flag in found if flag.startswith(("avx", "amx", "sse4", "fma")))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n")
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of equal width, the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = []
    for first, *others in [header, *rows]:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
