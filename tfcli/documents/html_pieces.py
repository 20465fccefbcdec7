"""HTML cut into its tags and the text between them, in one pass and without a character lost.

Parsers that build a tree forget where a tag stood and how it was spelled. The one in Python's library does not, but
takes the square of the time on a text of openings that never end. The rules here are those of the HTML standard's
tokenizer: what is opened and never ended goes on to the end of the file.
"""

import re

from tfcli.documents.peeling import Piece

_START = re.compile(r"<(?=[A-Za-z/!?])")
_TAG = re.compile(r"""<(/?)([A-Za-z][^\s/>]*+)((?>[^>"']+|"[^"]*+"|'[^']*+'|["'])*+)>""")
_NO_TRANSLATION = re.compile(r"""\stranslate\s*=\s*["']?no\b|\sclass\s*=\s*["']?[^"'>]*\bnotranslate\b""", re.I)
_RAW = {"script", "style", "xmp", "iframe", "noembed", "noframes", "textarea", "title"}
"""Elements that hold no tags."""

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


def read_pieces(text: str) -> list[Piece]:
    """The pieces, from the first character to the last."""
    pieces: list[Piece] = []
    at = 0
    while at < len(text):
        piece = _read_piece(text, at)
        if piece.kind == "text" and pieces and pieces[-1].kind == "text":
            piece = pieces.pop()._replace(end=piece.end)
        pieces.append(piece)
        at = piece.end
        if piece.kind == "open" and piece.name in _RAW:
            closing = re.compile(rf"</{piece.name}(?=[\s/>])", re.I).search(text, at)
            end = closing.start() if closing else len(text)
            if end > at:
                pieces.append(Piece("text", at, end))
            at = end
    return pieces


def _read_piece(text: str, at: int) -> Piece:
    if text[at] != "<" or not _START.match(text, at):
        following = _START.search(text, at + 1)
        return Piece("text", at, following.start() if following else len(text))
    if text.startswith("<!--", at):
        return Piece("comment", at, _after(text, "-->", at + 2))
    if text[at + 1] in "!?" or not (text[at + 1].isalpha() or text[at + 2 : at + 3].isalpha()):
        return Piece("comment", at, _after(text, ">", at))
    tag = _TAG.match(text, at)
    if not tag:
        return Piece("comment", at, len(text))
    name = tag[2].lower()
    kind = "close" if tag[1] else "void" if name in VOID or tag[3].endswith("/") else "open"
    return Piece(kind, at, tag.end(), name, kind == "open" and bool(_NO_TRANSLATION.search(tag[3])))


def _after(text: str, ending: str, at: int) -> int:
    found = text.find(ending, at)
    return found + len(ending) if found >= 0 else len(text)
