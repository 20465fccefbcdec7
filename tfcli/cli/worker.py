"""One of the processes that `tfcli translate --processes` starts: windows of lines in, their translations out.

The first line of stdin is the order: the settings and how to speak. Each line after it is a window, as [number, text,
flags] of each of its lines. For each window there is a line on stdout: "parts" of the window as [flags, translation] of
each line, and the "error" that ended it, or null. stderr is the parent's.
"""

import dataclasses
import json
import signal
import sys
from typing import Any

from tfcli.cli import console
from tfcli.cli.answers import answer
from tfcli.cli.errors import explain
from tfcli.cli.model import load_translator
from tfcli.cli.records import Record
from tfcli.config.schema import build
from tfcli.settings import Settings


def main() -> None:
    """Answers until stdin ends."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    order = json.loads(sys.stdin.buffer.readline())
    console.mode = console.Mode(quiet=True)  # the parent has said how the model was loaded
    translator = load_translator(build(Settings, order["settings"]), order["prefix"], order["alternatives"])
    console.mode = console.Mode(**order["mode"])
    for line in sys.stdin.buffer:
        window = [Record(number, text, None, tuple(flags)) for number, text, flags in json.loads(line)]
        parts: list[list[Any]] = []
        problem = None
        try:
            for records, results in answer(window, translator, order["keep_going"]):
                rows = zip(records, results, strict=True)
                parts.append([(record.flags, dataclasses.asdict(result)) for record, result in rows])
        except Exception as error:
            told = explain(error)
            problem = {"message": told.message, "hint": told.hint, "exit_code": told.exit_code}
        sys.stdout.buffer.write(json.dumps({"parts": parts, "error": problem}).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
