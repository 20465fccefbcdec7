"""Training on a CPU: tokens a second of tfcli and of a straightforward loop with the same model and batches.

    python -m tests.benchmarks.training_speed [--threads 1] [--rounds 5]

The lines between the two add one change at a time. Below: how much of tfcli's step the matrix products alone would
take on this machine, and where the rest goes.
"""

import argparse
import resource
import sys

import torch
from torch.profiler import ProfilerActivity, profile

from tests.benchmarks.commands import peak_mib
from tests.benchmarks.products import count_flops, record_products, time_products
from tests.benchmarks.report import machine, table
from tests.benchmarks.side_by_side import Side, Times, answer_questions, best, timed
from tests.benchmarks.training_sides import SIDES, Task
from tfcli.build import build_model
from tfcli.config import PRESETS
from tfcli.data.batch import make_batch

_SHOWN = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=PRESETS, default="small")
    parser.add_argument("--vocab-size", type=int, default=12_000)
    parser.add_argument("--batch-tokens", type=int, default=7168, help="padded tokens of the longer side")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--steps", type=int, default=4, help="steps, each another batch, of a round")
    parser.add_argument("--rounds", type=int, default=5, help="the best one counts")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    task = Task(options.preset, options.vocab_size, options.batch_tokens, options.dropout, options.steps)
    if options.side:
        _play(task, options.side)
    else:
        _compare(task, options.rounds, options.threads)


def _play(task: Task, name: str) -> None:
    train = SIDES[name].prepare(task)
    train()  # the first time is never like the others
    answer_questions(
        {
            "time": lambda _: vars(timed(train)),
            "memory": lambda _: {"MiB": peak_mib(resource.getrusage(resource.RUSAGE_SELF))},
            "products": lambda _: _measure_products(train),
            "profile": lambda _: _profile(train),
        }
    )


def _measure_products(train) -> dict:
    products = record_products(train)
    return {"flops": count_flops(products), **vars(time_products(products))}


def _profile(train) -> dict:
    """The time of each operation, by name, as a share of all; without the operations it calls."""
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        train()
    events = profiler.key_averages()
    total = sum(event.self_cpu_time_total for event in events)
    return {event.key: event.self_cpu_time_total / total for event in events}


def _compare(task: Task, rounds: int, threads: int) -> None:
    sides = [Side("tests.benchmarks.training_speed", name, sys.argv[1:]) for name in SIDES]
    try:
        times = _take_turns(sides, rounds)
        memory = {side.name: side.ask("memory")["MiB"] for side in sides}
        products, shares = sides[-1].ask("products"), sides[-1].ask("profile")
    finally:
        for side in sides:
            side.close()
    pairs = task.pairs()
    plan = task.plan(pairs)
    tokens = sum(int(pairs.tgt.lengths[rows].sum()) for rows in plan)
    parameters = sum(parameter.numel() for parameter in build_model(task.model).parameters())
    print(f"Training: {task.preset} preset, {parameters / 1e6:.1f} M parameters, {task.vocab_size:,} pieces,")
    print(f"{task.batch_tokens:,} padded tokens a batch, dropout {task.dropout}, AdamW, label smoothing 0.1")
    print(f"{machine('torch')}; {threads} thread(s)")
    print(f"Target tokens a second, {task.steps} steps, best of {rounds} rounds in turns\n")
    print(_speeds(times, memory, tokens), "\n")
    _print_products(products, times["tfcli train"])
    batches = best([timed(lambda: [make_batch(pairs, rows) for rows in plan]) for _ in range(rounds)])
    print(f"Making the batches: {batches.cpu / times['tfcli train'].cpu:.2%} of tfcli's step\n")
    print("Where tfcli's step goes, by operation:")
    top = sorted(shares.items(), key=lambda item: -item[1])[:_SHOWN]
    print(table(["", "of its time"], [[name, f"{share:.1%}"] for name, share in top]))


def _take_turns(sides: list[Side], rounds: int) -> dict[str, Times]:
    taken: dict[str, list[Times]] = {side.name: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            taken[side.name].append(side.time("time"))
    return {name: best(times) for name, times in taken.items()}


def _speeds(times: dict[str, Times], memory: dict[str, float], tokens: int) -> str:
    base = times["straightforward loop"]
    rows = [
        [
            name,
            f"{tokens / t.wall:,.0f}",
            f"{base.wall / t.wall:.2f} x",
            f"{tokens / t.cpu:,.0f}",
            f"{base.cpu / t.cpu:.2f} x",
            f"{memory[name]:,.0f} MiB",
        ]
        for name, t in times.items()
    ]
    return table(["", "by wall", "ratio", "by CPU", "ratio", "peak memory"], rows)


def _print_products(products: dict, step: Times) -> None:
    rate = products["flops"] / products["cpu"]
    print(f"Matrix products: {products['flops'] / 1e9:,.0f} GFLOP in these steps")
    print(f"  this machine multiplies matrices of just these shapes at {rate / 1e9:,.0f} GFLOP/s of CPU time")
    print(f"  tfcli reaches {products['flops'] / step.cpu / 1e9:,.0f} GFLOP/s: {products['cpu'] / step.cpu:.0%} of it")


if __name__ == "__main__":
    main()
