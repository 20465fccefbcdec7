"""The Hub's cache, written in the layout of its own client, so that `hf` and other libraries find our files too.

In models--OWNER--NAME, blobs/OID is a file under its hash, snapshots/COMMIT/NAME a link to it, and refs/REVISION holds
the commit of a branch or tag. Nothing is written or deleted through a link that somebody else put there.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from tfcli.disk import replace_file
from tfcli.errors import NetworkError, ResourceError
from tfcli.hub.answers import RemoteFile
from tfcli.pulled import HubName, hub_cache

_ABANDONED = 24 * 3600  # seconds


class Store:
    """What the cache holds of one commit. pinned: a repository with the hash of a commit as its revision."""

    def __init__(self, pinned: HubName):
        self.name = pinned
        self.folder = pinned.store / "snapshots" / pinned.revision
        self._blobs = pinned.store / "blobs"

    def has(self, file: str) -> bool:
        """Whether it is there and still is what it was named after when it came."""
        path = self.folder / file
        try:
            if not path.is_symlink():  # where no links can be made, nothing tells what it should be
                return path.is_file()
            target = Path(os.readlink(path))
            oid = target.name
            return target == Path("../../blobs", oid) and _hash(self._blobs / oid, oid) == oid
        except OSError:
            return False

    def holds(self, file: RemoteFile) -> bool:
        """Whether these very bytes are in the cache, of this commit or of another."""
        path = self._blobs / file.oid
        try:
            return path.stat().st_size == file.size and _hash(path, file.oid) == file.oid
        except OSError:
            return False

    @contextlib.contextmanager
    def receive(self, file: RemoteFile) -> Iterator["Incoming"]:
        """A file to be written, which counts as soon as it is whole: it is discarded if it is not right in the end."""
        _own_folder(self._blobs)
        if (free := shutil.disk_usage(self._blobs).free) < file.size:
            raise ResourceError(f'"{self._blobs}" has {free:,} bytes left; {file.path} needs {file.size:,}')
        self._remove_abandoned()
        path = self._blobs / f"{file.oid}.{secrets.token_hex(4)}.incomplete"
        incoming = Incoming(path, file)
        try:
            yield incoming
            incoming.file.close()
            if incoming.is_right():
                os.replace(path, self._blobs / file.oid)
        finally:
            incoming.file.close()
            path.unlink(missing_ok=True)

    def _remove_abandoned(self) -> None:
        """What a pull that was killed has left. One that is at work would have written to it since."""
        for path in self._blobs.glob(f"*.{'[0-9a-f]' * 8}.incomplete"):
            with contextlib.suppress(OSError):
                if time.time() - path.lstat().st_mtime > _ABANDONED:
                    path.unlink()

    def put(self, file: RemoteFile) -> Path:
        """Makes a file that the cache holds one of this commit, and returns its path."""
        _own_folder(self.folder)
        path = self.folder / file.path
        new = self.folder / f".{file.path}.{secrets.token_hex(4)}.new"
        try:
            try:
                new.symlink_to(Path("../../blobs", file.oid))
            except OSError:  # not every system lets everybody make links
                shutil.copyfile(self._blobs / file.oid, new)
            os.replace(new, path)
        finally:
            new.unlink(missing_ok=True)
        return path

    def drop(self, file: str) -> None:
        """Takes a file out of the commit."""
        _own_folder(self.folder)
        (self.folder / file).unlink(missing_ok=True)

    def remember(self, revision: str) -> None:
        """What the branch or tag means: `-m owner/name@revision` finds it without a network."""
        ref = HubName(self.name.repo, revision).store / "refs" / revision
        _own_folder(ref.parent)
        if ref.is_symlink():  # not ours: it goes, and what it leads to stays
            ref.unlink()
        replace_file(ref, self.name.revision.encode())


class Incoming:
    """A file on its way into the cache. size: how much of it is there."""

    def __init__(self, path: Path, expected: RemoteFile):
        self.expected = expected
        self.file = open(path, "xb")  # noqa: SIM115 - a new one: no link that lies there is opened
        self.restart()

    def restart(self) -> None:
        self.file.seek(0)
        self.file.truncate()
        self.size, self._hash = 0, _new_hash(self.expected.oid, self.expected.size)

    def write(self, data: bytes) -> None:
        if self.size + len(data) > self.expected.size:
            raise NetworkError(
                f"{self.expected.path} is longer than the {self.expected.size:,} bytes that the Hub lists"
            )
        self.file.write(data)
        self._hash.update(data)
        self.size += len(data)

    def is_right(self) -> bool:
        return self.size == self.expected.size and self._hash.hexdigest() == self.expected.oid


def _own_folder(folder: Path) -> None:
    """Makes a folder of the cache, and those it lies in. ResourceError if one of them is a link, which could lead
    anywhere. The cache as a whole may be one."""
    cache = hub_cache()
    cache.mkdir(parents=True, exist_ok=True)
    part = cache
    for name in folder.relative_to(cache).parts:
        part /= name
        if part.is_symlink():
            raise ResourceError(f'"{part}" is a link, which nothing is written through', "remove it, then try again")
        part.mkdir(exist_ok=True)


def _new_hash(oid: str, size: int):
    """SHA-256, or the SHA-1 of a git blob: told by the length of the oid."""
    return hashlib.sha256() if len(oid) == 64 else hashlib.sha1(b"blob %d\0" % size)


def _hash(path: Path, oid: str) -> str:
    data_hash = _new_hash(oid, path.stat().st_size)
    with open(path, "rb") as file:
        while data := file.read(1 << 20):
            data_hash.update(data)
    return data_hash.hexdigest()
