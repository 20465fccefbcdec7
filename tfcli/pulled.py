"""Models of the Hugging Face Hub that are on this machine already, in the Hub's cache. Nothing is asked of a network.

cache/models--OWNER--NAME/refs/REVISION holds the commit that was pulled, snapshots/COMMIT/ its files.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

_COMMIT = re.compile(r"[0-9a-f]{40}")
_PART = r"[\w-](?:[\w.-]*[\w-])?"


@dataclass(frozen=True)
class HubName:
    """owner/name, or owner/name@revision: a branch, a tag or a commit."""

    repo: str
    revision: str = "main"

    def __str__(self) -> str:
        return self.repo if self.revision == "main" else f"{self.repo}@{self.revision}"


def parse_hub_name(text: str) -> HubName | None:
    """None if it is no such name."""
    found = re.fullmatch(rf"({_PART}/{_PART})(?:@([\w./-]+))?", text, re.ASCII)
    if found is None or ".." in text or "--" in found[1] or (found[2] or "x").startswith("/"):
        return None
    return HubName(found[1], found[2] or "main")


def hub_cache() -> Path:
    """Where the Hub's client keeps what it has downloaded."""
    if cache := os.environ.get("HF_HUB_CACHE"):
        return Path(cache).expanduser()
    default = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(os.environ.get("HF_HOME") or default).expanduser() / "hub"


def snapshot(name: HubName) -> Path | None:
    """The folder of the commit that was pulled last for this revision; None if none was."""
    store = hub_cache() / f"models--{name.repo.replace('/', '--')}"
    commit = name.revision
    if not _COMMIT.fullmatch(commit):
        try:
            commit = (store / "refs" / name.revision).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
    folder = store / "snapshots" / commit
    return folder if _COMMIT.fullmatch(commit) and folder.is_dir() else None


def pulled() -> list[tuple[HubName, Path]]:
    """What is in the cache, by branch or tag, with the folder of each."""
    found = []
    for ref in sorted(hub_cache().glob("models--*--*/refs/*")):
        name = parse_hub_name(ref.parent.parent.name.removeprefix("models--").replace("--", "/", 1) + f"@{ref.name}")
        if name and (folder := snapshot(name)):
            found.append((name, folder))
    return found
