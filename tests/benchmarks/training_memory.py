"""Memory of a training process over its steps: it must level off, or a run that fits in the evening dies at night.

    python -m tests.benchmarks.training_memory [--steps 2000] [--kernels 1024]

Batches have as many shapes as those of real text; oneDNN keeps a compiled kernel for each shape of a product, up to
--kernels of them (1,024 is its own choice, 32 that of tfcli).
"""

import argparse
import os
from pathlib import Path

import torch

from tests.benchmarks.report import machine, table
from tests.benchmarks.training_sides import Task, TfcliTrainer
from tfcli.config import PRESETS
from tfcli.hardware import KERNELS_KEPT, keep_freed_memory, return_freed_memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=PRESETS, default="small")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--batch-tokens", type=int, default=7168)
    parser.add_argument("--kernels", type=int, help="how many compiled kernels oneDNN keeps")
    options = parser.parse_args()
    if options.kernels:
        os.environ[KERNELS_KEPT] = str(options.kernels)
    keep_freed_memory()
    task = Task(options.preset, vocab_size=16_000, batch_tokens=options.batch_tokens, dropout=0.1, steps=options.steps)
    trainer = TfcliTrainer().trainer(task, Path())
    rows, step = [], trainer.loader.fetch(0, 0)
    for number in range(1, options.steps + 1):
        trainer.update(trainer.learner.objective, step)
        step = trainer.loader.fetch(step.epoch, step.position)
        if number % task.training.save_every == 0:
            return_freed_memory()
        if number in (1, 10) or number % max(options.steps // 10, 1) == 0:
            rows.append([f"{number:,}", f"{_memory('VmRSS'):,} MiB", f"{_memory('VmHWM'):,} MiB"])
    print(f"{machine('torch')}; {torch.get_num_threads()} thread(s), {options.preset} preset")
    print(f"batches of {task.batch_tokens:,} tokens, {KERNELS_KEPT}={os.environ[KERNELS_KEPT]}\n")
    print(table(["step", "memory", "at most so far"], rows))


def _memory(name: str) -> int:
    """MiB of this process, as Linux counts them."""
    lines = Path("/proc/self/status").read_text().split("\n")
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(name))


if __name__ == "__main__":
    main()
