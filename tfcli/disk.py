"""Files and folders that appear on the disk complete or not at all."""

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from tfcli.errors import ResourceError


def replace_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Makes `folder` hold exactly these files; a folder that was there is gone afterwards, and untouched on failure.

    The files are written and synced beside it first, then two renames put them in place. A power failure between the
    two leaves the old folder as a hidden sibling. Raises ResourceError if the disk does not take it.
    """
    mark = secrets.token_hex(4)
    new, old = (folder.with_name(f".{folder.name}.{mark}.{kind}") for kind in ("new", "old"))
    try:
        new.mkdir(parents=True)
        for name, data in files.items():
            write_synced(new / name, data)
        sync_folder(new)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise ResourceError(f'cannot write "{folder}": {error.strerror}') from error
    finally:
        if old.exists() and not folder.exists():
            old.rename(folder)
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def replace_file(path: Path, data: bytes) -> None:
    """Makes `path` hold exactly these bytes; what it held before stays if that fails. Raises ResourceError if the disk
    does not take it."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        write_synced(new, data)
        new.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        raise ResourceError(f'cannot write "{path}": {error.strerror}') from error
    finally:
        new.unlink(missing_ok=True)


def finish_replacing(folder: Path) -> None:
    """Tidies up where a process was killed while it replaced a file or a folder in `folder`: what was half-written
    goes, and what was moved aside comes back if nothing has taken its place. Nobody may be replacing there now."""
    mark = "[0-9a-f]" * 8
    for old in folder.glob(f".*.{mark}.old"):
        name = old.name[1:].rsplit(".", 2)[0]
        if (folder / name).exists():
            shutil.rmtree(old)
        else:
            old.rename(folder / name)
    for new in folder.glob(f".*.{mark}.new"):
        shutil.rmtree(new) if new.is_dir() else new.unlink()


def make_folder(folder: Path) -> None:
    """The folder, and those it lies in, under names that survive a power failure."""
    if not folder.exists():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def write_synced(path: Path, data: bytes) -> None:
    """A new file that survives a power failure, once its folder is synced too."""
    with open(path, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
