"""Short training runs, and ways to interrupt them."""

import dataclasses
import json
import os
import signal
from pathlib import Path

from tfcli.config import CorpusConfig, Recipe
from tfcli.config.recipe import make_recipe
from tfcli.data.corpus import PHRASEBOOK, read_pairs
from tfcli.training import run
from tfcli.training.checkpoint import list_checkpoints, read_verified
from tfcli.training.trainer import Trainer

STEPS = 15
SETTINGS = {
    "model": dict(d_model=16, d_ff=32, num_heads=2, num_encoder_layers=1, num_decoder_layers=1, dropout=0.2),
    "tokenizer": {"vocab_size": 500},
    # Several epochs, each of steps of two micro-batches and one at its end that may be of one.
    "training": dict(steps=STEPS, batch_tokens=200, grad_accum=2, ema_decay=0.9, warmup_steps=3)
    | dict(valid_every=100, save_every=100, keep=9),
}


def short_values(folder: Path) -> dict:
    """The tables of a recipe of STEPS steps; its corpora are written into `folder`."""
    pairs = [pair[1:] for pair in read_pairs(CorpusConfig(PHRASEBOOK)) if pair.number <= 40]
    (folder / "train.tsv").write_text("".join(f"{s}\t{t}\n" for s, t in pairs), encoding="utf-8")
    (folder / "valid.tsv").write_text("你好\tHello\n", encoding="utf-8")
    data = {"train": [{"path": str(folder / "train.tsv"), "weight": 1.5}], "valid": str(folder / "valid.tsv")}
    data["noise"] = {"drop_final_punctuation": 0.5, "join": 0.2}
    return {"data": data, **SETTINGS}


def short_recipe(folder: Path) -> Recipe:
    """A recipe of STEPS steps; its corpora are written into `folder`."""
    return make_recipe(short_values(folder))


def training(recipe: Recipe, **settings) -> Recipe:
    return dataclasses.replace(recipe, training=dataclasses.replace(recipe.training, **settings))


def train(recipe: Recipe, path: Path, **options) -> run.Outcome:
    return run.train(recipe, path, device="cpu", quiet=True, **options)


class Killed(Exception):
    """Stands for a process that is gone in the middle of a step."""


def at_step(monkeypatch, step: int, act):
    """Calls `act` in the middle of the update that makes step `step`, if the run comes that far."""
    update = Trainer.update

    def updating(trainer, *arguments):
        if trainer.learner.start + trainer.learner.step == step - 1:
            act()
        return update(trainer, *arguments)

    monkeypatch.setattr(Trainer, "update", updating)


def kill():
    raise Killed


def terminate():
    os.kill(os.getpid(), signal.SIGTERM)


def final_bytes(path: Path) -> dict[str, bytes]:
    """What a run came to: its last checkpoint, but for the time it took."""
    files = read_verified(list_checkpoints(path / "checkpoints")[-1])
    facts = json.loads(files.pop("state.json"))
    assert facts.pop("seconds") > 0
    return {**files, "state": json.dumps(facts).encode()}
