"""A picture as SVG: rectangles and text, the fonts of the reader's system, nothing to fetch and nothing to run.

Shapes: Q queries, M keys.
"""

import html
import re
from collections.abc import Iterator

from tfcli.attention_maps.attention_map import Array, AttentionMap
from tfcli.attention_maps.ramp import color, ink, parts, to_hex
from tfcli.attention_maps.terminal import fit, show, width_of
from tfcli.attention_maps.view import NAMES, Sheet, View

_CELL, _THUMB = 34, 8  # side of a square, of one in a thumbnail, in pixels
_LETTER, _LINE, _EDGE = 7.5, 22, 12  # width of a column of text, height of a line, margin
_LONGEST = 18
_FONTS = "system-ui, 'Noto Sans CJK SC', 'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', 'DejaVu Sans', sans-serif"
_NOT_XML = re.compile("[\ufffe\uffff]")

Drawing = tuple[list[str], float, float]
"""Elements, and the width and height they take."""


def write_svg(whole: AttentionMap, view: View) -> bytes:
    """A labelled heat map for a single matrix, thumbnails for several. Every rectangle says its number, as a tooltip
    and, in full, as `data-value`."""
    body = [_text(_EDGE, _EDGE + 14, f"{whole.source} → {whole.target}", size=15)]
    width, height = _EDGE * 2 + _LETTER * width_of(show(f"{whole.source} → {whole.target}")) * 1.1, _EDGE + _LINE + 8.0
    for sheet in view.sheets(whole):
        drawing, wide, tall = _labelled(sheet) if sheet.is_single else _grid(sheet)
        body += [f'<g transform="translate({_EDGE} {height:g})">', *drawing, "</g>"]
        width, height = max(width, wide + 2 * _EDGE), height + tall + _EDGE
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
    head += f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="{html.escape(_FONTS)}" font-size="13">'
    paper = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return "\n".join([head, paper, *body, "</svg>\n"]).encode()


def _labelled(sheet: Sheet) -> Drawing:
    ((panel, values_QM),) = sheet.panels()
    queries, keys = [_short(token) for token in sheet.queries], [_short(token) for token in sheet.keys]
    left = _LETTER * max(map(width_of, queries)) + 10
    top = _LINE + _LETTER * max(map(width_of, keys)) + 10
    elements = [_text(0, 14, f"{NAMES[sheet.kind]} · {panel}" + " · scores" * (sheet.stage == "scores"))]
    for j, key in enumerate(keys):
        x = left + _CELL * (j + 0.5) + 5
        elements.append(_text(x, top - 6, key, f' transform="rotate(-90 {x:g} {top - 6:g})"'))
    for i, query in enumerate(queries):
        elements.append(_text(left - 6, top + _CELL * (i + 0.5) + 5, query, ' text-anchor="end"'))
    elements += _cells(sheet, values_QM, left, top, _CELL, labelled=True)
    width = max(left + _CELL * len(keys), _LETTER * 60)
    return elements, width, top + _CELL * len(queries)


def _grid(sheet: Sheet) -> Drawing:
    """Layers below each other, heads side by side."""
    rows, columns = len(sheet.queries), len(sheet.keys)
    wide, tall = max(_THUMB * columns, 150) + _EDGE, _THUMB * rows + _LINE + _EDGE
    elements = [_text(0, 14, NAMES[sheet.kind] + " · scores" * (sheet.stage == "scores"))]
    for n, (panel, values_QM) in enumerate(sheet.panels()):
        x, y = wide * (n % len(sheet.heads)), _LINE + tall * (n // len(sheet.heads))
        elements += [_text(x, y + 14, panel, size=11), *_cells(sheet, values_QM, x, y + _LINE, _THUMB, labelled=False)]
    return elements, wide * len(sheet.heads), _LINE + tall * len(sheet.layers)


def _cells(sheet: Sheet, values_QM: Array, left: float, top: float, side: float, labelled: bool) -> Iterator[str]:
    for i, (query, part_M) in enumerate(zip(sheet.queries, parts(values_QM, sheet.stage), strict=True)):
        for j, (key, part) in enumerate(zip(sheet.keys, part_M, strict=True)):
            x, y, value = left + side * j, top + side * i, values_QM[i, j]
            yield (
                f'<rect x="{x:g}" y="{y:g}" width="{side:g}" height="{side:g}" fill="{to_hex(color(part))}" '
                f'data-value="{value}"><title>{_escape(f"{query} ← {key}")}: {value:.4f}</title></rect>'
            )
            if labelled:
                look = f' text-anchor="middle" pointer-events="none" fill="{to_hex(ink(part))}"'
                number = f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"
                yield _text(x + side / 2, y + side / 2 + 4, number, look, 11)


def _text(x: float, y: float, text: str, attributes: str = "", size: int = 13) -> str:
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}"{attributes}>{_escape(text)}</text>'


def _short(token: str) -> str:
    shown = show(token)
    return shown if width_of(shown) <= _LONGEST else fit(shown, _LONGEST)


def _escape(text: str) -> str:
    return html.escape(_NOT_XML.sub("\ufffd", show(text)))
