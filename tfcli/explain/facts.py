"""What a page shows: numbers, vectors, tables, and the code they come from."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import tfcli
from tfcli.attention_maps.terminal import fit, show, width_of

_NUMBERS, _COLUMNS, _LABEL = 5, 8, 10
"""Of a long vector, of a wide matrix, of a long token so much is shown."""

Cell = str | int | float | list[float]
Code = type | Callable[..., object]


@dataclass(frozen=True)
class Table:
    """Rows of cells. A page names the columns it shows, as in {table:token|id}, with none of the others."""

    rows: Sequence[Sequence[Cell]]

    def __format__(self, headings: str) -> str:
        names = headings.split("|")
        right = [isinstance(cell, int | float) for cell in self.rows[0]]
        return _align([names, *([_show(cell) for cell in row[: len(names)]] for row in self.rows)], right)


@dataclass(frozen=True)
class Matrix:
    """Numbers between queries and keys; None: not there."""

    queries: Sequence[str]
    keys: Sequence[str]
    values: Sequence[Sequence[float | None]]

    def __format__(self, decimals: str) -> str:
        more = ["…"] * (len(self.keys) > _COLUMNS)
        rows = [["", *map(_label, self.keys[:_COLUMNS]), *more]]
        for query, row in zip(self.queries, self.values, strict=True):
            shown = ["·" if value is None else f"{value:.{decimals}f}" for value in row[:_COLUMNS]]
            rows.append([_label(query), *shown, *more])
        return _align(rows, [False, *[True] * (len(rows[0]) - 1)])


@dataclass(frozen=True)
class Facts:
    """numbers: by the names under which a page's text asks for them. code: what implements the idea."""

    numbers: dict[str, Cell | Table | Matrix]
    code: Sequence[Code]


def write_numbers(text: str, numbers: dict[str, Cell | Table | Matrix]) -> str:
    """The text with every {name} in it filled."""
    return text.format(**{name: _show(x) if isinstance(x, str | list) else x for name, x in numbers.items()})


def place_of(code: Code) -> tuple[str, str, int]:
    """(name, file, line) of a class or function of this project."""
    code = inspect.unwrap(code)
    file = Path(inspect.getsourcefile(code)).relative_to(Path(tfcli.__file__).parent.parent)
    return code.__qualname__, file.as_posix(), inspect.getsourcelines(code)[1]


def vector(numbers: Sequence[float]) -> str:
    """The first numbers of a vector."""
    more = " …" * (len(numbers) > _NUMBERS)
    return f"[{' '.join(f'{number:6.3f}' for number in numbers[:_NUMBERS])}{more}]"


def _show(cell: Cell) -> str:
    if isinstance(cell, list):
        return vector(cell)
    if isinstance(cell, float):
        return f"{cell:.3f}" if abs(cell) < 10 else f"{cell:,.1f}"
    return show(cell) if isinstance(cell, str) else f"{cell:,}"


def _label(token: str) -> str:
    text = show(token)
    return fit(text, _LABEL) if width_of(text) > _LABEL else text


def _align(rows: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    """Lines with straight columns, Chinese at its true width; right: the columns of numbers."""
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(fit, row, widths, right)).rstrip() for row in rows)
