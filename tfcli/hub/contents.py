"""What a push takes along: regular files of our own names, read once, and nothing secret in them."""

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from huggingface_hub import get_token

from tfcli.bundle import CARD, RECIPE, locate, read_bundle
from tfcli.card import model_card
from tfcli.config.recipe import make_recipe, read_toml
from tfcli.errors import ModelError, NotFoundError, UsageError
from tfcli.hub.pull import FILES

_SECRET = re.compile(
    rb"\b(?:(?:hf|api_org|gh[pousr])_[A-Za-z0-9]{30,}|hf_(?:oauth|jwt)_[\w.~+/=-]{16,}|github_pat_\w{30,}"
    rb"|gl(?:pat|ptt|dt|rt|soat|cbt|ft|imt|agent)-[\w.-]{16,}|sk-[\w-]{30,}|AKIA[0-9A-Z]{16}|xox[abeprs]-[\w-]{16,})"
    rb"|-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
)
"""Access tokens as the usual services write them, and private keys."""
_MOST = max(FILES.values())


def collect(folder: Path, repo: str, training_state: bool = False) -> tuple[dict[str, bytes], list[str]]:
    """(files by their names in the repository, names in the folder that stay here). A card is written if there is none.
    training_state: with the newest checkpoint of the run, as checkpoint/.

    ModelError for a link, a device, a file with a second name elsewhere, or no model; UsageError for a token in a text.
    """
    if not folder.is_dir():
        raise NotFoundError(f'no model at "{folder}": there is no such folder')
    run, folder = folder, locate(str(folder))
    ignored = sorted(name for name in os.listdir(folder) if name not in FILES)
    files = {name: _read(folder / name, most) for name, most in FILES.items() if os.path.lexists(folder / name)}
    bundle = read_bundle(folder)
    bundle.tokenizer()
    bundle.load_model()
    if CARD not in files:
        recipe = make_recipe(read_toml(folder / RECIPE)) if RECIPE in files else None
        files[CARD] = model_card(bundle.config, recipe, bundle.metrics(), repo).encode("utf-8", "replace")
    if training_state:
        checkpoints = sorted(path for path in (run / "checkpoints").glob("step-*") if path.is_dir())
        if not checkpoints:
            raise NotFoundError(f'"{run}" has no checkpoint', "push the model alone, without --with-training-state")
        files |= {f"checkpoint/{path.name}": _read(path, _MOST) for path in sorted(checkpoints[-1].iterdir())}
    return files, ignored


def _read(path: Path, most: int) -> bytes:
    refusal = ModelError(f'"{path}" is not a regular file of this folder alone', "put a copy in its place")
    if not stat.S_ISREG(os.lstat(path).st_mode):  # opening a pipe would wait for its other end
        raise refusal
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            raise refusal
        if status.st_size > most:
            raise ModelError(f'"{path}" has {status.st_size:,} bytes; a model\'s has {most:,} at most')
        data = file.read()
    own = (get_token() or "").encode("utf-8", "surrogateescape")
    if path.suffix != ".safetensors" and (_SECRET.search(data) or (own and own in data)):
        raise UsageError(
            f'"{path}" holds what looks like an access token or a private key', "take it out; it would be published"
        )
    return data


def total_size(files: Iterable[bytes]) -> str:
    """12.3 MB."""
    return f"{sum(map(len, files)) / 1e6:.1f} MB"
