"""Runs command lines inside this process: the exit code, and the bytes that went to stdout and stderr."""

import io
import sys
import tempfile
from dataclasses import dataclass

import pytest

from tfcli.cli.app import main


@dataclass(frozen=True)
class Ended:
    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def run(*arguments: str, stdin: bytes = b"", terminal: bool = False) -> Ended:
    """One command line. stdin is a file; terminal: stdout and stderr say that they are one."""
    kind = Terminal if terminal else io.TextIOWrapper
    out, err = io.BytesIO(), io.BytesIO()
    with tempfile.TemporaryFile("w+b") as file, pytest.MonkeyPatch.context() as patch:
        file.write(stdin)
        file.seek(0)
        patch.setattr(sys, "stdin", io.TextIOWrapper(file))
        patch.setattr(sys, "stdout", kind(out, "utf-8"))
        patch.setattr(sys, "stderr", kind(err, "utf-8"))
        code = main(list(arguments))
        sys.stdin.detach()
        return Ended(code, out.getvalue(), err.getvalue().decode())
