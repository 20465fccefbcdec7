"""Every switch trained alike: the same sentence pairs, the same number of updates, the same seed.

    python -m tests.benchmarks.switches --pairs corpus.tsv --valid dev.tsv [--only rotary local] [-o results.jsonl]
    python -m tests.benchmarks.switches --table results.jsonl

Each row is a run of `tfcli train` in a process of its own. Tokens a second are target tokens by seconds of CPU time on
one thread, so that other programs disturb little. Rows that are in the results already are not run again.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.report import machine, table
from tests.benchmarks.switches.entries import GROUPS, Entry

_COLUMNS = {
    "parameters": lambda r: f"{r['parameters'] / 1e6:.2f} M",
    "loss": lambda r: f"{r['loss']:.2f}",
    "BLEU": lambda r: f"{r['bleu']:.1f}",
    "chrF": lambda r: f"{r['chrf']:.1f}",
    "training tok/s": lambda r: f"{r['training_speed']:,.0f}",
    "decoding tok/s": lambda r: f"{r['decoding_speed']:,.0f}",
    "peak MiB": lambda r: f"{r['peak_mib']:,.0f}",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", help="a TSV to train on")
    parser.add_argument("--valid", help="a TSV to validate on")
    parser.add_argument("--only", nargs="+", default=[], help="names of rows")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("-o", "--output", type=Path, default=Path("switches.jsonl"), help="results so far, added to")
    parser.add_argument("--table", type=Path, help="run nothing, print these results as the README has them")
    options = parser.parse_args()
    if options.table:
        print(_markdown(_read(options.table)))
        return
    done = _read(options.output)
    for entry in (entry for entries in GROUPS.values() for entry in entries):
        if entry.name in done or (options.only and entry.name not in options.only):
            continue
        row = _run(entry, options)
        done[entry.name] = row
        with open(options.output, "a", encoding="utf-8") as file:
            file.write(json.dumps({"name": entry.name, **row}) + "\n")
        print(f"{entry.name}: " + ", ".join(f"{name} {show(row)}" for name, show in _COLUMNS.items()), flush=True)
    print(f"\n{machine('torch')}\n")
    print(table(["", *_COLUMNS], [[name, *(show(row) for show in _COLUMNS.values())] for name, row in done.items()]))


def _read(path: Path) -> dict[str, dict]:
    if not path.exists():
        return {}
    rows = map(json.loads, path.read_text(encoding="utf-8").split("\n")[:-1])
    return {row["name"]: row for row in rows}


def _run(entry: Entry, options: argparse.Namespace) -> dict:
    settings = {"data.valid": options.valid, "training.steps": options.steps, **entry.settings}
    task = {"pairs": options.pairs, "settings": settings, "tokenizer": str(options.output.with_suffix(".model"))}
    command = [sys.executable, "-m", "tests.benchmarks.switches.row", json.dumps(task)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if ended.returncode:
        raise SystemExit(f'"{entry.name}" ended with exit code {ended.returncode}')
    return json.loads(ended.stdout)


def _markdown(rows: dict[str, dict]) -> str:
    lines = [f"| | {' | '.join(_COLUMNS)} | |", f"|---|{'---:|' * len(_COLUMNS)}---|"]
    for group, entries in GROUPS.items():
        if group:
            lines.append(f"| **{group}** |{' |' * (len(_COLUMNS) + 1)}")
        for entry in entries:
            if row := rows.get(entry.name):
                cells = [entry.name, *(show(row) for show in _COLUMNS.values()), entry.lesson]
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
