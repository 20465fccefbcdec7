"""How fast texts are translated: lines in, lines out, beside scripts around other libraries; whole commands; what grows
with the input; how far it is from what this processor can do.

    python -m tests.benchmarks.decoding_speed [--long news.txt] [--rounds 5] [--lines 1000000] [--draw s.svg]

The sides take turns, and the best of their rounds counts; behind it stands how much longer the worst one took. The
peers are no dependencies of tfcli: `pip install transformers` for the last of them.
"""

import argparse
import importlib.util
import os
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.commands import run_python
from tests.benchmarks.growth import print_growth
from tests.benchmarks.limits import print_limits
from tests.benchmarks.pipelines import PIPELINES, commands
from tests.benchmarks.report import flags, machine, table
from tests.benchmarks.side_by_side import Side, Times, answer_questions, best, timed
from tfcli.bundle import locate, read_bundle
from tfcli.config import CorpusConfig
from tfcli.conversion.export import export
from tfcli.data.corpus import PHRASEBOOK, read_pairs

_US = next(iter(PIPELINES))
_TEXTS = ("short", "long")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="zh-en", help="a model folder, a run, or a shipped model")
    parser.add_argument("--short", help="a file of short lines; default: the phrasebook")
    parser.add_argument("--long", help="a file of long lines; default: four phrases to a line")
    parser.add_argument("--sentences", type=int, default=1000, help="lines of each text")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--lines", type=int, default=100_000, help="of the longest file whose growth is looked at")
    parser.add_argument("--draw", type=Path, help="an SVG of what grows; wants matplotlib")
    parser.add_argument("--side", choices=PIPELINES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    texts = {name: _read(getattr(options, name), name, options.sentences) for name in _TEXTS}
    if options.side:
        _play(options, texts)
        return
    print(f"{machine('tfcli', 'ctranslate2', 'sentencepiece', 'torch', 'transformers')}; {options.threads} thread(s)")
    print(f"{flags()}\nmodel {options.model}; greedy; best of {options.rounds} rounds, and the worst over it\n")
    _compare(options, texts)
    _compare_commands(options, texts["short"])
    print_growth(options.model, texts["short"], options.lines, options.threads, options.draw)
    print_limits(read_bundle(locate(options.model)), texts["short"])


def _read(path: str | None, name: str, count: int) -> list[str]:
    """So many lines, from the beginning again if there are fewer."""
    if path:
        lines = [line for line in Path(path).read_text(encoding="utf-8").split("\n") if line.strip()]
    else:
        lines = [pair.source for pair in read_pairs(CorpusConfig(PHRASEBOOK))]
        if name == "long":
            lines = ["，".join(lines[i : i + 4]) + "。" for i in range(0, len(lines), 4)]
    return [lines[i % len(lines)] for i in range(count)]


def _play(options: argparse.Namespace, texts: dict[str, list[str]]) -> None:
    translate = PIPELINES[options.side][1](read_bundle(locate(options.model)), options.threads)
    answer_questions(
        {
            "translations": lambda name: {"lines": translate(texts[name])},
            "time": lambda name: vars(timed(lambda: translate(texts[name]))),
        }
    )


def _compare(options: argparse.Namespace, texts: dict[str, list[str]]) -> None:
    names = [name for name, (package, _) in PIPELINES.items() if importlib.util.find_spec(package)]
    for name in PIPELINES.keys() - names:
        print(f"skipped: {name}, not installed:   pip install {PIPELINES[name][0]}\n")
    for text, lines in texts.items():
        sides = [Side("tests.benchmarks.decoding_speed", name, sys.argv[1:]) for name in names]
        try:
            found = {side.name: side.ask(f"translations {text}")["lines"] for side in sides}
            times: dict[str, list[Times]] = {name: [] for name in names}
            for _ in range(options.rounds):
                for side in sides:
                    times[side.name].append(side.time(f"time {text}"))
        finally:
            for side in sides:
                side.close()
        print(f"{len(lines):,} {text} lines of {sum(map(len, lines)) / len(lines):.1f} characters on average")
        print(_speeds(times, len(lines)), "\n")
        for name, own in found.items():
            if own and name != _US:
                same = sum(a == b for a, b in zip(own, found[_US], strict=True)) / len(lines)
                print(f"{same:.1%} of the translations of {name} are those of {_US}")
        print()


def _speeds(times: dict[str, list[Times]], count: int) -> str:
    ours = best(times[_US])
    rows = []
    for name, taken in times.items():
        t = best(taken)
        spread = max(one.wall for one in taken) / t.wall
        rows.append(
            [name, f"{count / t.wall:,.0f}", f"{spread:.2f} x", f"{t.wall / ours.wall:.2f} x"]
            + [f"{count / t.cpu:,.0f}", f"{t.cpu / ours.cpu:.2f} x"]
        )
    return table(["lines/s", "by wall", "worst", "tfcli is", "by CPU", "tfcli is"], rows)


def _compare_commands(options: argparse.Namespace, lines: list[str]) -> None:
    """Whole processes: what a person waits for."""
    with tempfile.TemporaryDirectory() as parent:
        source, folder = Path(parent, "in.txt"), Path(parent, "model")
        source.write_text("\n".join(lines) + "\n", encoding="utf-8")
        bundle = read_bundle(locate(options.model))
        export(bundle, "int8", folder)
        asked = commands(folder, bundle, source)
        taken: dict[str, list[Times]] = {name: [] for name in asked}
        for _ in range(options.rounds):
            for name, arguments in asked.items():
                taken[name].append(run_python(arguments).times)
    ours = best(next(iter(taken.values())))
    rows = []
    for name, all_of_it in taken.items():
        t = best(all_of_it)
        rows.append([name, f"{t.wall:.2f} s", f"{max(o.wall for o in all_of_it) / t.wall:.2f} x"])
        rows[-1] += [f"{t.wall / ours.wall:.2f} x", f"{t.cpu:.2f} s"]
    print(f"A process for {len(lines):,} short lines")
    print(table(["", "wall", "worst", "tfcli is", "CPU"], rows), "\n")


if __name__ == "__main__":
    main()
