"""Documents as segments with marks, one file for each kind: bytes -> segments -> bytes. No model in here.

What is not translated stays as it is: a document whose segments are unchanged is the same document.
"""

import importlib
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Literal, Protocol

from tfcli.documents.reading import Reading
from tfcli.documents.segment import Segment
from tfcli.errors import NotFoundError

DocumentFormat = Literal["srt", "vtt", "ass", "md", "html", "docx", "po", "csv", "tsv", "paragraphs", "text"]


class Document(Protocol):
    """An open document. segments: what to translate in it, in order."""

    segments: list[Segment]

    def render(self, segments: Sequence[Segment]) -> bytes:
        """The document with these segments in the place of its own, one for each; it can be rendered again."""


Open = Callable[[bytes, Reading], Document]
"""The document in the bytes of a file; DataError, which names the file, if there is none of this kind in them."""

FORMATS: dict[DocumentFormat, str] = {
    "srt": "subtitles.open_srt",
    "vtt": "subtitles.open_vtt",
    "ass": "subtitles.open_ass",
    "md": "markdown.open_markdown",
    "html": "html.open_html",
    "docx": "docx.open_docx",
    "po": "po.open_po",
    "csv": "table.open_csv",
    "tsv": "table.open_tsv",
    "paragraphs": "plain.open_paragraphs",
    "text": "plain.open_lines",
}
"""The function that opens a document of each kind; its module is imported when it is needed."""

_EXTENSIONS: dict[str, DocumentFormat] = {
    **{f".{name}": name for name in ("srt", "vtt", "ass", "md", "html", "docx", "po", "csv", "tsv")},
    **{".ssa": "ass", ".markdown": "md", ".htm": "html", ".xhtml": "html", ".pot": "po"},
}
_PACKED = {".gz", ".xz", ".zst"}


def find_format(name: str) -> DocumentFormat | None:
    """The kind of document that a file of this name is, also with .gz, .xz or .zst behind; None for plain text."""
    path = PurePath(name)
    if path.suffix.lower() in _PACKED:
        path = path.with_suffix("")
    return _EXTENSIONS.get(path.suffix.lower())


def open_document(format: DocumentFormat, data: bytes, reading: Reading) -> Document:
    """The document; NotFoundError if a library is not installed that this kind needs."""
    module, _, function = FORMATS[format].partition(".")
    try:
        opener: Open = getattr(importlib.import_module(f"tfcli.documents.{module}"), function)
    except ImportError as error:
        raise NotFoundError(
            f"{reading.name}: reading {format} needs {error.name}", "install it with   pip install 'tfcli[documents]'"
        ) from None
    return opener(data, reading)
