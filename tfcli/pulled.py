"""Models of the Hugging Face Hub that are on this machine already, in the Hub's cache. Nothing is asked of a network.

cache/models--OWNER--NAME/refs/REVISION holds the commit that was pulled, snapshots/COMMIT/ its files.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tfcli.errors import UsageError

_COMMIT = re.compile(r"[0-9a-f]{40}")
_PART = r"\w(?:[\w.-]*[\w-])?"
_REPO = re.compile(r"[\w-](?:[\w.-]*[\w-])?/[\w-](?:[\w.-]*[\w-])?", re.ASCII)
_REVISION = re.compile(rf"{_PART}(?:/{_PART})*", re.ASCII)
_LONGEST_REPO, _LONGEST_REVISION = 96, 200


@dataclass(frozen=True)
class HubName:
    """owner/name, or owner/name@revision: a branch, a tag or a commit. Both become parts of paths, so that none exists
    that could lead out of the cache: UsageError for any other."""

    repo: str
    revision: str = "main"

    def __post_init__(self):
        repo, revision = self.repo, self.revision
        if not _REPO.fullmatch(repo) or ".." in repo or "--" in repo or len(repo) > _LONGEST_REPO:
            raise UsageError(f'"{repo}" is not the name of a repository', "write it as   owner/name")
        if not _REVISION.fullmatch(revision) or ".." in revision or len(revision) > _LONGEST_REVISION:
            raise UsageError(f'"{revision}" is not the name of a revision', "give a branch, a tag or a commit")

    @property
    def is_commit(self) -> bool:
        return is_commit(self.revision)

    @property
    def store(self) -> Path:
        """Where the cache keeps what it has of the repository."""
        return hub_cache() / f"models--{self.repo.replace('/', '--')}"

    def __str__(self) -> str:
        return self.repo if self.revision == "main" else f"{self.repo}@{self.revision}"


def is_commit(text: object) -> bool:
    """Whether it is the hash of a commit: forty hex digits."""
    return isinstance(text, str) and _COMMIT.fullmatch(text) is not None


def parse_hub_name(text: str) -> HubName | None:
    """None if it is no such name."""
    repo, at, revision = text.partition("@")
    try:
        return HubName(repo, revision if at else "main")
    except UsageError:
        return None


def hub_home() -> Path:
    """Where the tools of the Hub keep what they know, such as the token."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return _expanded(os.environ.get("HF_HOME") or str(default))


def hub_cache() -> Path:
    """Where the Hub's client keeps what it has downloaded."""
    cache = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    return _expanded(cache) if cache else hub_home() / "hub"


def _expanded(path: str) -> Path:
    return Path(os.path.expandvars(path)).expanduser()


def snapshot(name: HubName) -> Path | None:
    """The folder of the commit that was pulled last for this revision; None if none was."""
    commit = name.revision
    if not name.is_commit:
        try:
            with open(name.store / "refs" / name.revision, encoding="ascii") as file:
                commit = file.read(100).strip()
        except (OSError, UnicodeDecodeError):
            return None
    folder = name.store / "snapshots" / commit
    return folder if is_commit(commit) and folder.is_dir() else None


def pulled() -> list[tuple[HubName, Path]]:
    """What is in the cache, by branch or tag, with the folder of each."""
    found = []
    for ref in sorted(hub_cache().glob("models--*--*/refs/*")):
        name = parse_hub_name(ref.parent.parent.name.removeprefix("models--").replace("--", "/", 1) + f"@{ref.name}")
        if name and (folder := snapshot(name)):
            found.append((name, folder))
    return found
