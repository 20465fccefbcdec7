"""What is to be translated, one record for each line that will come out: TEXT arguments, files, stdin; text or JSON."""

import io
import json
import math
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

from tfcli.cli import console
from tfcli.disk import open_again, open_input
from tfcli.documents.transcoding import SAMPLE, as_utf_8, find_encoding
from tfcli.documents.unpacking import damage_told, unpacked
from tfcli.errors import DataError, UsageError
from tfcli.settings import EncodingErrors
from tfcli.text.lines import Line, decode_argument, guess_encoding, read_lines

InputFormat = Literal["text", "jsonl"]

STDIN = "-"
_DEEPEST = 100


@dataclass(frozen=True, slots=True)
class Record:
    """One line of input.

    number: from 1, over all inputs. fields: the JSON object around the text, None for plain text. flags: what was wrong
    with the input already. size: bytes read for it.
    """

    number: int
    text: str
    fields: dict[str, Any] | None = None
    flags: tuple[str, ...] = ()
    size: int = 0


@dataclass(frozen=True)
class Reader:
    """How lines become records: `format` and, for JSON, the `field` that holds the text; `errors` of the encoding.
    encoding: what the user says it is. keep_going: a line that cannot be used is said to be so and becomes an empty one
    with the flag `error`. again: the files are read more than once."""

    format: InputFormat
    field: str
    errors: EncodingErrors
    keep_going: bool = False
    encoding: str | None = None
    again: bool = False

    def read(self, sources: Sequence[str], arguments: bool) -> Iterator[Record]:
        """Records of TEXT arguments, or of files; "-" is stdin in both. DataError for a line that cannot be used."""
        number = 0
        for source in sources:
            for name, line in _lines(source, arguments, self.encoding, open_again if self.again else open_input):
                number += 1
                try:
                    record = self._record(name, line, number)
                except DataError as error:
                    if not self.keep_going:
                        raise
                    console.warn(error.message)
                    record = Record(number, "", None, ("error",), len(line.text.encode()) + 1)
                yield record

    def _record(self, name: str, line: Line, number: int) -> Record:
        if line.replaced and self.errors == "strict":
            raise _not_utf8(name, line)
        flags = ("encoding",) * bool(line.replaced) + ("cut",) * line.cut
        size = len(line.text.encode()) + 1
        if self.format == "text" or not line.text.strip():
            return Record(number, line.text, None, flags, size)
        fields = _parse(line.text, f"{name}: line {line.number}")
        if not isinstance(fields.get(self.field), str):
            raise DataError(
                f'{name}: line {line.number} has no text in "{self.field}"', "name its field   --field NAME"
            )
        return Record(number, fields[self.field], fields, flags, size)


def _lines(
    source: str, argument: bool, encoding: str | None, opened: Callable[[str, int], BinaryIO]
) -> Iterator[tuple[str, Line]]:
    """Lines of one source, each with the name of where it stands."""
    if argument and source != STDIN:
        text, replaced = decode_argument(source)
        yield "TEXT", Line(1, text, replaced)
        return
    name = "stdin" if source == STDIN else source
    with open_stdin() if source == STDIN else opened(source, SAMPLE) as stream, damage_told(name):
        text = unpacked(name, stream)
        found = encoding or find_encoding(text.peek(SAMPLE)[:SAMPLE], name)
        if found and not encoding:
            console.note(f"{name} is read as {found}")
        yield from ((name, line) for line in read_lines(as_utf_8(text, found) if found else text))


def total_size(files: Sequence[str]) -> int | None:
    """Bytes of these files; None if one is a terminal or a pipe, where lines may come one by one."""
    statuses = [os.fstat(_stdin()) if file == STDIN else os.stat(file) for file in files]
    if all(stat.S_ISREG(status.st_mode) for status in statuses):
        return sum(status.st_size for status in statuses)
    return None


def open_stdin() -> io.BufferedReader:
    """stdin in a buffer of our own: a thread may still be reading when the interpreter closes its one."""
    return open(_stdin(), "rb", SAMPLE, closefd=False)


def _stdin() -> int:
    if sys.stdin is None:
        raise UsageError("stdin is closed", "give the text as an argument, or a file with -i")
    return sys.stdin.fileno()


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        fields = json.loads(text, parse_constant=_refuse, parse_float=_finite)
        _check_depth(fields)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where} is not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise DataError(f"{where} is not a JSON object", 'a line is   {"text": "..."}')
    return fields


def _check_depth(value: Any) -> None:
    """What is nested deeper can be read, but not be written again."""
    level = [value]
    for _ in range(_DEEPEST):
        inner = (item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list))
        if not (level := [item for items in inner for item in items]):
            return
    raise ValueError(f"it is nested more than {_DEEPEST} deep")


def _refuse(constant: str) -> None:
    raise ValueError(f"it has no {constant}")


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise ValueError(f"{number} is too large")
    return value


def _not_utf8(name: str, line: Line) -> DataError:
    if line.byte_offset is None:
        return DataError(f'{name} is not UTF-8: "{line.text}"')
    guess = guess_encoding(line.raw)
    return DataError(
        f"{name}: line {line.number}, byte {line.byte_offset + 1}: not UTF-8 (0x{line.raw[line.byte_offset]:02X})"
        + (f"; looks like {guess}" if guess else ""),
        f"convert it       iconv -f {guess or 'ENCODING'} -t UTF-8 {name}",
    )
