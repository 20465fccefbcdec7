"""The run folder: one recipe, one tokenizer, one trainer at a time, its checkpoints, metrics and bundle."""

import dataclasses
import fcntl
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from tfcli.bundle import FILES, refuse_to_replace
from tfcli.config import Recipe
from tfcli.config.recipe import make_recipe, read_toml, to_toml
from tfcli.config.training import LIMITS
from tfcli.disk import make_folder, read_whole, replace_file
from tfcli.disk.names import place_of
from tfcli.errors import ModelError, ResourceError, TfcliError, UsageError
from tfcli.training.checkpoint import is_checkpoint, list_checkpoints
from tfcli.training.history import read_history

_LOCK, _MARK = "run.lock", ".tfcli-run"
_MARK_TEXT = b"A run of tfcli: what it wrote in this folder it may replace, and forget with --fresh.\n"
_ELSEWHERE = "train in another folder   --run-dir DIR"
REPLACED = {_MARK: (), "bundle": FILES, "recipe.toml": (), "tokenizer.model": (), "curves.svg": (), "stages.json": ()}
"""What a run replaces in its folder, each with the files inside: see `finish_replacing`."""
_TRIES = 100
"""To learn who has the lock, at 10 ms each; the process may be on another machine."""
_HABITS = ("valid_every", "save_every", "save_minutes", "keep", "average", "metric", "precision", "compile")
MAY_CHANGE = {*LIMITS, *_HABITS, "learning_rate"}
"""Settings of a training that a resumed run may have different: what was learned so far stays valid."""
_FREE = ("license", "final", "data.tests")


@dataclass(frozen=True)
class RunFolder:
    """Paths inside a run folder."""

    path: Path

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def bundle(self) -> Path:
        return self.path / "bundle"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def board(self) -> Path:
        return self.path / "tensorboard"

    @property
    def curves(self) -> Path:
        return self.path / "curves.svg"

    @property
    def recipe(self) -> Path:
        return self.path / "recipe.toml"

    @property
    def history(self) -> Path:
        """Which stages have ended."""
        return self.path / "stages.json"

    @property
    def tokenizer(self) -> Path:
        return self.path / "tokenizer.model"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Refuses a second trainer on this folder, and a folder that is no run's. From here on it is one's."""
        self._refuse_foreign()
        make_folder(self.path)
        with _open_lock(self.path / _LOCK) as lock:
            _take(lock, self.path)
            self._refuse_foreign()  # somebody may have been faster
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            if self.metrics.exists() and self.metrics.stat().st_nlink > 1:
                replace_file(self.metrics, self.metrics.read_bytes())  # what is added is not for its other name
            if not (self.path / _MARK).exists():
                replace_file(self.path / _MARK, _MARK_TEXT)
            yield

    def _refuse_foreign(self) -> None:
        """UsageError if a run cannot lie here without touching what tfcli did not write."""
        if os.path.lexists(self.path) and not self.path.is_dir():
            raise UsageError(f'"{self.path}" is in the way: it is no folder', _ELSEWHERE)
        there = {path.name for path in self.path.iterdir()} if self.path.exists() else set()
        there = {name for name in there if name != _LOCK and place_of(name)[0] != _MARK}  # others may be starting
        if there and not self._is_marked() and not self._is_of_before():
            raise UsageError(f'"{self.path}" has files in it that are not of a run of tfcli', _ELSEWHERE)
        for path in (self.metrics, self.curves, self.recipe, self.history, self.tokenizer, self.path / _MARK):
            if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
                raise UsageError(f'"{path}" is not a regular file, so it is not replaced', _ELSEWHERE)
        for path in (self.checkpoints, self.board):
            if os.path.lexists(path) and not path.is_dir():
                raise UsageError(f'"{path}" is in the way: it is no folder', _ELSEWHERE)
        refuse_to_replace(self.bundle.resolve())

    def _is_marked(self) -> bool:
        try:
            return read_whole(self.path / _MARK, len(_MARK_TEXT)) == _MARK_TEXT
        except (TfcliError, OSError):
            return False

    def _is_of_before(self) -> bool:
        """Whether there is a run of a version that did not mark them."""
        try:
            make_recipe(read_toml(self.recipe))
        except (TfcliError, OSError):
            return False
        return any(is_checkpoint(path) for path in list_checkpoints(self.checkpoints))

    def settle_recipe(self, recipe: Recipe) -> list[str]:
        """Writes the recipe, or compares it with that of the run to resume.

        Returns a sentence per harmless change; ModelError for one that would make it another run. A run that never
        came to a checkpoint has nothing to lose: it starts again, with a tokenizer of the new recipe.
        """
        changes = []
        if self.recipe.exists() and not list_checkpoints(self.checkpoints):
            if _flat(make_recipe(read_toml(self.recipe))) != _flat(recipe):
                self.tokenizer.unlink(missing_ok=True)
        elif self.recipe.exists():
            before, after = (_flat(r) for r in (make_recipe(read_toml(self.recipe)), recipe))
            ended = len(read_history(self.history, recipe.stages))
            begun = {f"stage.{stage.name}" for stage in recipe.stages[: ended + 1]}
            changed = sorted(key for key in before | after if before.get(key) != after.get(key))
            changes = [f"{key}: {before.get(key)} -> {after.get(key)}" for key in changed]
            refused = [text for key, text in zip(changed, changes, strict=True) if not _may_change(key, begun)]
            if refused:
                raise ModelError(
                    f'"{self.path}" was trained with another recipe: {"; ".join(refused)}',
                    "start over with   --fresh, or train elsewhere with   --run-dir",
                )
        replace_file(self.recipe, to_toml(recipe, full=True).encode())
        return changes


def _open_lock(path: Path) -> TextIO:
    """A regular file of this folder alone, whose content does not matter."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1 or not _is_lock(descriptor):
        os.close(descriptor)
        raise UsageError(f'"{path}" is not a file that tfcli wrote', _ELSEWHERE)
    return open(descriptor, "r+", encoding="utf-8")


