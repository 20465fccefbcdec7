"""Bytes of unknown encoding as text, or a refusal in two lines; and back in the encoding they came in."""

import codecs
from dataclasses import dataclass

from tfcli.errors import DataError, NotFoundError, UsageError
from tfcli.text.lines import guess_encoding

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"))
_BOMS += ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))  # after UTF-32-LE, which begins alike

# What a file is that begins so, and is no text.
_BINARY = {
    b"PK\x03\x04": "a zip archive (docx, xlsx, epub, ...)",
    b"%PDF-": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Office file (doc, xls, ppt)",
    b"{\\rtf": "an RTF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!": "a rar archive",
    b"BZh": "a bzip2 file",
    b"\x7fELF": "a program",
    b"SQLite format 3\0": "a database",
}
_LEAST_BYTES = 16
"""Fewer bytes that are not ASCII do not tell an encoding."""
_SAMPLE = 2**18
_CLOSE = 0.05
"""So much more mess than the best guess makes a guess no rival of it."""
_RELATED = {"gb18030": "gb18030", "gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs", "cp950": "big5hkscs"}
"""A larger encoding that holds the smaller one."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file without its byte order mark, `bom`; encoding: as Python calls it."""

    text: str
    encoding: str = "utf-8"
    bom: bytes = b""

    def encode(self, text: str) -> bytes:
        """Text in the encoding of the file, in UTF-8 where that cannot hold it."""
        try:
            return self.bom + text.encode(self.encoding)
        except UnicodeEncodeError:
            return text.encode("utf-8", "replace")


def decode(data: bytes, name: str, encoding: str | None = None, declared: str | None = None) -> Decoded:
    """The text of the file `name`. encoding: what the user says it is; declared: what the file says of itself.

    Without either it is UTF-8, UTF-16 or UTF-32 with a byte order mark, or what charset-normalizer is sure of. Raises
    DataError if it is no text, or none that is known for sure.
    """
    if kind := recognise_binary(data):
        raise DataError(f"{name} is {kind}, not text", "save it as text, or name its kind with   --format")
    bom, marked = find_bom(data)
    if marked and not encoding:
        return _checked(data, name, marked, bom)
    if encoding:
        is_meant = marked.startswith(known_name(encoding))  # utf-16 is the utf-16-le that the mark says
        return _checked(data, name, marked if is_meant and marked else encoding, bom if is_meant else b"")
    try:
        return _checked(data, name, "utf-8")
    except DataError:
        if declared and is_known(declared):
            return _checked(data, name, _RELATED.get(known_name(declared), declared))
        return _checked(data, name, detect(data, name))


def find_bom(data: bytes) -> tuple[bytes, str]:
    """The byte order mark at the beginning, and the encoding it stands for; both empty if there is none."""
    return next(((bom, encoding) for bom, encoding in _BOMS if data.startswith(bom)), (b"", ""))


def recognise_binary(data: bytes) -> str | None:
    """What kind of file this is, if it is none of text."""
    return next((kind for magic, kind in _BINARY.items() if data.startswith(magic)), None)


def detect(data: bytes, name: str) -> str:
    """The encoding of bytes that are not UTF-8. DataError unless charset-normalizer knows one only, or one of those it
    knows is also what everyday Chinese looks like."""
    sample = data[:_SAMPLE]
    matches = list(_load_normalizer(name)(sample[: len(sample) // 4 * 4], cp_exclusion=["utf_7"]))
    rivals = [match for match in matches if match.chaos <= matches[0].chaos + _CLOSE]
    names = [_RELATED.get(match.encoding, match.encoding) for match in rivals]
    everyday = _RELATED.get((guess_encoding(sample) or "").lower())
    if sum(byte > 0x7F or byte == 0 for byte in sample) >= _LEAST_BYTES:
        if everyday in names:
            return everyday
        if len({str(match) for match in rivals}) == 1:
            return names[0]
    guess = f"; it may be {' or '.join(dict.fromkeys(names[:3]))}" if names else ""
    raise DataError(
        f"{name} is not UTF-8, and what it is cannot be told for sure{guess}", "name it   --encoding gb18030"
    )


def _load_normalizer(name: str):
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        raise NotFoundError(
            f"{name} is not UTF-8; finding out what it is needs charset-normalizer",
            "install it with   pip install 'tfcli[documents]', or name it   --encoding gb18030",
        ) from None
    return from_bytes


def known_name(encoding: str) -> str:
    """The name that Python has for an encoding; UsageError if it has none, or if it is none of text."""
    try:
        found = codecs.lookup(encoding)
    except LookupError:
        raise UsageError(f'there is no encoding "{encoding}"', "such as   gb18030, big5, utf-16, shift_jis") from None
    if not found._is_text_encoding:
        raise UsageError(f'"{encoding}" is no encoding of text', "such as   gb18030, big5, utf-16, shift_jis")
    return found.name


def is_known(encoding: str) -> bool:
    try:
        return bool(known_name(encoding))
    except UsageError:
        return False


def _checked(data: bytes, name: str, encoding: str, bom: bytes = b"") -> Decoded:
    """Decoded strictly, and with the certainty that encoding it again gives the same bytes."""
    known = known_name(encoding)
    try:
        text = data[len(bom) :].decode(known)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DataError(
            f"{name}: line {line} is not {encoding} (0x{data[len(bom) + error.start]:02X})",
            "name its encoding   --encoding NAME",
        ) from None
    if "\0" in text:
        raise DataError(f"{name} is no text in {encoding}: it has zero bytes", "name its encoding   --encoding NAME")
    return Decoded(text, known, bom)
