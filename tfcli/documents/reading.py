"""What a format needs to know besides the bytes of a file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """name: of the file, for messages. encoding: what the user says it is. columns: of a table, by name or number
    from 1."""

    name: str
    encoding: str | None = None
    columns: tuple[str, ...] = ()
