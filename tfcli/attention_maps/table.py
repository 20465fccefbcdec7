"""The table: a row for each query, a column for each key, every number in it.

Shapes: Q queries, M keys.
"""

from collections.abc import Iterator, Sequence

from rich.text import Text

from tfcli.attention_maps.attention_map import Array, AttentionMap
from tfcli.attention_maps.ramp import parts
from tfcli.attention_maps.terminal import cell, fit, fold, headline, paint, show, width_of
from tfcli.attention_maps.view import NAMES, Sheet, View

_WIDEST = 16
_AXES = {
    "cross": "rows: target, columns: source",
    "encoder": "rows look at columns: source",
    "decoder": "rows look at columns: target",
}


def write_table(whole: AttentionMap, view: View) -> bytes:
    """One table for each matrix, wide ones folded by blocks of keys; the strongest key of each query is named."""
    lines = [headline(whole)]
    for sheet in view.sheets(whole):
        for title, values_QM in sheet.panels():
            stage = " · scores" * (sheet.stage == "scores")
            lines += [Text(), Text(f"{NAMES[sheet.kind]} · {title}{stage}"), Text(_AXES[sheet.kind])]
            lines += _table(sheet, values_QM, view)
    return paint(lines, view.color)


def _table(sheet: Sheet, values_QM: Array, view: View) -> Iterator[Text]:
    keys, queries = [show(key) for key in sheet.keys], [show(query) for query in sheet.queries]
    numbers = [[_number(value, sheet) for value in row] for row in values_QM]
    digits = max(len(number) for row in numbers for number in row) + 1  # one for the shade
    label = min(max(map(width_of, queries)), _WIDEST)
    best = min(max(map(width_of, [*keys, "strongest"])), _WIDEST)
    widths = [max(min(width_of(key), _WIDEST), digits) for key in keys]
    parts_QM = parts(values_QM, sheet.stage)
    blocks = fold([width + 1 for width in widths], view.width - label - best - 2)
    for block in blocks:
        if len(blocks) > 1:
            yield Text(f"-- keys {block.start + 1} to {block.stop} of {len(keys)}")
        head = [fit(keys[j], widths[j], right=True) for j in block]
        yield Text(" ".join([" " * label, *head, " strongest"]))
        for i, query in enumerate(queries):
            cells = [cell(numbers[i][j].rjust(widths[j] - 1), parts_QM[i, j], view.color) for j in block]
            yield _row(fit(query, label), cells, fit(keys[values_QM[i].argmax()], best))


def _row(label: str, cells: Sequence[Text], best: str) -> Text:
    return Text(" ").join([Text(label), *cells, Text(" " + best)])


def _number(value: float, sheet: Sheet) -> str:
    if sheet.stage == "scores":
        return f"{value:.1f}"
    return "·" if value == 0 and sheet.kind == "decoder" else f"{value:.2f}"  # a masked key gets nothing at all
