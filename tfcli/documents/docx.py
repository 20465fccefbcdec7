"""Word documents (.docx), by lxml: the paragraphs of the text, of tables, notes, headers, footers, comments and boxes.

A sentence that Word keeps in many runs is one segment; where its runs look different, marks say so. Files inside of the
document in which no segment changes are copied.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lxml import etree

from tfcli.documents.docx_paragraph import Paragraph, find_paragraphs
from tfcli.documents.reading import Reading
from tfcli.documents.segment import Segment
from tfcli.errors import DataError

_TEXTS = re.compile(r"word/(document\d*|header\d*|footer\d*|footnotes\d*|endnotes\d*|comments\d*)\.xml")
_MOST_XML = 64 * 2**20
_MOST_IN_ALL = 2**30


class Docx:
    """The files of a document, and the paragraphs in them."""

    def __init__(self, data: bytes, archive: zipfile.ZipFile, name: str):
        self._data, self._archive, self._name = data, archive, name
        self._roots: dict[str, etree._Element] = {}
        self._paragraphs: list[tuple[str, Paragraph]] = []
        for member in archive.namelist():
            if _TEXTS.fullmatch(member):
                root = _parse(archive.read(member), f"{name}: {member}")
                self._roots[member] = root
                self._paragraphs += [(member, paragraph) for paragraph in find_paragraphs(root)]
        self.segments = [segment for _, paragraph in self._paragraphs for segment in paragraph.segments]

    def render(self, segments: Sequence[Segment]) -> bytes:
        """The document with these segments in the place of its own, one for each, in order."""
        if list(segments) == self.segments:
            return self._data
        with _damage_told(self._name):
            return Docx(self._data, self._archive, self._name)._rebuild(segments)

    def _rebuild(self, segments: Sequence[Segment]) -> bytes:
        """Changes what has been read, so it can be done but once."""
        changed, at = set(), len(segments)
        # From the last to the first: a paragraph in a box comes after the one the box stands in, and goes with it.
        for member, paragraph in reversed(self._paragraphs):
            own = segments[at - len(paragraph.segments) : at]
            at -= len(own)
            if list(own) != paragraph.segments:
                paragraph.rebuild(own)
                changed.add(member)
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w") as archive:
            for info in self._archive.infolist():
                root = self._roots[info.filename] if info.filename in changed else None
                archive.writestr(_copy(info), self._archive.read(info) if root is None else _to_bytes(root))
        return written.getvalue()


def open_docx(data: bytes, reading: Reading) -> Docx:
    """The document; DataError if it is damaged, encrypted, no Word document, or would grow beyond all measure."""
    with _damage_told(reading.name):
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = archive.infolist()
        if any(info.flag_bits & 1 for info in members):
            raise DataError(f"{reading.name} is encrypted", "save it without a password")
        sizes = [info.file_size for info in members if _TEXTS.fullmatch(info.filename)]
        if not sizes:
            raise DataError(f"{reading.name} is a zip archive, but no Word document")
        if max(sizes) > _MOST_XML or sum(info.file_size for info in members) > _MOST_IN_ALL:
            raise DataError(f"{reading.name} unpacks to more than any Word document", "is it from a source you trust?")
        if len({info.filename for info in members}) < len(members):
            raise DataError(f"{reading.name} has two files of the same name in it")
        return Docx(data, archive, reading.name)


@contextmanager
def _damage_told(name: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, OSError) as error:
        raise DataError(f"{name} is no Word document, or a damaged one: {str(error).rstrip('.')}") from None


def _parse(data: bytes, where: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise DataError(f"{where} is not XML: {error}") from None
    if root.getroottree().docinfo.doctype:
        raise DataError(f"{where} declares entities, which no Word document does", "is it from a source you trust?")
    return root


def _to_bytes(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def _copy(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    copied = zipfile.ZipInfo(info.filename, info.date_time)
    copied.compress_type, copied.external_attr = info.compress_type, info.external_attr
    copied.create_system, copied.comment = info.create_system, info.comment
    return copied
