"""`tfcli push`: a model to the Hugging Face Hub."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tfcli.cli import console
from tfcli.errors import UsageError


def push(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A model or a run.")],
    name: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="A repository of the Hub; made if need be.")],
    public: Annotated[bool, typer.Option("--public", help="A new repository is for all to see.")] = False,
    revision: Annotated[str, typer.Option(metavar="BRANCH", help="Made if need be.")] = "main",
    pull_request: Annotated[bool, typer.Option("--pr", help="Open a pull request instead.")] = False,
    message: Annotated[str, typer.Option("-m", "--message", metavar="MSG")] = "Push a model of tfcli",
    training_state: Annotated[
        bool, typer.Option("--with-training-state", help="The newest checkpoint of a run too.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be pushed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Put a model on the Hugging Face Hub, by one commit; private unless told otherwise.

    \b
    Examples:
      tfcli push runs/zh-en owner/name --dry-run
      tfcli push runs/zh-en owner/name
      tfcli push runs/zh-en owner/name --pr -m "Better on news"

    Prints the address of the commit. Log in with `hf auth login` or set HF_TOKEN.
    """
    from tfcli.pulled import parse_hub_name

    if parse_hub_name(name) is None or "@" in name:
        raise UsageError(f'"{name}" is not the name of a repository', "write it as   owner/name")
    from tfcli.hub.contents import collect, total_size
    from tfcli.hub.push import Push
    from tfcli.hub.push import push as send

    to = Push(name, revision, public, pull_request, message)
    files, ignored = collect(folder, name, training_state)
    width = max(map(len, files))
    console.note("\n".join(f"  {file:{width}}  {len(data):>13,}" for file, data in files.items()))
    if ignored:
        console.note(f"  not taken along: {', '.join(ignored)}")
    where = f"{name} (branch {revision})" if revision != "main" else name
    console.note(f"{console.count(len(files), 'file')}, {total_size(files.values())}, to {where}")
    if dry_run:
        return
    if not yes:
        _confirm(public)
    quiet = console.mode.quiet or not console.is_terminal(sys.stderr)
    console.print_out(send(files, to, quiet))


def _confirm(public: bool) -> None:
    if not console.is_terminal(sys.stdin):
        raise UsageError("nobody is there to be asked", "push without a question   --yes")
    kind = "public" if public else "private"
    sys.stderr.write(f"A repository that is not there yet is made {kind}. Push? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was pushed")
