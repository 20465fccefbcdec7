"""Greedy decoding on a CPU by batch size, ids in and ids out: sentences a second of tfcli's engines and their peers.

    python -m tests.benchmarks.engine_speed [--corpus test.tsv] [--threads 1] [--rounds 3]

The peers are no dependencies of tfcli. Install them into an environment of their own:

    python -m venv peers && peers/bin/pip install . transformers
    peers/bin/python -m tests.benchmarks.engine_speed

tfcli and CTranslate2 run the same model and their translations are compared. transformers has no Marian with norms
before the sublayers, so there Marian has the same shapes with random weights, and is made to take the steps that the
translations of tfcli need. All get the same batches, of sentences sorted by length, as token ids.
"""

import argparse
import importlib.util
import json
import sys
from statistics import mean

from tests.benchmarks.decoding_sides import SIDES, Decode, Ids
from tests.benchmarks.report import machine, table
from tests.benchmarks.side_by_side import Side, Times, answer_questions, best, timed
from tfcli.bundle import locate, read_bundle
from tfcli.config import CorpusConfig
from tfcli.data.corpus import PHRASEBOOK, read_pairs

_US = "tfcli int8"
_PEER = "transformers Marian float32"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="zh-en", help="a model folder, a run, or a shipped model")
    parser.add_argument("--corpus", default=PHRASEBOOK, help="a TSV whose first column is translated")
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--singles", type=int, default=1000, help="so many of them at batch size 1")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 8, 32, 64, 128])
    parser.add_argument("--rounds", type=int, default=3, help="the best one counts")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    src = _source_ids(options.model, options.corpus, options.sentences)
    if options.side:
        _play(SIDES[options.side][1](read_bundle(locate(options.model)), options.threads), src, options.singles)
    else:
        _compare(options, src)


def _source_ids(model: str, corpus: str, count: int) -> Ids:
    """Ids of sentences spread evenly over the corpus, which is repeated if it is too short; the longest first."""
    texts = [pair.source for pair in read_pairs(CorpusConfig(corpus))]
    texts = [texts[i * max(len(texts) // count, 1) % len(texts)] for i in range(count)]
    bundle = read_bundle(locate(model))
    limit = bundle.config.model.max_length - 1
    return sorted((ids[:limit] for ids in bundle.tokenizer().encode_batch(texts)), key=len, reverse=True)


def _play(decode: Decode, src: Ids, singles: int) -> None:
    lengths: list[int] = []

    def translate(batch_size: int) -> None:
        step = _step(len(src), singles, batch_size)
        rows, limits = src[::step], lengths[::step]
        for i in range(0, len(rows), batch_size):
            decode(rows[i : i + batch_size], limits[i : i + batch_size])

    def warm_up(found: str) -> dict:
        lengths[:] = json.loads(found)
        decode(src[:4], lengths[:4])
        return {}

    answer_questions(
        {
            "translations": lambda _: {"ids": _decode_all(decode, src)},
            "lengths": warm_up,
            "time": lambda size: vars(timed(lambda: translate(int(size)))),
        }
    )


def _step(count: int, singles: int, batch_size: int) -> int:
    """Every how many sentences one is translated."""
    return max(count // singles, 1) if batch_size == 1 else 1


def _decode_all(decode: Decode, src: Ids, batch_size: int = 32) -> Ids:
    """Translations of all, by a side that knows when a sentence is over."""
    return [ids for i in range(0, len(src), batch_size) for ids in decode(src[i : i + batch_size], ())]


def _compare(options: argparse.Namespace, src: Ids) -> None:
    found = {name: importlib.util.find_spec(package) is not None for name, (package, _) in SIDES.items()}
    names = [name for name, installed in found.items() if installed]
    for name in found.keys() - names:
        print(f"skipped: {name}, not installed:   pip install {SIDES[name][0]}")
    sides = [Side("tests.benchmarks.engine_speed", name, sys.argv[1:]) for name in names]
    try:
        translations = {side.name: side.ask("translations")["ids"] for side in sides if side.name != _PEER}
        lengths = [len(ids) + 1 for ids in translations[_US]]
        for side in sides:
            side.ask(f"lengths {json.dumps(lengths)}")
        times = _take_turns(sides, options.batch_sizes, options.rounds)
    finally:
        for side in sides:
            side.close()
    print(f"Greedy decoding: {len(src):,} sentences ({options.singles:,} at batch size 1) of {options.corpus},")
    print(f"{mean(map(len, src)):.1f} source and {mean(lengths):.1f} target tokens each on average")
    print(f"{machine('torch', 'transformers', 'ctranslate2')}; {options.threads} thread(s)\n")
    counts = {size: len(src[:: _step(len(src), options.singles, size)]) for size in options.batch_sizes}
    for clock in ("wall", "cpu"):
        print(_speeds(times, counts, clock), "\n")
    for name, ids in translations.items():
        same = sum(a == b for a, b in zip(ids, translations[_US], strict=True)) / len(src)
        print(f"{same:.1%} of the translations of {name} are those of {_US}")


def _take_turns(sides: list[Side], batch_sizes: list[int], rounds: int) -> dict[str, dict[int, Times]]:
    taken: dict[str, dict[int, list[Times]]] = {side.name: {size: [] for size in batch_sizes} for side in sides}
    for _ in range(rounds):
        for size in batch_sizes:
            for side in sides:
                taken[side.name][size].append(side.time(f"time {size}"))
    return {name: {size: best(times) for size, times in sizes.items()} for name, sizes in taken.items()}


def _speeds(times: dict[str, dict[int, Times]], counts: dict[int, int], clock: str) -> str:
    """Sentences a second by one clock, and tfcli's advantage at the smallest batch and at the best one of each."""
    speeds = {name: {s: counts[s] / getattr(t, clock) for s, t in sizes.items()} for name, sizes in times.items()}
    first, ours = min(counts), speeds[_US]
    header = [f"sentences/s by {clock}", *(f"batch {size}" for size in counts), f"tfcli at {first}", "tfcli at best"]
    rows = [
        [name, *(f"{own[size]:,.1f}" for size in counts)]
        + [f"{ours[first] / own[first]:.2f} x", f"{max(ours.values()) / max(own.values()):.2f} x"]
        for name, own in speeds.items()
    ]
    return table(header, rows)


if __name__ == "__main__":
    main()
