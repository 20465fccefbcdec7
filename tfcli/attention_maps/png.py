"""A picture as PNG, drawn by matplotlib, in an installed font that has the characters."""

import io
import re
import typing
from collections.abc import Iterable

from tfcli.attention_maps.attention_map import Array, AttentionMap
from tfcli.attention_maps.ramp import color, ink, parts, to_hex
from tfcli.attention_maps.terminal import show
from tfcli.attention_maps.view import NAMES, Sheet, View
from tfcli.errors import NotFoundError

if typing.TYPE_CHECKING:
    from matplotlib.axes import Axes

DPI = 150
_CELL, _THUMB = 0.42, 0.1  # inches
_MARGIN = 1.6
_PLAIN = "DejaVu Sans"
"""It comes with matplotlib: Latin, Greek, Cyrillic, signs, but no Chinese."""

_CHINESE = (
    *("Noto Sans CJK SC", "Noto Sans SC", "Noto Sans CJK JP", "Source Han Sans SC", "WenQuanYi Micro Hei"),
    *("WenQuanYi Zen Hei", "PingFang SC", "Hiragino Sans GB", "Heiti TC", "Microsoft YaHei", "SimHei", "SimSun"),
    *("AR PL UMing CN", "Droid Sans Fallback", "Arial Unicode MS", "Unifont"),
)


def write_png(whole: AttentionMap, view: View) -> bytes:
    """A labelled heat map for a single matrix, thumbnails for several. NotFoundError without matplotlib, or without a
    font for the text."""
    try:
        import matplotlib
    except ImportError:
        raise NotFoundError("PNG pictures need matplotlib", "install it with   pip install 'tfcli[plot]'") from None
    from matplotlib.figure import Figure

    sheets = view.sheets(whole)
    title = f"{show(whole.source)} → {show(whole.target)}"
    tokens = {show(token) for sheet in sheets for token in (*sheet.queries, *sheet.keys)}
    fonts, missing = find_fonts("".join([title, *tokens]))
    with matplotlib.rc_context({"font.family": fonts, "text.usetex": False, "text.parse_math": False}):
        sizes = [_size(sheet) for sheet in sheets]
        height = sum(height for _, height in sizes)
        figure = Figure(figsize=(max(width for width, _ in sizes), height + 0.4), dpi=DPI, layout="constrained")
        figure.suptitle(_write_out(title, missing), fontsize=11)
        rows = figure.subfigures(len(sheets), 1, squeeze=False, height_ratios=[height for _, height in sizes])
        for row, sheet in zip(rows[:, 0], sheets, strict=True):
            row.suptitle(f"{NAMES[sheet.kind]}" + " · scores" * (sheet.stage == "scores"), fontsize=9)
            axes = row.subplots(len(sheet.layers), len(sheet.heads), squeeze=False)
            for one, panel in zip(axes.flat, sheet.panels(), strict=True):
                _draw(one, sheet, panel, missing)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", bbox_inches="tight")
    return buffer.getvalue()


def find_fonts(text: str) -> tuple[list[str], set[str]]:
    """Font families for `text`, tried in order for each character, and the characters none of them has.

    Raises NotFoundError if these are more than signs and emoji: a picture of empty boxes would tell nothing.
    """
    from matplotlib.font_manager import fontManager

    missing = set(text) - _characters(_PLAIN)
    if not missing:
        return [_PLAIN], set()
    installed = {font.name for font in fontManager.ttflist}
    having = {name: missing & _characters(name) for name in _CHINESE if name in installed}
    best = max(having, key=lambda name: len(having[name]), default=None)
    left = missing - having.get(best, set())
    if letters := sorted(char for char in left if char.isalpha()):
        raise NotFoundError(
            f"no installed font has the characters {''.join(letters[:10])}",
            "install one   apt install fonts-noto-cjk\nor use        --format svg",
        )
    return [_PLAIN, best] if best else [_PLAIN], left


def _characters(family: str) -> set[str]:
    from matplotlib.font_manager import findfont
    from matplotlib.ft2font import FT2Font

    return set(map(chr, FT2Font(findfont(family)).get_charmap()))


def _size(sheet: Sheet) -> tuple[float, float]:
    """Width and height in inches."""
    rows, columns = len(sheet.queries), len(sheet.keys)
    if sheet.is_single:
        return max(_CELL * columns + _MARGIN, 4.0), _CELL * rows + _MARGIN
    wide, tall = max(_THUMB * columns, 1.1) + 0.2, max(_THUMB * rows, 0.4) + 0.4
    return wide * len(sheet.heads) + 0.4, tall * len(sheet.layers) + 0.6


def _draw(axes: "Axes", sheet: Sheet, panel: tuple[str, Array], missing: set[str]) -> None:
    title, values_QM = panel
    parts_QM = parts(values_QM, sheet.stage)
    axes.imshow([[color(part) for part in row] for row in parts_QM], aspect="equal", interpolation="nearest")
    axes.set_title(title, fontsize=9 if sheet.is_single else 6)
    axes.set_xticks([])
    axes.set_yticks([])
    if not sheet.is_single:
        return
    axes.set_xticks(range(len(sheet.keys)), _labels(sheet.keys, missing), rotation=90, fontsize=9)
    axes.set_yticks(range(len(sheet.queries)), _labels(sheet.queries, missing), fontsize=9)
    axes.xaxis.tick_top()
    for i, row in enumerate(values_QM):
        for j, value in enumerate(row):
            axes.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=6, color=to_hex(ink(parts_QM[i, j])))


def _labels(tokens: Iterable[str], missing: set[str]) -> list[str]:
    return [_write_out(show(token), missing) for token in tokens]


def _write_out(text: str, missing: set[str]) -> str:
    return re.sub(".", lambda match: f"\\u{ord(match[0]):04x}" if match[0] in missing else match[0], text)
