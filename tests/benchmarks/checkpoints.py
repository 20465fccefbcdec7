"""What saving costs a training run: a checkpoint beside the steps between two of them.

python -m tests.benchmarks.checkpoints [--preset small] [--rounds 5]
"""

import argparse
import tempfile
from pathlib import Path

import torch

from tests.benchmarks.report import machine
from tests.benchmarks.side_by_side import best, timed
from tests.benchmarks.training_sides import Task, TfcliTrainer
from tfcli.config import PRESETS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=PRESETS, default="small")
    parser.add_argument("--rounds", type=int, default=5, help="the best one counts")
    options = parser.parse_args()
    task = Task(options.preset, vocab_size=12_000, batch_tokens=7168, dropout=0.1, steps=4)
    side = TfcliTrainer()
    with tempfile.TemporaryDirectory() as folder:
        train, trainer = side.prepare(task), side.trainer(task, Path(folder))
        step = trainer.loader.fetch(0, 0)

        def save() -> None:
            trainer.learner.step += 1
            trainer._save()

        trainer.update(trainer.learner.objective, step)  # the optimizers have a state only then
        train()
        steps, saves = (best([timed(work) for _ in range(options.rounds)]) for work in (train, save))
        newest = max(Path(folder).glob("step-*"))
        size = sum(path.stat().st_size for path in newest.iterdir())
    every = task.training.save_every
    print(f"{machine('torch')}; {torch.get_num_threads()} thread(s), {options.preset} preset")
    worth = saves.wall / (steps.wall / task.steps)
    print(f"a checkpoint of {size / 2**20:,.0f} MiB, hashed and synced, takes as long as {worth:.2f} steps")
    print(f"one every {every} steps is {worth / every:.2%} of the run")


if __name__ == "__main__":
    main()
