"""The sentences of a challenge set, read from TSV: kind, source, what must be said, and what must not be."""

from dataclasses import dataclass
from pathlib import Path

from tfcli.disk import read_whole
from tfcli.errors import DataError, NotFoundError

_MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class Sentence:
    """kind: names, numbers, ...; wanted: each with the forms that count; unwanted: forms none of which may be said."""

    kind: str
    source: str
    wanted: tuple[tuple[str, ...], ...]
    unwanted: tuple[str, ...] = ()


def read_challenge(path: str) -> list[Sentence]:
    """All sentences of a file, or of the *.tsv of a folder by name.

    A line is kind TAB source TAB wanted [TAB unwanted]: `Zhou Ming & 20 percent off|80 percent of TAB Monday` wants the
    name and one of the two other forms, and no Monday.
    Raises NotFoundError if there is nothing; DataError, with the line, for anything else.
    """
    place = Path(path)
    files = sorted(place.glob("*.tsv")) if place.is_dir() else [place]
    sentences = [sentence for file in files for sentence in _read(file)]
    if not sentences:
        raise DataError(f'there is no challenge sentence at "{path}"')
    return sentences


def _read(path: Path) -> list[Sentence]:
    try:
        text = read_whole(path, _MOST_BYTES).decode("utf-8-sig")
    except FileNotFoundError:
        raise NotFoundError(f'no challenge set at "{path}"') from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start + 1}: not UTF-8") from None
    lines = enumerate(text.split("\n"), 1)
    return [_parse(f"{path}: line {number}", line.removesuffix("\r")) for number, line in lines if line.strip()]


def _parse(where: str, line: str) -> Sentence:
    columns = [column.strip() for column in line.split("\t")]
    if len(columns) not in (3, 4) or not all(columns[:3]):
        raise DataError(
            f"{where} is no challenge sentence",
            "a line is   kind<TAB>source<TAB>wanted & wanted|another form[<TAB>unwanted]",
        )
    kind, source, wanted, *unwanted = columns
    return Sentence(kind, source, tuple(_forms(part) for part in wanted.split(" & ")), _forms(*unwanted))


def _forms(text: str = "") -> tuple[str, ...]:
    return tuple(form.strip() for form in text.split("|") if form.strip())
