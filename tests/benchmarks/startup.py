"""How long commands take to start, beside `import torch`, which the light ones must not do.

python -m tests.benchmarks.startup [--rounds 7]
"""

import argparse
from statistics import median

from tests.benchmarks.commands import run_python
from tests.benchmarks.report import machine, table
from tests.benchmarks.side_by_side import Times

_BASE = 'python -c "import torch"'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="zh-en", help="a model folder, a run, or a shipped model")
    parser.add_argument("--rounds", type=int, default=20, help="their median counts")
    options = parser.parse_args()
    commands = {
        'python -c ""': ["-c", ""],
        _BASE: ["-c", "import torch"],
        **{f"tfcli {name}": ["-m", "tfcli", name] for name in ("--help", "list", "info", "config")},
        "tfcli translate (one sentence)": ["-m", "tfcli", "translate", "--model", options.model, "好久不见"],
    }
    taken: dict[str, list[Times]] = {name: [] for name in commands}
    for _ in range(options.rounds):
        for name, arguments in commands.items():
            taken[name].append(run_python(arguments).times)
    times = {
        name: Times(median(t.wall for t in all_of_it), median(t.cpu for t in all_of_it))
        for name, all_of_it in taken.items()
    }
    base = times[_BASE]
    rows = [
        [name, f"{t.wall:.2f} s", f"{t.wall / base.wall:.2f}", f"{t.cpu:.2f} s", f"{t.cpu / base.cpu:.2f}"]
        for name, t in times.items()
    ]
    print(f"{machine('torch', 'ctranslate2')}; median of {options.rounds} rounds in turns\n")
    print(table(["", "wall", "over import torch", "CPU", "over import torch"], rows))


if __name__ == "__main__":
    main()
