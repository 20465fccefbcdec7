"""From a model on this machine to a repository on the Hub: one commit, or none."""

from collections.abc import Mapping
from dataclasses import dataclass

from huggingface_hub import CommitInfo, CommitOperationAdd
from huggingface_hub.errors import RevisionNotFoundError

from tfcli.bundle import CARD
from tfcli.card import is_ours
from tfcli.errors import NetworkError, NotFoundError
from tfcli.hub.answers import find_commit, list_files, read_commit, read_number
from tfcli.hub.client import Hub, open_hub
from tfcli.hub.download import fetch
from tfcli.hub.pull import FILES
from tfcli.pulled import HubName


@dataclass(frozen=True)
class Push:
    """Where to: a repository and a branch, made if they are not there. public: a repository that is made is not
    private. pull_request: the change is proposed only. UsageError for a name that is none."""

    repo: str
    branch: str = "main"
    public: bool = False
    pull_request: bool = False
    message: str = "Push a model of tfcli"

    def __post_init__(self):
        HubName(self.repo, self.branch)


def push(files: Mapping[str, bytes], to: Push, quiet: bool = False) -> str:
    """Puts the files into the repository by one commit and returns its address. Other files there stay.

    Safe to run again: what is there already is not committed twice, an answer that was lost included. A pull request is
    asked for once, since each asking opens another. A card that a person wrote there is kept. Raises ConflictError if
    the branch changes meanwhile, and what `Hub.ask` raises.
    """
    hub = open_hub(quiet)
    parent = _head(hub, to)
    kept = {name: data for name, data in files.items() if name != CARD or _may_replace_card(hub, to, parent, data)}

    def commit() -> str:
        # The library changes operations as it works on them, so that each try needs its own.
        made = hub.api.create_commit(
            to.repo,
            [CommitOperationAdd(name, data) for name, data in kept.items()],
            commit_message=to.message,
            revision=to.branch,
            create_pr=to.pull_request,
            parent_commit=parent,
        )
        return _address(hub, to, made)

    try:
        return hub.ask(commit, to.repo, again=not to.pull_request)
    except NetworkError as error:
        if not to.pull_request:
            raise
        there = f"{hub.api.endpoint}/{to.repo}/discussions"
        raise NetworkError(error.message, f"the pull request may be open all the same; look at   {there}") from error


def _address(hub: Hub, to: Push, made: CommitInfo) -> str:
    """Put together here: what a server calls an address may be anything."""
    if to.pull_request:
        return f"{hub.api.endpoint}/{to.repo}/discussions/{read_number(to.repo, made.pr_num)}"
    return f"{hub.api.endpoint}/{to.repo}/commit/{read_commit(to.repo, made.oid)}"


def _head(hub: Hub, to: Push) -> str:
    """The commit to build on."""
    branch = HubName(to.repo, to.branch)
    try:
        return find_commit(hub, branch).name.revision
    except NotFoundError as error:
        if not isinstance(error.__cause__, RevisionNotFoundError):
            hub.ask(lambda: hub.api.create_repo(to.repo, private=not to.public, exist_ok=True), to.repo)
        if to.branch != "main":
            hub.ask(lambda: hub.api.create_branch(to.repo, branch=to.branch, exist_ok=True), to.repo)
    return find_commit(hub, branch).name.revision


def _may_replace_card(hub: Hub, to: Push, parent: str, card: bytes) -> bool:
    """A card that a person wrote gives way to a person's only."""
    if is_ours(card):
        pinned = HubName(to.repo, parent)
        there = list_files(hub, pinned, {CARD})
        return CARD not in there or is_ours(fetch(hub, pinned, there[CARD], FILES[CARD]).read_bytes())
    return True
