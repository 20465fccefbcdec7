"""How a translated line is written: as text, as a JSON object, or as a row of a TSV.

alternatives: so many translations of each line were asked for; if more than one, each stands there with its score.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from tfcli.cli.records import Record
from tfcli.decoding.translation import FLAGS, Flag, Translation
from tfcli.text.lines import one_line
from tfcli.text.sanitize import safe_cell

OutputFormat = Literal["text", "jsonl", "tsv"]
ASIDE = "input_"
"""What is put before the name of a field of the input that is called like one of ours."""
Render = Callable[..., str]
"""(record, translation, alternatives=1) -> what is written."""


def flags(record: Record, result: Translation) -> list[Flag]:
    """What a reader should know about a line: how it was read, and how it was translated."""
    return [flag for flag in FLAGS if flag in record.flags or flag in result.flags]


def text(record: Record, result: Translation, alternatives: int = 1) -> str:
    """The translation; with others, which are indented, for somebody who reads them."""
    if alternatives == 1:
        return one_line(result.translation)
    lines = (f"{one_line(other.translation)} ({other.score:.2f})" for other in result.alternatives)
    return "\n    ".join(lines) or one_line(result.translation)


def jsonl(record: Record, result: Translation, alternatives: int = 1) -> str:
    """What came in with the text goes out again beside the translation; see `set_aside`."""
    ours = {
        "source": record.text,
        "translation": result.translation,
        "score": round(result.score, 4),
        "confidence": None if result.confidence is None else round(result.confidence, 4),
        "source_tokens": result.source_tokens,
        "target_tokens": result.target_tokens,
        "flags": flags(record, result),
    }
    if alternatives > 1:
        ours["alternatives"] = [
            {"translation": other.translation, "score": round(other.score, 4)} for other in result.alternatives
        ]
    values = {"id": record.number - 1, **set_aside(record.fields or {}, ours), **ours}
    # Some readers of JSON lines end a line at these; JSON allows them in strings only, and escaped just as well.
    return re.sub("[\x7f-\x9f\u2028\u2029\ud800-\udfff]", _escape, json.dumps(values, ensure_ascii=False))


def set_aside(fields: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the input, those that are called like one of ours under another name, unless they say the same."""
    kept: dict[str, Any] = {}
    for name, value in fields.items():
        if name in ours and value != ours[name]:
            name = ASIDE + name
            while name in fields or name in kept:
                name = ASIDE + name
        kept[name] = value
    return kept


def tsv(record: Record, result: Translation, alternatives: int = 1) -> str:
    """Source, translation, score, confidence, flags; for each further alternative that was asked for two columns more,
    empty if there is none."""
    confidence = "" if result.confidence is None else f"{result.confidence:.4f}"
    row = [record.text, result.translation, f"{result.score:.4f}", confidence, ",".join(flags(record, result))]
    for other in result.alternatives[1:]:
        row += [other.translation, f"{other.score:.4f}"]
    row += [""] * (3 + 2 * alternatives - len(row))
    return "\t".join(one_line(safe_cell(cell)) for cell in row)


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


FORMATS: dict[OutputFormat, Render] = {"text": text, "jsonl": jsonl, "tsv": tsv}
