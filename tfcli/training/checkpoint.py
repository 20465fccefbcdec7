"""TrainState on disk, so that no instant of a kill, a full disk or a power cut can lose the last finished checkpoint.

A checkpoint is a folder `step-000000123`. It is written beside its place: every file is synced, the manifest with the
SHA-256 of each comes last, the folder is synced, renamed, and its parent synced; only then are older ones pruned.
Loading takes the newest folder whose manifest and files verify. Tensors are safetensors, the rest is JSON.
"""

import errno
import hashlib
import json
import os
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

from tfcli.config.stages import ONLY_STAGE
from tfcli.disk import finish_replacing, read_whole, remove_folder, replace_folder, sync_folder
from tfcli.errors import ModelError, ResourceError

FORMAT = 1
_MANIFEST = "manifest.json"
_STATE = "state.json"
_PREFIX = "step-"
_NAME = re.compile(rf"{_PREFIX}\d{{9,}}")
_GROUPS = ("model", "ema", "best", "optimizer", "random")
_MOST_BYTES = 1 << 40
FILES = (*(f"{group}.safetensors" for group in _GROUPS), _STATE, _MANIFEST)
"""All that is ever in a checkpoint."""


@dataclass
class TrainState:
    """All that a run needs to go on as if it had never stopped.

    step: updates of the whole run. tensors: groups ("model", "ema", "best", "optimizer", "random") of named tensors.
    facts: JSON values: stage, epoch, position in the epoch, seconds trained, best score, fingerprints.
    """

    step: int
    tensors: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


def save_state(folder: Path, state: TrainState, keep: int, milestones: Collection[int] = ()) -> Path:
    """Writes the state below `folder`; keeps the newest `keep` checkpoints, and those of the steps in `milestones`. A
    step that is already there is left alone, unless it is damaged. Raises ResourceError if the disk does not take it;
    the older checkpoints are still there."""
    final = checkpoint_path(folder, state.step)
    files = _pack(state)
    safe: list[Path] = []
    try:
        if not (final.exists() and _is_intact(final)):
            replace_folder(final, files, FILES)
        sync_folder(folder)
        safe = [final]
        _prune(folder, final, keep, milestones)
    except (OSError, ResourceError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        safe = safe or [path for path in list_checkpoints(folder) if path != final and _is_intact(path)]
        raise _explain(cause, state.step, folder, files, safe) from cause
    return final


def _pack(state: TrainState) -> dict[str, bytes]:
    """The files of a checkpoint in the order of writing: the manifest, which knows all the others, is last."""
    files = {f"{name}.safetensors": save(group) for name, group in state.tensors.items()}
    facts = {"format": FORMAT, "step": state.step, **state.facts}
    files[_STATE] = json.dumps(facts, indent=1).encode()
    sums = {name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()}
    return {**files, _MANIFEST: _seal(sums)}


def _prune(folder: Path, final: Path, keep: int, milestones: Collection[int]) -> None:
    checkpoints = list_checkpoints(folder)
    stay = {checkpoint_path(folder, step) for step in milestones}
    newest = checkpoints.index(final)
    # Newer ones did not verify, or the run would have gone on from there.
    for old in [*checkpoints[: max(newest + 1 - keep, 0)], *checkpoints[newest + 1 :]]:
        if old not in stay:
            remove_folder(old, FILES)


def _explain(error: OSError, step: int, folder: Path, files: dict[str, bytes], safe: list[Path]) -> ResourceError:
    """What a person needs to know of a save that failed. safe: the checkpoint to go on from, if there is one."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    what = "disk full" if full else os.strerror(error.errno)
    needs = f"needs {-(-sum(map(len, files.values())) // 2**20):,} MiB in" if full else "in"
    kept = f"step {step_of(safe[-1]):,} is safe" if safe else "no step is saved yet"
    hint = "go on from there with the same command" if safe else ""
    return ResourceError(f'{what} while saving step {step:,}; {kept}; {needs} "{folder}"', hint)


def _is_intact(path: Path) -> bool:
    try:
        return bool(read_verified(path))
    except ModelError:
        return False


def checkpoint_path(folder: Path, step: int) -> Path:
    """Where the checkpoint of a step lies."""
    return folder / f"{_PREFIX}{step:09d}"


def step_of(path: Path) -> int:
    """The step of a checkpoint's folder."""
    return int(path.name.removeprefix(_PREFIX))


def can_go_on(folder: Path, step: int) -> bool:
    """Whether the checkpoint of a step is intact, or is not the newest and so no longer needed to go on."""
    return list_checkpoints(folder)[-1:] != [checkpoint_path(folder, step)] or _is_intact(checkpoint_path(folder, step))


def is_checkpoint(path: Path) -> bool:
    """Whether a folder holds a checkpoint, intact or not."""
    return (path / _MANIFEST).is_file()


def list_checkpoints(folder: Path) -> list[Path]:
    """The checkpoints below `folder`, oldest first: folders of exactly such a name, and no links."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if _NAME.fullmatch(path.name) and path.is_dir()]
    return sorted((path for path in found if not path.is_symlink()), key=step_of)


def load_latest(folder: Path, stage: str | None = None) -> tuple[TrainState | None, list[str]]:
    """The newest state that verifies, of a stage if one is named, and a sentence for each newer one that does not."""
    skipped = []
    for path in reversed(list_checkpoints(folder)):
        try:
            state = load_state(path)
            if stage is None or state.facts.get("stage", ONLY_STAGE) == stage:
                return state, skipped
        except ModelError as error:
            skipped.append(error.message)
    if skipped:
        raise ModelError(f"no checkpoint in {folder} is intact: {skipped[0]}", "start over with   --fresh")
    return None, skipped


def load_state(path: Path) -> TrainState:
    """One checkpoint; ModelError if a byte of it differs from what was written."""
    files = read_verified(path)
    facts = json.loads(files.pop(_STATE))
    if facts.pop("format") != FORMAT:
        raise ModelError(f"{path.name} was written by another version of tfcli")
    tensors = {name.removesuffix(".safetensors"): load(data) for name, data in files.items()}
    return TrainState(facts.pop("step"), tensors, facts)


def read_verified(path: Path) -> dict[str, bytes]:
    """The files of a checkpoint, each checked against the manifest."""
    try:
        sums = _unseal(read_whole(path / _MANIFEST, _MOST_BYTES))
        files = {name: read_whole(path / name, _MOST_BYTES) for name in sums if name in FILES}
    except (OSError, ValueError) as error:
        raise ModelError(f"{path.name} is not complete: {error}") from None
    for name, data in files.items():
        if hashlib.sha256(data).hexdigest() != sums[name]["sha256"]:
            raise ModelError(f"{path.name} is damaged: {name} is not what was written")
    return files


def remove_leftovers(folder: Path) -> None:
    """Deletes what a killed process left half-written. Call it only while holding the run's lock."""
    finish_replacing(folder, lambda name: FILES if _NAME.fullmatch(name) else None)


def _seal(sums: dict[str, Any]) -> bytes:
    """The manifest with its own hash in front, so that a flipped bit in it is found too."""
    body = json.dumps(sums, indent=1).encode()
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def _unseal(data: bytes) -> dict[str, Any]:
    digest, _, body = data.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise ValueError("its manifest is damaged")
    return json.loads(body)
