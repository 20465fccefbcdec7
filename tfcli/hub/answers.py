"""What the Hub says of a repository, checked before it is used: every hash, name, type and length.

What it calls a commit or a file becomes a part of a path, what it calls a size a demand on the disk.
"""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from itertools import islice

from huggingface_hub import RepoFile

from tfcli.errors import ModelError, NetworkError
from tfcli.hub.client import Hub
from tfcli.pulled import HubName, is_commit

_MOST_ENTRIES = 1000
_OID = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_LONGEST_LIBRARY = 40


@dataclass(frozen=True)
class Commit:
    """name: with the hash of the commit as its revision. library: which one the model is for, as its card says."""

    name: HubName
    library: str


@dataclass(frozen=True)
class RemoteFile:
    """A file of a commit. oid: the SHA-256 of large files, the SHA-1 that git gives to a blob of small ones."""

    path: str
    size: int
    oid: str


def find_commit(hub: Hub, name: HubName) -> Commit:
    """What a revision is at the moment."""

    def ask() -> Commit:
        info = hub.api.model_info(name.repo, revision=name.revision)
        commit = read_commit(name.repo, info.sha)
        if name.is_commit and commit != name.revision:
            raise _wrong(name.repo, "that commit", commit)
        library = info.library_name if isinstance(info.library_name, str) else ""
        return Commit(HubName(name.repo, commit), library[:_LONGEST_LIBRARY])

    return hub.ask(ask, name.repo)


def list_files(hub: Hub, name: HubName, known: Mapping[str, int] | Container[str]) -> dict[str, RemoteFile]:
    """Those files of a commit whose names are known, by name."""

    def ask() -> dict[str, RemoteFile]:
        entries = list(islice(hub.api.list_repo_tree(name.repo, revision=name.revision), _MOST_ENTRIES + 1))
        if len(entries) > _MOST_ENTRIES:
            raise ModelError(f'"{name.repo}" has more than {_MOST_ENTRIES:,} entries: that is no model of tfcli')
        named = [entry for entry in entries if isinstance(entry, RepoFile) and isinstance(entry.path, str)]
        return {entry.path: _check(name.repo, entry) for entry in named if entry.path in known}

    return hub.ask(ask, name.repo)


def read_commit(repo: str, value: object) -> str:
    """The hash of a commit."""
    if not is_commit(value):
        raise _wrong(repo, "a commit", value)
    return value


def read_number(repo: str, value: object) -> int:
    """The number of a pull request."""
    if type(value) is not int or not 0 < value < 1 << 31:
        raise _wrong(repo, "a pull request", value)
    return value


def _check(repo: str, entry: RepoFile) -> RemoteFile:
    oid = entry.lfs.sha256 if entry.lfs else entry.blob_id
    if type(oid) is not str or not _OID.fullmatch(oid):
        raise _wrong(repo, f"the hash of {entry.path}", oid)
    if type(entry.size) is not int or entry.size < 0:
        raise _wrong(repo, f"the size of {entry.path}", entry.size)
    return RemoteFile(entry.path, entry.size, oid)


def _wrong(repo: str, what: str, value: object) -> NetworkError:
    return NetworkError(f'"{repo}": what the Hub lists as {what} cannot be right: {value!r:.60}')
