"""Reads a tokenizer of unknown origin in a process of its own, with limits, before this one trusts it.

SentencePiece is C++: a file made for it could bring down the process that reads it.
"""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from tfcli.errors import ModelError, TfcliError
from tfcli.tokenizer import Tokenizer

_SECONDS = 10
_BYTES = 2 << 30


def probe(path: Path) -> None:
    """ModelError if the tokenizer cannot be read, or reading it takes more than ten seconds or 2 GiB."""
    command = [sys.executable, "-P", "-m", "tfcli.hub.probe", str(path)]
    same_modules = {**os.environ, "PYTHONPATH": os.pathsep.join(folder or os.getcwd() for folder in sys.path)}
    try:
        ended = subprocess.run(command, env=same_modules, capture_output=True, text=True, timeout=6 * _SECONDS)
    except subprocess.TimeoutExpired:
        ended = None
    if ended is None or ended.returncode not in (0, ModelError.exit_code):
        raise ModelError(f"{path.name} brings down what reads it")
    if ended.returncode:
        raise ModelError(ended.stdout)


def _read(path: Path) -> int:
    with contextlib.suppress(ImportError):  # Windows knows no such limits
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    try:
        Tokenizer(path.read_bytes())
    except TfcliError as error:
        print(error.message, end="")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(_read(Path(sys.argv[1])))
