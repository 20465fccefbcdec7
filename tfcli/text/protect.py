"""Spans a translation must not touch: masked by one private-use character each, checked and put back afterwards.

The tokenizer gives each of the eight sentinels U+E000 to U+E007 a reserved id, so a model learns to copy them. Typing
one must not reach that id: a typed sentinel is itself a protected span, or U+FFFD once all eight are used.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

from tfcli.config import PLACEHOLDERS as SENTINELS

Kind = Literal["url", "email", "placeholder", "tag", "number"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# Each is linear on hostile text: a match can only begin where a run of its characters begins.
_URL_CHARS = r"[A-Za-z0-9\-._~:/?#@!$&'*+,;=%]"
_PATTERNS: dict[Kind, str] = {
    # Ends at the first wide character, quote, bracket (pairs of parentheses may be inside) or closing punctuation.
    "url": rf"(?<![A-Za-z0-9])(?i:https?://|ftp://|www\.)(?:{_URL_CHARS}|\({_URL_CHARS}*\))+(?<![.,;:!?'])",
    "email": r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]+@(?:[A-Za-z0-9\-]+\.)+[A-Za-z]{2,}",
    # {{ name }}  {name}  {0.x:.2f}  ${VAR}  %s  %(name)s  %1$s  %5.2f
    "placeholder": r"\{\{ ?[A-Za-z0-9_.\-]+ ?\}\}|\$?\{[A-Za-z0-9_.:!\-\[\]]*\}"
    r"|%(?:\([A-Za-z0-9_]+\)|[0-9]+\$)?[-+#]?[0-9]*(?:\.[0-9]+)?[sdifgxXcru](?![A-Za-z0-9])",
    # Attributes need their "=", or "x<y and y>z" would be a tag.
    "tag": r"""</?[A-Za-z][\w:.\-]*(?:\s+[\w:.\-]+=(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+))*\s*/?>""",
    # Four digits or more; 5000万 is another number in another language.
    "number": r"(?<![0-9.])(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{4,})(?:\.[0-9]+)?(?![0-9]|\s*[百千万萬亿億])",
}


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


def protect(text: str, kinds: Collection[Kind] = ("url", "email", "placeholder")) -> Protected:
    """Mask the spans of these kinds, and sentinels that stand in the text already; the ninth and later ones stay."""
    pattern = "|".join([f"[{SENTINELS}]", *(_PATTERNS[kind] for kind in KINDS if kind in kinds)])
    spans: list[str] = []

    def mask(match: re.Match[str]) -> str:
        if len(spans) == len(SENTINELS):
            return re.sub(f"[{SENTINELS}]", "\ufffd", match[0])
        spans.append(match[0])
        return SENTINELS[len(spans) - 1]

    masked = re.sub(pattern, mask, text)
    return Protected(masked, tuple(spans))