def _is_lock(descriptor: int) -> bool:
    return re.fullmatch(rb"\d{0,20}", os.pread(descriptor, 30, 0)) is not None


def _take(lock: TextIO, path: Path) -> None:
    """The lock; ResourceError with the process that has it."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip()
        if _is_alive(holder):
            break
        time.sleep(0.01)  # who has the lock has not written its name yet: this is that of one that is gone
    raise ResourceError(f'process {holder or "?"} is training in "{path}"')


def _is_alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except PermissionError:  # somebody else's
        return True
    except (ValueError, OSError):
        return False
    return True


def _may_change(key: str, begun: set[str]) -> bool:
    """begun: the stages whose training has begun, as in the keys of `_flat`."""
    stage = ".".join(key.split(".")[:2])
    if key.startswith("stage.") and stage not in begun:
        return True
    where, _, name = key.rpartition(".")
    return key.startswith(_FREE) or (where.endswith("training") and name in MAY_CHANGE)


def _flat(recipe: Recipe) -> dict[str, Any]:
    """Dotted names of all settings that a run depends on. A stage is named by its name, and tells which corpora it
    reads; those of a recipe without stages are the recipe's own."""

    def walk(values: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
        for key, value in values.items():
            if isinstance(value, dict) and value:
                yield from walk(value, f"{prefix}{key}.")
            else:
                yield prefix + key, value

    values = dataclasses.asdict(recipe)
    del values["stage"]
    if recipe.stage:
        del values["training"], values["data"]["noise"], values["data"]["train"]
    flat = dict(walk(values, ""))
    for stage in recipe.stage:
        weighed = [(corpus, stage.weight(corpus)) for corpus in recipe.data.train]
        mixture = [dataclasses.replace(corpus, weight=weight) for corpus, weight in weighed if weight]
        own = {"init": stage.init, "noise": dataclasses.asdict(stage.noise), "mixture": mixture}
        own["training"] = dataclasses.asdict(stage.training)
        flat |= walk(own, f"stage.{stage.name}.")
    return flat
