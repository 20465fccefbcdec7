"""One row of the table, as a process: trains, measures, prints one line of JSON. Its argument is what to do, as JSON:
`pairs` and `settings` as for the table, `tokenizer`, a file that the first row makes and the others use."""

import json
import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time

import torch
from torch import nn

from tests.benchmarks.commands import peak_mib
from tfcli.bundle import read_bundle
from tfcli.config import PRESETS, Recipe
from tfcli.config.recipe import make_recipe
from tfcli.decoding.decoders import decode
from tfcli.decoding.search import Search
from tfcli.disk import replace_file
from tfcli.hardware import fast_precision
from tfcli.tokenizer import Tokenizer
from tfcli.training.distributed import World
from tfcli.training.loader import BatchLoader, Step
from tfcli.training.objectives import OBJECTIVES
from tfcli.training.optimizers import build_optimizers
from tfcli.training.prepare import prepare_mixture, prepare_validation
from tfcli.training.run import train, with_shape

_CPU = torch.device("cpu")
_TRAINING = dict(optimizer="muon", learning_rate=4e-3, warmup_steps=100, batch_tokens=1536, ema_decay=0.99)
_NEVER = 10**6
_UPDATES, _SENTENCES, _BATCH = 12, 192, 64
"""What is timed: so many updates, so many sentences in batches of so many."""


def main() -> None:
    task = json.loads(sys.argv[1])
    torch.set_num_threads(1)
    recipe = _recipe(task)
    with tempfile.TemporaryDirectory() as folder:
        outcome = train(recipe, Path(folder), device="cpu", quiet=True)
        peak = peak_mib(resource.getrusage(resource.RUSAGE_SELF))
        bundle = read_bundle(outcome.bundle)
        tokenizer, model = bundle.tokenizer(), bundle.load_model()
    replace_file(Path(task["tokenizer"]), tokenizer.model)
    recipe = with_shape(recipe, tokenizer)
    print(
        json.dumps(
            {
                "parameters": sum(p.numel() for p in model.parameters()),
                **outcome.scores,
                "decoding_speed": _decoding_speed(recipe, tokenizer, model),
                "training_speed": _training_speed(recipe, tokenizer, model.requires_grad_(True)),
                "peak_mib": peak,
            }
        )
    )


def _recipe(task: dict) -> Recipe:
    values = {
        "model": {**PRESETS["tiny"], "dropout": 0.0, "max_length": 128},
        "tokenizer": {"vocab_size": 6000},
        "data": {"train": [{"path": task["pairs"]}], "valid_pairs": 1000},
        "training": {**_TRAINING, "valid_every": _NEVER, "save_every": _NEVER},
    }
    if Path(task["tokenizer"]).exists():
        values["tokenizer"]["path"] = task["tokenizer"]
    for name, value in task["settings"].items():
        section, key = name.split(".")
        values[section][key] = value
    return make_recipe(values)


def _training_speed(recipe: Recipe, tokenizer: Tokenizer, model: nn.Module) -> float:
    """Target tokens by second of an update, the objective at work as at the end of the run."""
    training = recipe.training
    loader = BatchLoader(prepare_mixture(recipe, recipe.stages[0], tokenizer), training, World(0, 1, _CPU))
    objective = OBJECTIVES[recipe.training.objective](model, recipe.training).train()
    objective.progress = 1.0
    optimizers = build_optimizers(model, recipe.training)

    def update(step: Step) -> int:
        (batch,) = step.batches
        with torch.autocast("cpu", fast_precision(_CPU)):
            loss, _ = objective(batch)
        (loss / step.labels).backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        return step.labels

    steps = [loader.fetch(0, position) for position in range(_UPDATES + 1)]
    update(steps.pop())  # the first time is never like the others
    return _rate(lambda: sum(map(update, steps)))


def _decoding_speed(recipe: Recipe, tokenizer: Tokenizer, model: nn.Module) -> float:
    """Tokens written by second."""
    validation = prepare_validation(recipe, tokenizer)
    sources = sorted((tokenizer.encode(pair.source) for pair in validation.pairs[:_SENTENCES]), key=len)

    def write(start: int) -> int:
        src = sources[start : start + _BATCH]
        search = Search(model.config.max_length - 1)
        return sum(len(hypothesis.ids) for (hypothesis,) in decode(model, src, search))

    write(0)
    return _rate(lambda: sum(map(write, range(0, len(sources), _BATCH))))


def _rate(work: Callable[[], int]) -> float:
    """What `work` counts, by seconds of CPU time."""
    start = process_time()
    return work() / (process_time() - start)


if __name__ == "__main__":
    main()
