"""The earlier run in a folder where another one starts: set aside, forgotten when the other has saved something, and
back in its place if that never comes to be, for whatever reason: a misspelt file, too little memory, a power cut."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from tfcli.disk import remove_folder
from tfcli.disk.names import beside, unfinished
from tfcli.disk.syncing import sync_folder, write_synced
from tfcli.errors import UsageError
from tfcli.training.checkpoint import FILES, list_checkpoints
from tfcli.training.run_folder import RunFolder

_NAME, _KIND = "earlier", "old"
_WHOLE = "set-aside"
"""A file that says that all of the earlier run is here, so that what lies in its place is another's."""


def set_aside(folder: RunFolder) -> None:
    """Makes room for a run. The bundle stays until the run has one of its own. UsageError, before anything is moved,
    if there is something that tfcli did not write."""
    if folder.checkpoints.is_symlink():
        raise UsageError(
            f'"{folder.checkpoints}" is a link, and --fresh deletes nothing behind one', "train elsewhere   --run-dir"
        )
    for path in list_checkpoints(folder.checkpoints):
        if foreign := set(os.listdir(path)) - set(FILES):
            raise UsageError(f'"{path / min(foreign)}" is not of tfcli, and would be lost', "put it elsewhere")
    aside = beside(folder.path / _NAME, _KIND)
    aside.mkdir()
    for path in _own(folder.path):
        place = aside / path.relative_to(folder.path)
        place.parent.mkdir(exist_ok=True)
        path.rename(place)
    sync_folder(folder.path)
    write_synced(aside / _WHOLE, b"")
    sync_folder(aside)


def settle(folder: RunFolder) -> None:
    """Forgets the earlier run if there is a checkpoint of the one that took its place, else brings it back."""
    for aside in _asides(folder.path):
        whole = (aside / _WHOLE).exists()
        if whole and list_checkpoints(folder.checkpoints):
            forget(folder.path)
            continue
        if whole:
            for path in _own(folder.path):
                path.unlink()
            (aside / _WHOLE).unlink()
        for path in _own(aside):
            place = folder.path / path.relative_to(aside)
            place.parent.mkdir(exist_ok=True)
            path.rename(place)
        sync_folder(folder.path)
        _remove_empty(aside)


def forget(run: Path) -> None:
    """Deletes an earlier run that was set aside in a run folder."""
    for aside in _asides(run):
        for path in _own(aside):
            if path.is_dir():
                remove_folder(path, FILES)
            else:
                path.unlink()
        (aside / _WHOLE).unlink(missing_ok=True)
        _remove_empty(aside)


def _own(run: Path) -> Iterator[Path]:
    """What belongs to one run alone: regular files, and checkpoints."""
    folder = RunFolder(run)
    files = [folder.metrics, folder.curves, folder.history, folder.tokenizer, folder.recipe]
    files += sorted(folder.board.glob("events.out.tfevents.*"))
    return iter([path for path in files if path.is_file()] + list_checkpoints(folder.checkpoints))


def _asides(run: Path) -> list[Path]:
    return [path for path in run.iterdir() if unfinished(_NAME, _KIND).fullmatch(path.name) and path.is_dir()]


def _remove_empty(aside: Path) -> None:
    with contextlib.suppress(OSError):  # something of others in it: it stays
        for path in [*filter(Path.is_dir, aside.iterdir()), aside]:
            path.rmdir()
