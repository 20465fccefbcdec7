"""Folders of a few files that appear complete or not at all, and go without taking anything of others along."""

import contextlib
import os
import stat
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from tfcli.disk.names import beside, place_of
from tfcli.disk.syncing import make_folder, sync_folder, write_synced
from tfcli.errors import ResourceError, UsageError


def replace_folder(folder: Path, files: Mapping[str, bytes], ours: Collection[str] = ()) -> None:
    """Makes `folder` hold exactly these files, and what others have put there; untouched on failure.

    ours: names of files that may go if they are not among the new ones. The files are written and synced beside the
    folder first, in their order, then two renames put them in place. A power failure between the two leaves the old
    folder as a hidden sibling, for `finish_replacing`. Raises UsageError if something of these names is not a regular
    file, ResourceError if the disk does not take it.
    """
    ours = {*files, *ours}
    permissions = _look(folder, ours)
    new, old = beside(folder, "new"), beside(folder, "old")
    try:
        make_folder(folder.parent)
        new.mkdir(mode=0o700 if permissions else 0o777)
        for name, data in files.items():
            write_synced(new / name, data)
            if name in permissions:
                (new / name).chmod(permissions[name])
        if permissions:
            new.chmod(permissions[""])
        sync_folder(new)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
        sync_folder(folder.parent)
        _move_over(old, folder, ours)
    except OSError as error:
        raise ResourceError(f'cannot write "{folder}": {error.strerror}') from error
    finally:
        if old.exists() and not folder.exists():
            old.rename(folder)
        _remove(new, files)
        _remove(old, ours)


def remove_folder(folder: Path, ours: Collection[str]) -> None:
    """Takes a folder with nothing but these files away, at once for whoever looks. One that holds anything else stays
    as it is. Raises OSError."""
    if not folder.is_symlink() and set(os.listdir(folder)) <= set(ours):
        gone = beside(folder, "gone")
        folder.rename(gone)
        _remove(gone, ours)


def finish_replacing(folder: Path, ours: Callable[[str], Collection[str] | None]) -> None:
    """Tidies up where a process was killed while it replaced a file or a folder in `folder`: what was half-written
    goes, and what was moved aside comes back if nothing has taken its place. Nobody may be replacing there now.

    ours: for a name that tfcli replaces there the names of the files inside, none for a file; None for other names.
    """
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        name, kind = place_of(path.name)
        files = ours(name)
        if files is None:
            continue
        if kind != "old":
            _remove(path, files)
        elif (folder / name).exists():
            _move_over(path, folder / name, files)
            _remove(path, files)
        else:
            path.rename(folder / name)


def _look(folder: Path, ours: Collection[str]) -> dict[str, int]:
    """The permissions of the folder (under "") and of those files of it that are ours; nothing if it is not there."""
    try:
        found = {"": os.lstat(folder)} | {name: os.lstat(folder / name) for name in ours & set(os.listdir(folder))}
    except FileNotFoundError:
        return {}
    except NotADirectoryError:
        raise UsageError(f'"{folder}" is in the way: it is no folder') from None
    if stat.S_ISLNK(found[""].st_mode):
        raise UsageError(f'"{folder}" is a link; name the folder that it leads to')
    for name, status in found.items():
        if name and not stat.S_ISREG(status.st_mode):
            raise UsageError(f'"{folder / name}" is not a regular file, so it is not replaced')
    return {name: stat.S_IMODE(status.st_mode) for name, status in found.items()}


def _move_over(old: Path, folder: Path, ours: Collection[str]) -> None:
    """What others had put into the old folder goes on lying in the new one."""
    for name in os.listdir(old) if old.exists() else ():
        if name not in ours and not os.path.lexists(folder / name):
            (old / name).rename(folder / name)


def _remove(path: Path, ours: Collection[str]) -> None:
    """Deletes one of our files, or a folder of ours as far as its files are ours."""
    with contextlib.suppress(OSError):
        if path.is_symlink() or path.is_file():
            path.unlink()
            return
        for name in set(ours) & set(os.listdir(path)):
            (path / name).unlink()
        path.rmdir()
