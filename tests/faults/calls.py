"""Every call by which a save changes the disk, handed to a hook that may let it pass, fail it, or end the process."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tfcli.disk import drafts, syncing


@dataclass(frozen=True)
class Call:
    """kind: open, write, fsync, mkdir, rename, unlink or rmdir. to: where a rename leads. data: what is written."""

    kind: str
    path: str
    to: str = ""
    data: bytes = b""


Hook = Callable[[Call, Callable[..., Any]], Any]
"""Gets a call and what performs it, for a write also in part; returns what the call returns."""


@contextmanager
def watched(hook: Hook) -> Iterator[None]:
    """Meanwhile every change of the disk by tfcli.disk, pathlib and shutil goes through the hook."""

    class File(io.FileIO):
        def write(self, data) -> int:
            whole = bytes(data)
            return hook(Call("write", self.name, data=whole), lambda part=whole: super(File, self).write(part))

    def opening(path, mode, **options):
        raw = hook(Call("open", str(path)), lambda: File(str(path), mode.replace("b", ""), **options))
        return io.BufferedWriter(raw)

    def make_lasting(descriptor, fsync=os.fsync):
        return hook(Call("fsync", _name(descriptor)), lambda: fsync(descriptor))

    def renaming(path, target, rename=os.rename):  # os.replace does the same, but on Windows
        return hook(Call("rename", str(path), str(target)), lambda: rename(path, target))

    def wrap(kind: str):
        function = getattr(os, kind)

        def call(path, *args, dir_fd=None, **options):
            whole = os.path.join(_name(dir_fd), path) if dir_fd is not None else str(path)
            return hook(Call(kind, whole), lambda: function(path, *args, dir_fd=dir_fd, **options))

        return call

    with pytest.MonkeyPatch.context() as patch:
        for module in (drafts, syncing):
            patch.setattr(module, "open", opening, raising=False)
        patch.setattr(os, "fsync", make_lasting)
        patch.setattr(os, "rename", renaming)
        patch.setattr(os, "replace", renaming)
        for kind in ("mkdir", "unlink", "rmdir"):
            patch.setattr(os, kind, wrap(kind))
        yield


def _name(descriptor: int) -> str:
    return os.readlink(f"/proc/self/fd/{descriptor}")
