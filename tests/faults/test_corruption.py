"""A checkpoint of a real run, damaged in every way a disk or a person does: it is found, and the one before is used."""

import os
import random
from collections import Counter
from pathlib import Path

import pytest
from runs import short_recipe, train, training

from tfcli.errors import ModelError
from tfcli.training.checkpoint import list_checkpoints, load_latest, load_state


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory) -> Path:
    """The two checkpoints of a run of two steps."""
    folder = tmp_path_factory.mktemp("damaged")
    train(training(short_recipe(folder), steps=2, save_every=1), folder / "run")
    return folder / "run" / "checkpoints"


def flip(data: bytes) -> bytes:
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def cut(data: bytes) -> bytes:
    return data[: random.randrange(len(data))]


def wipe(data: bytes) -> bytes:
    """A block of zeros, as after a write that never came to the disk."""
    at = random.randrange(0, len(data), 512)
    return data[:at] + bytes(min(512, len(data) - at)) + data[at + 512 :]


def grow(data: bytes) -> bytes:
    return data + os.urandom(random.randint(1, 100))


def move(data: bytes) -> bytes:
    """Two bytes change places."""
    one, other = random.sample(range(len(data)), 2)
    moved = bytearray(data)
    moved[one], moved[other] = data[other], data[one]
    return bytes(moved)


@pytest.mark.parametrize("count", [100, pytest.param(2000, marks=pytest.mark.slow)])
def test_no_damage_goes_unnoticed(checkpoints, count):
    older, newest = list_checkpoints(checkpoints)
    files = sorted(newest.iterdir())
    assert len(files) == 6
    whole = {path: path.read_bytes() for path in files}
    done = Counter()
    while done.total() < count:
        path, damage = files[done.total() % len(files)], random.choice((flip, flip, cut, wipe, grow, move))
        damaged = damage(whole[path])
        if damaged == whole[path]:  # zeros wiped, equal bytes moved
            continue
        path.write_bytes(damaged)
        with pytest.raises(ModelError, match=newest.name):
            load_state(newest)
        state, skipped = load_latest(checkpoints)
        assert state.step == 1 and len(skipped) == 1
        path.write_bytes(whole[path])
        done[damage.__name__] += 1
    assert load_latest(checkpoints)[0].step == 2 and load_state(older).step == 1
    print(f"{done.total()} damaged, {dict(done)}: 0 undetected")
