"""What a disk may hold after the power failed at some moment: all that was synced, and any part of the rest.

The worst that POSIX allows: data of a file lasts once the file is synced, an entry of a folder once the folder is;
until then each is there or not, whatever came after it, and data may be cut or zeros. A rename is never half done.
"""

import math
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from faults.calls import Call

ROOT = 0
Tree = dict[int, dict[str, int]]
"""The entries of each folder: name to number of a file or folder."""


@dataclass
class Change:
    """One effect of a call. owner: the file or folder whose sync makes it last. synced: when that happens."""

    time: int
    owner: int
    data: bytes | None = None
    name: str = ""
    node: int | None = None
    gone: tuple[int, str] | None = None
    synced: float = math.inf

    def apply(self, tree: Tree) -> None:
        """To the entries; data is another matter."""
        if self.gone:
            tree[self.gone[0]].pop(self.gone[1], None)
        if self.node is not None:
            tree[self.owner][self.name] = self.node


@dataclass
class Recording:
    """The calls of a program below a folder, and at what time it made which promise."""

    root: Path
    changes: list[Change] = field(default_factory=list)
    promises: list[tuple[int, int]] = field(default_factory=list)
    time: int = 0
    tree: Tree = field(default_factory=lambda: {ROOT: {}})
    without: Callable[[str], bool] = lambda path: False
    """Syncs of such paths are left out: what a program does that forgets them."""

    def hook(self, call: Call, perform: Callable):
        result = perform()
        self.time += 1
        parent, name = self._parent(call.path)
        match call.kind:
            case "mkdir" | "open":
                node = len(self.tree)
                self.tree[node] = {}
                self._add(Change(self.time, parent, name=name, node=node))
            case "write":
                self._add(Change(self.time, self._node(call.path), data=call.data))
            case "rename":
                owner, to = self._parent(call.to)
                node = self._node(call.path)
                self._add(Change(self.time, owner, name=to, node=node, gone=(parent, name)))
            case "unlink" | "rmdir":
                self._add(Change(self.time, parent, gone=(parent, name)))
            case "fsync" if not self.without(call.path):
                node = self._node(call.path)
                for change in self.changes:
                    if change.owner == node:
                        change.synced = min(change.synced, self.time)
        return result

    def promise(self, step: int) -> None:
        self.promises.append((self.time, step))

    def _add(self, change: Change) -> None:
        change.apply(self.tree)
        self.changes.append(change)

    def _node(self, path: str) -> int:
        node = ROOT
        relative = os.path.relpath(path, self.root)
        for name in relative.split(os.sep) if relative != "." else []:
            node = self.tree[node][name]
        return node

    def _parent(self, path: str) -> tuple[int, str]:
        folder, name = os.path.split(path)
        return (self._node(folder), name) if path != str(self.root) else (ROOT, "")

    def crashes(self, count: int) -> Iterator[tuple[int, dict[str, bytes]]]:
        """So many times: the last promise before a random moment, and the files, by path, after a crash then."""
        for _ in range(count):
            time, share = random.randint(0, self.time), random.choice((0.0, 0.1, 0.5, 0.9, 1.0))
            promised = max((step for when, step in self.promises if when <= time), default=0)
            yield promised, self.after_crash(time, share)

    def after_crash(self, time: int, share: float) -> dict[str, bytes]:
        """The files by path. share: of what was not synced, so much is there."""
        tree: Tree = {node: {} for node in self.tree}
        contents = dict.fromkeys(self.tree, b"")
        for change in self.changes:
            if change.time > time:
                break
            whole = change.synced <= time or random.random() < share
            if change.data is not None:
                data = change.data if whole else random.choice((b"", change.data[: len(change.data) // 2]))
                zeros = not whole and random.random() < 0.2
                contents[change.owner] += bytes(len(change.data)) if zeros else data
            elif whole:
                change.apply(tree)
        return dict(_files(tree, contents, ROOT, ""))


def _files(tree: Tree, contents: dict[int, bytes], node: int, path: str) -> Iterator[tuple[str, bytes]]:
    for name, child in tree[node].items():  # an empty folder is given as an empty file: neither is a checkpoint
        inside = f"{path}{name}"
        if tree[child]:
            yield from _files(tree, contents, child, f"{inside}/")
        else:
            yield inside, contents[child]
