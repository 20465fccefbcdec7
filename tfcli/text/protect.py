"""Spans a translation must not touch: found in a text, masked while the model reads it, put back afterwards.

A whole text is marked first, one private character for each span, so that sentences can be cut without cutting a span.
Of each sentence the model reads, up to eight marks become sentinels, U+E000 to U+E007: the tokenizer gives each of them
a reserved id, so a model learns to copy them. Typing such a character must not reach that id: a typed one is itself a
span, or U+FFFD once all eight are used.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from tfcli.config import PLACEHOLDERS as SENTINELS

Kind = Literal["url", "email", "tag", "placeholder", "code", "time", "emoji"]

# Each is linear on hostile text: a match can only begin where a run of its characters begins.
_URL_CHARS = r"[A-Za-z0-9\-._~:/?#@!$&'*+,;=%]"
_TIME = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?[.,][0-9]{2,3}(?![0-9])"
_EMOJI = (
    "(?:[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3|[\u231a-\u23ff\u2600-\u27bf\u2b05-\u2b55\U0001f000-\U0001faff])"
)
PATTERNS: dict[Kind, str] = {
    # Ends at the first wide character, quote, bracket (pairs of parentheses may be inside) or closing punctuation.
    "url": rf"(?<![A-Za-z0-9])(?i:https?://|ftp://|www\.)(?:{_URL_CHARS}|\({_URL_CHARS}*\))+(?<![.,;:!?'])",
    "email": r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]+@(?:[A-Za-z0-9\-]+\.)+[A-Za-z]{2,}",
    # Attributes need their "=", or "x<y and y>z" would be a tag.
    "tag": r"""</?[A-Za-z][\w:.\-]*(?:\s+[\w:.\-]+=(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+))*\s*/?>""",
    # {{ name }}  {name}  {0.x:.2f}  ${VAR}  %s  %(name)s  %1$s  %5.2f
    "placeholder": r"\{\{ ?[A-Za-z0-9_.\-]+ ?\}\}|\$?\{[A-Za-z0-9_.:!\-\[\]]*\}"
    r"|%(?:\([A-Za-z0-9_]+\)|[0-9]+\$)?[-+#]?[0-9]*(?:\.[0-9]+)?[sdifgxXcru](?![A-Za-z0-9])",
    # `code`, and the line that opens or closes a block of it
    "code": r"\A\s*(?:```|~~~).*|(?<!`)`[^`\n]+`(?!`)",
    # 00:00:01,000 --> 00:00:03,500
    "time": rf"(?<![0-9:.,]){_TIME}(?:\s*-->\s*{_TIME})?",
    "emoji": rf"{_EMOJI}(?:[\ufe0f\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]|{_EMOJI})*",
}
_FIRST_MARK, _MOST_MARKS = 0xF0000, 0xFFFD
_PRIVATE = f"[{SENTINELS}\U000f0000-\U000fffff]"
_MARK = re.compile("[\U000f0000-\U000fffff]")
_EDGES: frozenset[Kind] = frozenset({"tag", "time", "emoji", "code"})
"""At an end of a sentence these say nothing about the rest of it."""


class Span(NamedTuple):
    """What a mark stands for; a character that was typed and looks like a mark has no kind."""

    text: str
    kind: Kind | None

    @property
    def is_opening(self) -> bool:
        """Whether it is a tag that another one closes later."""
        return self.kind == "tag" and not re.match(r"</|<(?:br|hr|img|input|wbr)\b|.*/>\Z", self.text, re.I | re.S)

    @property
    def is_closing(self) -> bool:
        """Whether it is a tag that closes an earlier one."""
        return self.kind == "tag" and self.text.startswith("</")


@dataclass(frozen=True, slots=True)
class Protected:
    """A masked text. spans: what stands behind the first, second, ... sentinel, in the order of the text; at most 8."""

    text: str
    spans: tuple[str, ...]

    def restore(self, translation: str) -> tuple[str, bool]:
        """The translation with the spans put back, and whether every sentinel was there once and no other was.

        Of a sentinel that appears twice the first is used; the rest, and those that stand for nothing, are dropped.
        """
        left = dict(zip(SENTINELS, self.spans, strict=False))
        found = re.findall(f"[{SENTINELS}]", translation)
        text = re.sub(f"[{SENTINELS}]", lambda match: left.pop(match[0], ""), translation)
        return text, sorted(found) == list(SENTINELS[: len(self.spans)])


@dataclass(frozen=True, slots=True)
class Marked:
    """A text with a mark in place of each span. Its pieces may be handled by themselves: a mark is one character."""

    text: str
    spans: tuple[Span, ...]

    @property
    def rest(self) -> str:
        """The text without its spans."""
        return self.without_spans(self.text)

    def plain(self, piece: str) -> str:
        """A piece of the text with its spans in plain sight."""
        return _MARK.sub(lambda match: self._span(match[0]).text, piece)

    def spans_of(self, piece: str) -> list[Span]:
        """The spans of a piece, in its order."""
        return [self._span(mark) for mark in _MARK.findall(piece)]

    def without_spans(self, piece: str) -> str:
        """The rest of a piece, a space in place of each span."""
        return _MARK.sub(" ", piece)

    def protect(self, piece: str, others: Sequence[tuple[int, int, str]] = ()) -> Protected:
        """A piece as the model reads it: the spans behind sentinels, also those of `others`, each (start and end in the
        piece, what is to stand in the translation). The ninth and later ones stay in plain sight."""
        spans: list[str] = []
        text, at = "", 0
        marks = [(match.start(), match.end(), self._span(match[0]).text) for match in _MARK.finditer(piece)]
        for start, end, span in sorted([*marks, *others]):
            plain = self.plain(piece[start:end])
            if len(spans) == len(SENTINELS):
                masked = re.sub(_PRIVATE, "\ufffd", plain)
            else:
                masked = SENTINELS[len(spans)]
                spans.append(span)
            text, at = text + piece[at:start] + masked, end
        return Protected(text + piece[at:], tuple(spans))

    def edges(self, piece: str) -> tuple[str, str, str]:
        """What stands before the sentence of a piece, the sentence, what stands behind it: spans that say nothing about
        the rest, with the white space around them. An empty sentence has all of it in front."""

        def is_edge(char: str) -> bool:
            return char.isspace() or (bool(_MARK.match(char)) and self._span(char).kind in _EDGES)

        start, end = 0, len(piece)
        while start < end and is_edge(piece[start]):
            start += 1
        while end > start and is_edge(piece[end - 1]):
            end -= 1
        return piece[:start], piece[start:end], piece[end:]

    def closing(self, edge: str) -> str:
        """The beginning of an edge that belongs to the sentence before it: emoji and closing tags, without a space."""
        end = 0
        while end < len(edge) and self.is_mark(edge[end]) and self._belongs_before(edge[end]):
            end += 1
        return edge[:end]

    def _belongs_before(self, mark: str) -> bool:
        return self._span(mark).is_closing or self._span(mark).kind == "emoji"

    def around(self, piece: str) -> list[str]:
        """A piece cut into its marks and the parts between them."""
        return [part for part in re.split(f"({_MARK.pattern})", piece) if part]

    def is_mark(self, piece: str) -> bool:
        return _MARK.fullmatch(piece) is not None

    def _span(self, mark: str) -> Span:
        return self.spans[ord(mark) - _FIRST_MARK]


def mark(text: str, kinds: Collection[str]) -> Marked:
    """Mark the spans of these kinds, and private characters that stand in the text already."""
    names: list[Kind] = [kind for kind in PATTERNS if kind in kinds]
    pattern = "|".join([f"(?P<typed>{_PRIVATE})", *(f"(?P<{kind}>{PATTERNS[kind]})" for kind in names)])
    spans: list[Span] = []

    def give(match: re.Match[str]) -> str:
        if len(spans) == _MOST_MARKS:
            return re.sub(_PRIVATE, "\ufffd", match[0])
        spans.append(Span(match[0], next((kind for kind in names if match[kind] is not None), None)))
        return chr(_FIRST_MARK + len(spans) - 1)

    return Marked(re.sub(pattern, give, text), tuple(spans))


def keeps_tags(source: Sequence[Span], translation: str) -> bool:
    """Whether the tags of a translation open and close in order, if those of its source do."""
    tags = [span.text for span in source if span.kind == "tag"]
    return not _is_nested(tags) or _is_nested(re.findall(PATTERNS["tag"], translation))


def _is_nested(tags: Sequence[str]) -> bool:
    opened: list[str] = []
    for tag in tags:
        name = re.match(r"</?([\w:.\-]+)", tag)[1]
        if tag.startswith("</"):
            if not opened or opened.pop() != name:
                return False
        elif not tag.endswith("/>"):
            opened.append(name)
    return not opened
