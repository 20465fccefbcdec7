"""Converted models in the user's cache folder, so that each is converted once.

An entry is one file: a line of JSON that describes it, with the hash of what follows, model.bin. It is named after all
that its content depends on, appears by one rename, and is read whole and compared with its hash before it is used. So
any number of processes may read, write and clear at the same time, and be killed: none uses a bad entry.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tfcli.bundle import Bundle
from tfcli.config.schema import build, parse_json
from tfcli.conversion.convert import Quantization, convert
from tfcli.disk import make_folder, replace_file
from tfcli.errors import ModelError, ResourceError
from tfcli.settings import cache_folder

_LAYOUT = 1
"""To be counted up when the same bundle is converted into something else than before."""
_SUFFIX = ".ct2"
_MAX_HEADER_BYTES = 16 << 10
_ABANDONED = 3600  # seconds after which a file that is still being written belongs to a process that is gone


@dataclass(frozen=True)
class Header:
    """The first line of an entry. model: the folder it was made from. sha256: of model.bin, in hex."""

    model: str
    quantization: str
    ctranslate2: str
    sha256: str


@dataclass(frozen=True)
class Entry:
    """A file of the cache. header: None if it is damaged. size: in bytes. modified: seconds since 1970."""

    path: Path
    header: Header | None
    size: int
    modified: float


@dataclass(frozen=True)
class Converted:
    """model.bin, and what a person may like to know of how it came about, or should know: empty if it was there."""

    model: bytes
    note: str = ""
    warning: str = ""


def load_converted(bundle: Bundle, quantization: Quantization, version: str) -> Converted:
    """A bundle for CTranslate2 of this version, from the cache or, the first time, made and put there.

    If the cache cannot be written, the model is made all the same, and there is a warning.
    """
    fingerprint = _fingerprint(bundle)
    path = _path(bundle, fingerprint, quantization, version)
    if (data := _read_whole(path)) and (model := _check(data)):
        return Converted(model)
    model = convert(bundle, quantization)
    if _fingerprint(bundle) != fingerprint:  # replaced while it was read: the name would not fit
        return Converted(model)
    header = Header(str(bundle.folder.resolve()), quantization, version, hashlib.sha256(model).hexdigest())
    try:
        make_folder(path.parent)
        _remove_abandoned(path.parent)
        replace_file(path, json.dumps(asdict(header)).encode() + b"\n" + model)
    except (OSError, ResourceError) as error:
        why = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) else error.message
        return Converted(model, warning=f"the model is converted for CTranslate2 at every start: {why}")
    if data:
        return Converted(model, warning=f'"{path}" was damaged; the model was converted for CTranslate2 again')
    return Converted(model, f"converted {bundle.folder.name} for CTranslate2; from now on it starts sooner")


def entries() -> list[Entry]:
    """What the cache holds, the oldest first."""
    return sorted(_entries(), key=lambda entry: entry.modified)


def clear() -> list[Entry]:
    """Empties the cache and returns what is gone. Processes that use an entry are not disturbed."""
    gone = entries()
    for entry in gone:
        entry.path.unlink(missing_ok=True)
    return gone


def folder() -> Path:
    """Where the entries are; it need not exist."""
    return cache_folder() / "ctranslate2"


def _entries() -> Iterator[Entry]:
    for path in (*folder().glob(f"*{_SUFFIX}"), *folder().glob(f".*{_SUFFIX}.*.new")):
        try:
            with open(path, "rb") as file:
                header = _parse(file.readline(_MAX_HEADER_BYTES))
            status = path.stat()
        except FileNotFoundError:  # cleared by another process just now
            continue
        yield Entry(path, header, status.st_size, status.st_mtime)


def _path(bundle: Bundle, fingerprint: str, quantization: str, version: str) -> Path:
    parts = [_LAYOUT, asdict(bundle.config.model), fingerprint, quantization, version]
    return folder() / (hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32] + _SUFFIX)


def _fingerprint(bundle: Bundle) -> str:
    with bundle.open_weights() as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_whole(path: Path) -> bytes:
    """Empty if there is nothing to be read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _check(data: bytes) -> bytes | None:
    """model.bin of an entry; None if it is damaged."""
    end = data.find(b"\n", 0, _MAX_HEADER_BYTES) + 1
    header, model = _parse(data[:end]), data[end:]
    return model if header and header.sha256 == hashlib.sha256(model).hexdigest() else None


def _parse(line: bytes) -> Header | None:
    try:
        return build(Header, parse_json(line, "its header"))
    except ModelError:
        return None


def _remove_abandoned(folder: Path) -> None:
    for path in folder.glob(f".*{_SUFFIX}.*.new"):
        if time.time() - path.stat().st_mtime > _ABANDONED:
            path.unlink(missing_ok=True)
