"""Maps as text for other programs: tsv, long, json, pharaoh. Layers and heads count from 1, tokens from 0.

Numbers are written with as many digits as a float32 needs to be read back exactly.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfcli.attention_maps.alignment import links, to_pharaoh
from tfcli.attention_maps.attention_map import Array, AttentionMap
from tfcli.attention_maps.view import Sheet, View
from tfcli.errors import UsageError
from tfcli.text.sanitize import safe_cell

SCHEMA = "tfcli.attention/1"

_END = "</s>"
_FORMULA = tuple("'=+-@＝＋－＠")
_LONG = ("layer", "head", "target_i", "target", "source_j", "source", "weight", "kind")


def table_cell(token: str) -> str:
    """A token for a cell of a table: tab, newline and backslash escaped, and an apostrophe before whatever a
    spreadsheet would take for a formula, and before an apostrophe, so that one apostrophe at the start says nothing."""
    cell = safe_cell(token)
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def write_tsv(whole: AttentionMap, view: View) -> bytes:
    """One matrix: a header of keys, then a row for each query."""
    sheet = view.sheet(whole)
    ((_, values_QM),) = sheet.panels()
    rows = [["", *map(table_cell, sheet.keys)]]
    rows += [[table_cell(query), *map(str, values)] for query, values in zip(sheet.queries, values_QM, strict=True)]
    return _lines(rows)


def write_long(whole: AttentionMap, view: View) -> bytes:
    """One row for each number. In self-attention, "target" is the token that looks, "source" the one looked at."""
    rows = [list(_LONG)]
    for sheet in view.sheets(whole):
        queries, keys = list(map(table_cell, sheet.queries)), list(map(table_cell, sheet.keys))
        for (layer, head, i, j), value in np.ndenumerate(sheet.values_LHQM):
            rows.append(
                [sheet.layers[layer], sheet.heads[head], str(i), queries[i], str(j), keys[j], str(value), sheet.kind]
            )
    return _lines(rows)


def write_json(whole: AttentionMap, view: View) -> bytes:
    """Everything that was asked for, without loss."""
    return json.dumps(document(whole, view.sheets(whole)), ensure_ascii=False, allow_nan=False).encode() + b"\n"


def document(whole: AttentionMap, sheets: list[Sheet]) -> dict[str, Any]:
    """A map in the schema tfcli.attention/1. alignment: links [source token, target token], read where the model
    aligns best; null without cross-attention."""
    return {
        "schema": SCHEMA,
        "model": whole.model,
        "source_language": whole.languages[0],
        "target_language": whole.languages[1],
        "source": whole.source,
        "target": whole.target,
        "score": numbers(np.float32(whole.score)),
        "source_tokens": whole.source_tokens,
        "target_tokens": whole.target_tokens,
        "target_logprobs": numbers(whole.logprobs_T),
        "alignment": default_links(whole),
        "maps": [
            {
                "kind": sheet.kind,
                "stage": sheet.stage,
                "queries": sheet.queries,
                "keys": sheet.keys,
                "layers": [_name(layer) for layer in sheet.layers],
                "heads": [_name(head) for head in sheet.heads],
                "values": numbers(sheet.values_LHQM),
            }
            for sheet in sheets
        ],
    }


def write_pharaoh(whole: AttentionMap, view: View) -> bytes:
    """Links between source and target tokens on one line: read where the model aligns best, unless the view names a
    layer or a head."""
    return pharaoh_line([whole], view)


def pharaoh_line(parts: Sequence[AttentionMap], view: View) -> bytes:
    """Links of a text that was translated in parts; tokens are counted on from part to part."""
    if view.kind != "cross" or view.stage != "weights":
        raise UsageError("links come from the weights of cross-attention", "leave out --kind and --stage")
    found, sources, targets = [], 0, 0
    for part in parts:
        weights_TS = part.alignment_TS
        if weights_TS is None or view.layer or view.head:
            ((_, weights_TS),) = view.sheet(part).panels()
        own = links(weights_TS, part.source_tokens, part.target_tokens, view.threshold)
        found += [(source + sources, target + targets) for source, target in own]
        sources += sum(token != _END for token in part.source_tokens)
        targets += sum(token != _END for token in part.target_tokens)
    return to_pharaoh(found).encode() + b"\n"


def default_links(whole: AttentionMap) -> list[tuple[int, int]] | None:
    """The links where the model aligns best; None without cross-attention."""
    if whole.alignment_TS is None:
        return None
    return links(whole.alignment_TS, whole.source_tokens, whole.target_tokens)


def numbers(values: Array) -> Any:
    """float32 numbers as nested lists of Python's, each with the fewest digits that are read back as the same float32;
    plain `tolist` would print the digits of a float64."""
    return np.array([float(str(value)) for value in values.ravel()]).reshape(values.shape).tolist()


def _name(name: str) -> int | str:
    return int(name) if name.isdecimal() else name


def _lines(rows: list[list[str]]) -> bytes:
    return "".join("\t".join(row) + "\n" for row in rows).encode()
