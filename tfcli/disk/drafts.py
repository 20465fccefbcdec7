"""A file that is written beside its place, and gets its place when it is complete."""

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from tfcli.disk.names import beside, unfinished
from tfcli.disk.syncing import sync_folder
from tfcli.errors import ResourceError, UsageError

try:
    import fcntl
except ImportError:  # Windows: two processes that write one file are not told of each other
    fcntl = None

_TRIES = 100
"""To have a folder for oneself, at 10 ms each."""


class Draft:
    """The new content of `path`, under another name until `complete`. Nobody else writes a draft for the same place.

    replace: a regular file that lies there may go; the new one gets its permissions. hidden: the name begins with a
    dot; else a person is to find it. Raises UsageError if there is something that may not be replaced, ResourceError if
    another process is writing a draft for this place, and OSError.
    """

    def __init__(self, path: Path, replace: bool, hidden: bool = False):
        self.path, self._replace = path, replace
        kind = "new" if hidden else "partial"
        there = self._look()
        with _alone(path.parent):
            pattern = unfinished(path.name, kind, hidden)
            with os.scandir(path.parent) as entries:
                if any(pattern.fullmatch(entry.name) and _is_being_written(entry.path) for entry in entries):
                    raise ResourceError(f'another process is writing "{path}"', "wait for it, or write elsewhere")
            self.place = beside(path, kind, hidden)
            mode = 0o600 if there else 0o666  # who could not read the old one is not to read the new one meanwhile
            self.stream = open(  # noqa: SIM115 (closed by complete or abandon)
                self.place, "xb", opener=lambda name, flags: os.open(name, flags, mode)
            )
            _lock(self.stream.fileno())

    def complete(self) -> None:
        """Gives the file its place. UsageError if something has appeared there that may not be replaced: the draft
        stays then."""
        self.stream.flush()
        os.fsync(self.stream.fileno())
        if not self._is_in_place():
            raise ResourceError(f'"{self.place}" was replaced while it was written')
        if not self._replace:
            self._move_to_free_place()
        else:
            if there := self._look():
                self._take_permissions(there)
            os.replace(self.place, self.path)
        self.stream.close()
        sync_folder(self.path.parent)

    def abandon(self, keep: bool = False) -> bool:
        """Ends without taking the place. keep: leave the draft if there is something in it. Returns whether it is
        left."""
        if self.stream.closed:  # it has its place already
            return False
        with contextlib.suppress(OSError):
            self.stream.flush()
        left = self._is_in_place()
        if left and not (keep and os.fstat(self.stream.fileno()).st_size):
            self.place.unlink()
            left = False
        with contextlib.suppress(OSError):
            self.stream.close()
        return left

    def _is_in_place(self) -> bool:
        """Whether the draft is what its name leads to."""
        there = _status(self.place)
        return there is not None and os.path.samestat(there, os.fstat(self.stream.fileno()))

    def _look(self) -> os.stat_result | None:
        """What lies in the place; UsageError if it may not go."""
        there = _status(self.path)
        if there and not stat.S_ISREG(there.st_mode):
            raise UsageError(f'"{self.path}" is not a regular file, so it is not replaced')
        if there and not self._replace:
            raise UsageError(f'"{self.path}" exists already', "replace it with   --force")
        return there

    def _take_permissions(self, there: os.stat_result) -> None:
        with contextlib.suppress(PermissionError, AttributeError):  # only root gives files away, and not on Windows
            os.fchown(self.stream.fileno(), there.st_uid, there.st_gid)
        with contextlib.suppress(AttributeError):
            os.fchmod(self.stream.fileno(), stat.S_IMODE(there.st_mode))

    def _move_to_free_place(self) -> None:
        """A rename replaces what has appeared in the meantime; a second name for the same file does not."""
        appeared = UsageError(f'"{self.path}" has appeared in the meantime', "replace it with   --force")
        try:
            os.link(self.place, self.path)
        except FileExistsError:
            raise appeared from None
        except OSError:  # a file system without links: take the place first, then fill it
            try:
                os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                raise appeared from None
            os.replace(self.place, self.path)
        else:
            self.place.unlink()


def replace_file(path: Path, data: bytes) -> None:
    """Makes `path` hold exactly these bytes; what it held before stays if that fails. Raises UsageError if something
    else than a regular file is there, ResourceError if the disk does not take it."""
    try:
        draft = Draft(path, replace=True, hidden=True)
        try:
            draft.stream.write(data)
            draft.complete()
        except BaseException:
            draft.abandon()
            raise
    except OSError as error:
        raise ResourceError(f'cannot write "{path}": {error.strerror}') from error


def _status(path: Path) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time is in the block with this folder, as far as its file system has locks."""
    if not fcntl:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        for _ in range(_TRIES):
            if _lock(descriptor):
                break
            time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Whether the lock is ours, or there are no locks here."""
    try:
        if fcntl:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def _is_being_written(path: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:  # not a file, or gone by now
        return False
    try:
        return not _lock(descriptor)
    finally:
        os.close(descriptor)
