"""The compact picture: shades instead of numbers; for several layers and heads, a grid of thumbnails.

Shapes: Q queries, M keys.
"""

from collections.abc import Iterator

from rich.text import Text

from tfcli.attention_maps.attention_map import Array, AttentionMap
from tfcli.attention_maps.ramp import parts
from tfcli.attention_maps.terminal import fit, fold, headline, paint, patch, show, width_of
from tfcli.attention_maps.view import NAMES, Sheet, View

_LABEL = 16
_TALLEST = 8
_CELL = 2
_GAP = 2


def write_heat(whole: AttentionMap, view: View) -> bytes:
    """A heat map of one matrix, keys written downwards; of several, thumbnails without labels."""
    lines = [headline(whole)]
    for sheet in view.sheets(whole):
        title = f"{NAMES[sheet.kind]}" + " · scores" * (sheet.stage == "scores")
        if sheet.is_single:
            ((panel, values_QM),) = sheet.panels()
            lines += [Text(), Text(f"{title} · {panel} · darkest {values_QM.max():.2f}")]
            lines += _heat(sheet, values_QM, view)
        else:
            lines += [Text(), Text(title), *_legend(sheet), *_grid(sheet, view)]
    return paint(lines, view.color)


def _heat(sheet: Sheet, values_QM: Array, view: View) -> Iterator[Text]:
    queries = [show(query) for query in sheet.queries]
    keys = [_letters(key) for key in sheet.keys]
    label = min(max(map(width_of, queries)), _LABEL)
    parts_QM = parts(values_QM, sheet.stage)
    for block in fold([_CELL] * len(keys), view.width - label - 1):
        tallest = max(len(keys[j]) for j in block)
        for row in range(-tallest, 0):
            letters = [keys[j][row] if row >= -len(keys[j]) else "" for j in block]
            yield Text(" " * (label + 1) + "".join(fit(letter, _CELL) for letter in letters))
        for i, query in enumerate(queries):
            patches = [patch(parts_QM[i, j], _CELL, view.color) for j in block]
            yield Text.assemble(fit(query, label) + " ", *patches)


def _letters(token: str) -> list[str]:
    """A token written downwards; marks that take no column stay on the letter before them."""
    letters: list[str] = []
    for char in show(token):
        if letters and not width_of(char):
            letters[-1] += char
        else:
            letters.append(char)
    return letters if len(letters) <= _TALLEST else [*letters[: _TALLEST - 1], "…"]


def _legend(sheet: Sheet) -> Iterator[Text]:
    yield Text("down:   " + " ".join(map(show, sheet.queries)))
    yield Text("across: " + " ".join(map(show, sheet.keys)))


def _grid(sheet: Sheet, view: View) -> Iterator[Text]:
    """Layers below each other, heads side by side as far as there is room."""
    heads = sheet.head_titles()
    width = max(len(sheet.keys), *map(width_of, heads))
    for title, values_HQM in zip(sheet.layer_titles(), sheet.values_LHQM, strict=True):
        yield from (Text(), Text(title))
        for block in fold([width + _GAP] * len(heads), view.width + _GAP):
            yield Text((" " * _GAP).join(fit(heads[j], width) for j in block))
            pictures = [parts(values_HQM[j], sheet.stage) for j in block]
            for row in zip(*pictures, strict=True):
                yield Text(" " * _GAP).join(_strip(part_M, width, view.color) for part_M in row)


def _strip(part_M: Array, width: int, color: bool) -> Text:
    return Text.assemble(*(patch(part, 1, color) for part in part_M), " " * (width - len(part_M)))
