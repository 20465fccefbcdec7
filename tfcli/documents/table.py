"""Tables (.csv, .tsv): the cells of the columns that are named; all others, and how cells are quoted, stay."""

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from tfcli.documents.encoding import Decoded, decode
from tfcli.documents.reading import Reading
from tfcli.documents.segment import Segment, has_text
from tfcli.documents.splice import Slot, Spliced
from tfcli.errors import DataError, UsageError

_DELIMITERS = ",;\t|"
_SHOWN = 12


def open_csv(data: bytes, reading: Reading) -> Spliced:
    decoded = decode(data, reading.name, reading.encoding)
    first = decoded.text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=lambda mark: (first.count(mark), -_DELIMITERS.index(mark)))
    return _open(decoded, reading, list(_read(decoded.text, delimiter, quoted=True, name=reading.name)), delimiter)


def open_tsv(data: bytes, reading: Reading) -> Spliced:
    """Quotes enclose cells where that makes a table of it, and are characters like others where not."""
    decoded = decode(data, reading.name, reading.encoding)
    try:
        rows = list(_read(decoded.text, "\t", quoted=True, name=reading.name))
    except DataError:
        rows = []
    if len({len(row) for row in rows}) != 1:
        rows = list(_read(decoded.text, "\t", quoted=False, name=reading.name))
    return _open(decoded, reading, rows, "\t")


Cell = tuple[int, int]
"""Where a cell begins and ends in the text, with its quotes."""


def _open(decoded: Decoded, reading: Reading, rows: list[list[Cell]], delimiter: str) -> Spliced:
    text = decoded.text
    names = [text[start:end].strip('" \t') for start, end in rows[0]] if rows else []
    if not reading.columns:
        shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
        raise UsageError(
            f"{reading.name} is a table: which column is to be translated?", f"--column NAME, of   {shown}"
        )
    columns = {_find_column(column, names, reading.name) for column in reading.columns}
    has_header = not all(column.isdigit() and column not in names for column in reading.columns)
    slots = []
    for row in rows[has_header:]:
        for column in sorted(columns):
            if column < len(row):
                slots.extend(_cell_slots(text, *row[column], delimiter))
    return Spliced(decoded, slots)


def _find_column(column: str, names: Sequence[str], name: str) -> int:
    if column in names:
        return names.index(column)
    if column.isdigit() and 1 <= int(column) <= max(len(names), 1):
        return int(column) - 1
    raise UsageError(f'{name} has no column "{column}"', f"it has   {', '.join(names[:_SHOWN])}")


def _cell_slots(text: str, start: int, end: int, delimiter: str) -> Iterator[Slot]:
    """A slot for each line of a cell."""
    quoted = text[start:end].startswith('"') and end - start > 1 and text[end - 1] == '"'
    if quoted:
        start, end = start + 1, end - 1
    at = start
    for line in re.split("(?<=\n)", text[start:end]):
        words = line.strip()
        place = at + len(line) - len(line.lstrip())
        at += len(line)
        if has_text(words):
            segment = Segment(words.replace('""', '"') if quoted else words)
            yield Slot(place, place + len(words), segment, _double if quoted else _quoter(delimiter))


def _double(segment: Segment) -> str:
    return segment.text.replace('"', '""')


def _quoter(delimiter: str):
    def write(segment: Segment) -> str:
        text = segment.text
        if delimiter == "\t":
            return text.replace("\t", " ")
        return f'"{_double(segment)}"' if delimiter in text or text.startswith('"') else text

    return write


def _read(text: str, delimiter: str, quoted: bool, name: str) -> Iterator[list[Cell]]:
    """The cells of each row. DataError where the csv module of Python, which reads it too, has another opinion."""
    lines = re.split("(?<=\n)", text)
    starts = [0, *accumulate(map(len, lines))]
    quoting = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    reader = csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=True)
    cell = re.compile(rf'(?:"(?:[^"]|"")*+"|[^{re.escape(delimiter)}\r\n]*)' if quoted else rf"[^{delimiter}\r\n]*")
    done = 0
    try:
        for values in reader:
            start, end = starts[done], starts[reader.line_num]
            done = reader.line_num
            cells: list[Cell] = []
            while len(cells) < len(values):
                match = cell.match(text, start, end)
                cells.append(match.span())
                start = match.end() + 1
            if any(_value(text[a:b], quoted) != value for (a, b), value in zip(cells, values, strict=True)):
                raise DataError(f"{name}: line {done} cannot be read as cells", "is a quote missing?")
            yield cells
    except csv.Error as error:
        raise DataError(f"{name}: line {reader.line_num}: {error}", "is a quote missing, or is it no table?") from None


def _value(raw: str, quoted: bool) -> str:
    if quoted and raw.startswith('"'):
        return raw[1:-1].replace('""', '"')
    return raw
