"""`tfcli pull`: a model from the Hugging Face Hub."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tfcli.cli import console
from tfcli.errors import UsageError


def pull(
    name: Annotated[str, typer.Argument(metavar="OWNER/NAME[@REVISION]", help="A repository of the Hub.")],
    revision: Annotated[str | None, typer.Option(metavar="R", help="A branch, a tag or a commit.")] = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="A copy in this new folder.")] = None,
    convert: Annotated[bool, typer.Option("--convert", help="Make a Marian model one of tfcli.")] = False,
    language: Annotated[str, typer.Option(metavar="L", help="With --convert: which of its languages to write.")] = "",
) -> None:
    """Fetch a model from the Hugging Face Hub; from then on it works offline.

    \b
    Examples:
      tfcli pull owner/name
      tfcli pull owner/name --revision v1 --to models/theirs
      tfcli translate -m owner/name "好久不见"
      tfcli pull Helsinki-NLP/opus-mt-zh-en --convert --to models/opus-mt-zh-en

    Prints the folder. HF_TOKEN, HF_HOME, HF_ENDPOINT and HF_HUB_OFFLINE are those of the `hf` tool.
    """
    from tfcli.pulled import HubName, parse_hub_name

    asked = parse_hub_name(name)
    if asked is None:
        raise UsageError(f'"{name}" is not the name of a repository', "write it as   owner/name")
    if revision:
        asked = HubName(asked.repo, revision)
    if to and to.exists():
        raise UsageError(f'"{to}" exists', "choose another folder")
    if language and not convert:
        raise UsageError("--language goes with --convert", "a model of tfcli writes one language")
    quiet = console.mode.quiet or not console.is_terminal(sys.stderr)
    if convert:
        if to is None:
            raise UsageError("what is converted is a new model", "say where to put it   --to DIR")
        from tfcli.hub.marian.convert import pull_marian

        pull_marian(asked, to, language, quiet)
        console.print_out(str(to))
        return
    from tfcli.hub.pull import FILES
    from tfcli.hub.pull import pull as fetch

    folder = fetch(asked, quiet)
    console.note(f"{asked}: commit {folder.name}")
    if to:
        from tfcli.disk import replace_folder

        replace_folder(to, {file: (folder / file).read_bytes() for file in FILES if (folder / file).exists()})
        folder = to
    console.print_out(str(folder))
