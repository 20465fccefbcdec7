"""Memory of `tfcli translate -i` by the number of lines: it must not grow with them.

    python -m tests.benchmarks.memory [--lines 10000 20000 40000]

tfcli reads ahead a window of lines to sort them by length, so memory rises until there are lines enough to fill it.
"""

import argparse
import tempfile
from pathlib import Path

from tests.benchmarks.commands import run_python
from tests.benchmarks.report import machine, table
from tfcli.config import CorpusConfig
from tfcli.data.corpus import PHRASEBOOK, read_pairs

_TINY = Path(__file__).parent.parent / "data" / "tiny"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=str(_TINY), help="a model folder, a run, or a shipped model")
    parser.add_argument("--lines", type=int, nargs="+", default=[10_000, 20_000, 40_000])
    parser.add_argument("--rounds", type=int, default=1, help="the smallest peak counts")
    options = parser.parse_args()
    phrases = [pair.source for pair in read_pairs(CorpusConfig(PHRASEBOOK))]
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        for count in options.lines:
            source, target = Path(folder, f"{count}.zh"), Path(folder, f"{count}.en")
            with open(source, "w", encoding="utf-8") as file:
                file.writelines(f"{phrases[i % len(phrases)]}{i}\n" for i in range(count))  # no two alike
            command = ["-m", "tfcli", "translate", "--force", "--model", options.model, "-i", source, "-o", target]
            peaks[count] = min(run_python(command).peak_mib for _ in range(options.rounds))
            if target.read_bytes().count(b"\n") != count:
                raise SystemExit(f"{count} lines in, another number out")
    print(f"{machine('torch')}\n")
    print(table(["lines", "peak memory"], [[f"{count:,}", f"{peak:,.1f} MiB"] for count, peak in peaks.items()]))
    (few, before), (many, after) = list(peaks.items())[-2:]
    print(f"\nslope between the last two: {(after - before) / (many - few) * 1e6:+,.0f} bytes a line ", end="")
    print(f"(+{many - few:,} lines: {after - before:+.1f} MiB)")


if __name__ == "__main__":
    main()
