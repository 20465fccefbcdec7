"""From a repository on the Hub to a model on this machine: one commit of it, every file verified.

Files lie in the Hub's own cache, where `hf` and other libraries find them too. The config comes last, so that a folder
without one is a pull that was not finished.
"""

import hashlib
import os
import re
from collections.abc import Container
from itertools import islice
from pathlib import Path

from huggingface_hub import HfApi, RepoFile
from huggingface_hub.utils import disable_progress_bars

from tfcli.bundle import CARD, CONFIG, METRICS, RECIPE, REQUIRED, TOKENIZER, WEIGHTS, read_bundle
from tfcli.errors import ModelError, NetworkError, ResourceError
from tfcli.hub.client import asking, open_hub
from tfcli.hub.probe import probe
from tfcli.pulled import HubName, snapshot

FILES = {WEIGHTS: 8 << 30, TOKENIZER: 16 << 20, METRICS: 4 << 20, RECIPE: 1 << 20, CARD: 4 << 20, "LICENSE": 1 << 20}
FILES[CONFIG] = 64 << 10
"""What a model may consist of, in the order of downloading, with the most bytes of each."""
_MOST_ENTRIES = 1000
_OID = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


def pull(name: HubName, quiet: bool = False) -> Path:
    """The folder of a model of the Hub, in the Hub's cache. Only what is missing or damaged is downloaded.

    Raises ModelError if it is no model of tfcli or cannot be verified, and what `asking` raises.
    """
    hub = open_hub()
    if quiet:
        disable_progress_bars()
    info = asking(lambda: hub.model_info(name.repo, revision=name.revision), name.repo)
    pinned = HubName(name.repo, info.sha)
    there = snapshot(pinned)
    if there and all((there / file).is_file() and _is_intact(there / file) for file in REQUIRED):
        _remember(hub, name, pinned)
        return there
    files = asking(lambda: list_files(hub, pinned, FILES), name.repo)
    _refuse_foreign(name, files, info.library_name)
    for file, most in FILES.items():
        if file in files:
            folder = fetch(hub, pinned, files[file], most).parent
    _check(folder)
    _remember(hub, name, pinned)
    return folder


def list_files(hub: HfApi, name: HubName, known: Container[str]) -> dict[str, RepoFile]:
    """Those files of a commit whose names are known, by name."""
    entries = list(islice(hub.list_repo_tree(name.repo, revision=name.revision), _MOST_ENTRIES + 1))
    if len(entries) > _MOST_ENTRIES:
        raise ModelError(f'"{name.repo}" has more than {_MOST_ENTRIES:,} entries: that is no model of tfcli')
    files = {entry.path: entry for entry in entries if isinstance(entry, RepoFile) and entry.path in known}
    for file in files.values():
        oid = _oid(file)
        if type(file.size) is not int or type(oid) is not str or not _OID.fullmatch(oid):
            raise NetworkError(f'"{name.repo}": the size or hash that the Hub lists for {file.path} cannot be right')
    return files


def _oid(file: RepoFile) -> str:
    """SHA-256 of large files, the SHA-1 that git gives to a blob of small ones."""
    return file.lfs.sha256 if file.lfs else file.blob_id


def _refuse_foreign(name: HubName, files: dict[str, RepoFile], library: str | None) -> None:
    missing = [file for file in REQUIRED if file not in files]
    if missing:
        what = f"it is a model for {library}" if library and library != "tfcli" else f"it has no {missing[0]}"
        convert = f"tfcli pull {name} --convert --to DIR"
        hint = f"if it is a Marian model, convert it   {convert}" if library == "transformers" else ""
        raise ModelError(f'"{name.repo}" is not a model of tfcli: {what}', hint)


def fetch(hub: HfApi, name: HubName, file: RepoFile, most: int) -> Path:
    """The path of a file in the cache, once its bytes are those the Hub lists. A damaged one is fetched once more."""
    if file.size > most:
        raise ModelError(f'"{name.repo}": {file.path} has {file.size:,} bytes, more than {most:,} are not read')
    for again in (False, True):
        path = Path(
            asking(
                lambda again=again: hub.hf_hub_download(
                    name.repo, file.path, revision=name.revision, force_download=again
                ),
                name.repo,
            )
        )
        oid = _oid(file)
        if path.stat().st_size == file.size and _hash(path, oid) == oid and _has_own_blob(path, oid):
            return path
        _drop(path)
    raise ModelError(f'"{name.repo}": {file.path} arrives damaged', "try again later, or from another network")


def _has_own_blob(path: Path, oid: str) -> bool:
    """Whether the cache keeps the file under its own hash. The client believes the server's ETag: two files of one ETag
    would be one file, and the second would replace the first."""
    return not path.is_symlink() or Path(os.path.realpath(path)).name == oid


def _is_intact(path: Path) -> bool:
    """Whether a file of the cache still is what it was named after when it came."""
    oid = Path(os.path.realpath(path)).name
    return len(oid) not in (40, 64) or _hash(path, oid) == oid


def _hash(path: Path, oid: str) -> str:
    """SHA-256, or the SHA-1 of a git blob: told by the length of the oid."""
    data_hash = hashlib.sha256() if len(oid) == 64 else hashlib.sha1(b"blob %d\0" % path.stat().st_size)
    with open(path, "rb") as file:
        while data := file.read(1 << 20):
            data_hash.update(data)
    return data_hash.hexdigest()


def _drop(path: Path) -> None:
    """A damaged file, and the blob behind it."""
    Path(os.path.realpath(path)).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _check(folder: Path) -> None:
    """Config, tokenizer and the shapes of the weights fit each other; else the commit counts as not pulled."""
    try:
        bundle = read_bundle(folder)
        probe(folder / TOKENIZER)
        bundle.tokenizer()
        bundle.load_model()
    except ModelError:
        (folder / CONFIG).unlink()
        raise


def _remember(hub: HfApi, name: HubName, pinned: HubName) -> None:
    """What the branch or tag meant: `-m owner/name@revision` finds it without a network."""
    if name.revision == pinned.revision:
        return
    folder = snapshot(pinned)
    if folder is None:
        raise NetworkError(f'"{name.repo}" came without the commit that was asked for')
    ref = folder.parent.parent / "refs" / name.revision
    try:
        ref.parent.mkdir(parents=True, exist_ok=True)
        ref.write_text(pinned.revision, encoding="ascii")
    except OSError as error:
        raise ResourceError(f'cannot write "{ref}": {error.strerror}') from error
