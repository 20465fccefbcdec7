"""What may reach a terminal or a table cell: text of users, models, file names and servers comes through here.

A terminal obeys escape sequences (clipboard, title, cursor reports), and bidirectional controls make text look like
something else; console libraries let both pass. For HTML, `html.escape` is all that is needed.
"""

import re
from unicodedata import category
from urllib.parse import quote

_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"  # some scripts and emoji need them
# The flag of a region is a black flag spelled out in tag characters; anywhere else these hide text and are shown.
_PIECE = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f|.", re.DOTALL)
_TOKEN = re.compile(r"hf_(?:oauth|jwt)_[\w.~+/=-]{8,}|(?:hf|api_org)_[A-Za-z0-9]{8,}")
_SHORTEST_SECRET = 4
_secrets: set[str] = set()

_CELL_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_CELL_TABLE = str.maketrans(_CELL_ESCAPES)
_CELL_ORIGINALS = {escape: char for char, escape in _CELL_ESCAPES.items()}


def safe_tty(text: str, keep_newlines: bool = False) -> str:
    """`text` with everything that a terminal obeys or hides written out: `\\x1b`, `\\u202e`, `\\U000e0001`.

    Written out are control characters except the tab (and the newline on request), lone surrogates, line and paragraph
    separators, and format characters except joiners and region flags. For eyes only: a backslash of the text stays as
    it is, so the result cannot be turned back.
    """
    if text.isprintable():
        return text
    kept = _JOINERS + ("\t\n" if keep_newlines else "\t")
    return "".join(
        piece if len(piece) > 1 or piece in kept or category(piece) not in _HIDDEN else _written_out(piece)
        for piece in _PIECE.findall(text)
    )


def hide(secret: str) -> None:
    """From now on `redact` makes this unreadable, whatever it looks like, unless it is so short that words hold it."""
    if len(secret) >= _SHORTEST_SECRET:
        _secrets.update((secret, quote(secret.encode("utf-8", "surrogatepass"), safe="")))


def redact(text: str) -> str:
    """Access tokens of the Hugging Face Hub made unreadable: a server may send back what it was sent."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return _TOKEN.sub("hf_***", text)


def safe_cell(text: str) -> str:
    """`text` for one cell of a TSV: backslash, tab, newline and carriage return become `\\\\ \\t \\n \\r`.

    Nothing else changes, so `parse_cell(safe_cell(text)) == text` for every text.
    """
    return text.translate(_CELL_TABLE)


def parse_cell(cell: str) -> str:
    """The text that `safe_cell` wrote. A backslash that begins none of its escapes stays."""
    return re.sub(r"\\[\\tnr]", lambda match: _CELL_ORIGINALS[match[0]], cell)


def _written_out(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
