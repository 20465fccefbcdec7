"""From the name of a model to its folder: on the disk, shipped with tfcli, or pulled from the Hub."""

from pathlib import Path

from tfcli.errors import NotFoundError
from tfcli.pulled import parse_hub_name, snapshot

CONFIG = "config.json"
"""The file by which a folder is known as a model."""


def locate(name: str) -> Path:
    """The folder of a model: a bundle, a run that holds one, a shipped name, or owner/name[@revision] as pulled from
    the Hub. NotFoundError if there is none.

    A folder of that name comes before a shipped model, if there is a model in it.
    """
    path = Path(name)
    for folder in (path, path / "bundle"):
        if (folder / CONFIG).is_file():
            return folder
    for folder in shipped():
        if folder.name == name:
            return folder
    if path.is_dir():
        return path  # read_bundle tells what is missing
    on_hub = parse_hub_name(name)
    if on_hub and (folder := snapshot(on_hub)) and (folder / CONFIG).is_file():
        return folder
    names = ", ".join(folder.name for folder in shipped()) or "none"
    raise NotFoundError(
        f'no model "{name}" on this machine',
        f"fetch it with   tfcli pull {on_hub}" if on_hub else f"shipped with tfcli: {names}",
    )


def shipped() -> list[Path]:
    """The folders of the models that came with tfcli: in the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    home = package / "models" if (package / "models").is_dir() else package.parent / "models"
    return sorted(config.parent for config in home.glob(f"*/{CONFIG}"))
