"""Names of files and folders that are not finished: random, and recognizable again as those of their place."""

import hashlib
import re
import secrets
from pathlib import Path

_MARK = "[0-9a-f]{8}"
_LONGEST = 50
"""Characters of a name that are kept: with four bytes each there is still room for a mark within 255 bytes."""


def beside(path: Path, kind: str, hidden: bool = True) -> Path:
    """A new name beside `path`: .NAME.3f2a9c1e.KIND, or without the first dot."""
    return path.with_name(f"{'.' * hidden}{_stem(path.name)}.{secrets.token_hex(4)}.{kind}")


def unfinished(name: str, kind: str, hidden: bool = True) -> re.Pattern[str]:
    """What `beside` calls things of this kind for a place of this name."""
    return re.compile(rf"{'[.]' * hidden}{re.escape(_stem(name))}\.{_MARK}\.{kind}")


def place_of(name: str) -> tuple[str, str]:
    """(name of the place, kind) of a hidden name from `beside`; two empty strings for any other."""
    found = re.fullmatch(rf"\.(.+)\.{_MARK}\.(\w+)", name)
    return (found[1], found[2]) if found else ("", "")


def _stem(name: str) -> str:
    if len(name) <= _LONGEST:
        return name
    return f"{name[:_LONGEST]}~{hashlib.blake2b(name.encode('utf-8', 'surrogateescape'), digest_size=4).hexdigest()}"
