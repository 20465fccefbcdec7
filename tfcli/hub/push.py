"""From a model on this machine to a repository on the Hub: one commit, or none."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CommitInfo, CommitOperationAdd, HfApi
from huggingface_hub.errors import EntryNotFoundError, RevisionNotFoundError
from huggingface_hub.utils import disable_progress_bars

from tfcli.bundle import CARD
from tfcli.errors import NetworkError, NotFoundError
from tfcli.hub.card import is_ours
from tfcli.hub.client import asking, open_hub


@dataclass(frozen=True)
class Push:
    """Where to: a repository and a branch, made if they are not there. public: a repository that is made is not
    private. pull_request: the change is proposed only."""

    repo: str
    branch: str = "main"
    public: bool = False
    pull_request: bool = False
    message: str = "Push a model of tfcli"


def push(files: Mapping[str, bytes], to: Push, quiet: bool = False) -> str:
    """Puts the files into the repository by one commit and returns its address. Other files there stay.

    Safe to run again: what is there already is not committed twice, an answer that was lost included. A pull request is
    asked for once, since each asking opens another. A card that a person wrote there is kept. Raises ConflictError if
    the branch changes meanwhile, and what `asking` raises.
    """
    hub = open_hub()
    if quiet:
        disable_progress_bars()
    parent = _head(hub, to)
    kept = {name: data for name, data in files.items() if name != CARD or _may_replace_card(hub, to, parent, data)}

    def commit() -> CommitInfo:
        # The library changes operations as it works on them, so that each try needs its own.
        return hub.create_commit(
            to.repo,
            [CommitOperationAdd(name, data) for name, data in kept.items()],
            commit_message=to.message,
            revision=to.branch,
            create_pr=to.pull_request,
            parent_commit=parent,
        )

    try:
        made = asking(commit, to.repo, again=not to.pull_request)
    except NetworkError as error:
        if not to.pull_request:
            raise
        there = f"{hub.endpoint}/{to.repo}/discussions"
        raise NetworkError(error.message, f"the pull request may be open all the same; look at   {there}") from error
    return made.pr_url or made.commit_url


def _head(hub: HfApi, to: Push) -> str:
    """The commit to build on."""

    def look() -> str:
        return hub.model_info(to.repo, revision=to.branch).sha

    try:
        return asking(look, to.repo)
    except NotFoundError as error:
        if not isinstance(error.__cause__, RevisionNotFoundError):
            asking(lambda: hub.create_repo(to.repo, private=not to.public, exist_ok=True), to.repo)
        if to.branch != "main":
            asking(lambda: hub.create_branch(to.repo, branch=to.branch, exist_ok=True), to.repo)
    return asking(look, to.repo)


def _may_replace_card(hub: HfApi, to: Push, parent: str, card: bytes) -> bool:
    """A card that a person wrote gives way to a person's only."""
    if not is_ours(card):
        return True
    try:
        there = asking(lambda: hub.hf_hub_download(to.repo, CARD, revision=parent), to.repo)
    except NotFoundError as error:
        if isinstance(error.__cause__, EntryNotFoundError):
            return True
        raise
    return is_ours(Path(there).read_bytes())
