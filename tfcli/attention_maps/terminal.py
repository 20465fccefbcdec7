"""Lines for a terminal: text of strangers made harmless, Chinese at its true width, colours that are ours alone."""

from collections.abc import Iterable, Sequence
from io import StringIO

from rich.cells import cell_len, set_cell_size
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

from tfcli.attention_maps.attention_map import AttentionMap
from tfcli.attention_maps.ramp import color as ramp_color
from tfcli.attention_maps.ramp import ink, shade
from tfcli.attention_maps.words import SPACE
from tfcli.text.sanitize import safe_tty

PAINTED = 0.08
"""From this part of the ramp on."""


def show(token: str) -> str:
    """A token as people read it: its space visible, nothing in it that a terminal obeys or hides."""
    return safe_tty(token.replace(SPACE, "␣")).replace("\t", "\\t")


def width_of(text: str) -> int:
    """Columns of a terminal that `text` takes."""
    return cell_len(text)


def fit(text: str, width: int, right: bool = False) -> str:
    """`text` in exactly so many columns: cut with an ellipsis, or filled with spaces at its right or left side."""
    if cell_len(text) > width:
        text = set_cell_size(text, width - 1) + "…"
    space = " " * (width - cell_len(text))
    return space + text if right else text + space


def cell(text: str, part: float, color: bool) -> Text:
    """A number on the colour of its size; without colour, after a character that is as dark."""
    return Text(" " + text, _paint(part)) if color else Text(shade(part) + text)


def patch(part: float, width: int, color: bool) -> Text:
    """A piece of colour, or of shade."""
    return Text(" " * width, _paint(part)) if color else Text(shade(part) * width)


def _paint(part: float) -> Style:
    """Next to nothing gets no colour: on a dark terminal many pale cells would outshine the few that count."""
    if part < PAINTED:
        return Style.null()
    return Style(color=Color.from_rgb(*ink(part)), bgcolor=Color.from_rgb(*ramp_color(part)))


def fold(widths: Sequence[int], room: int) -> list[range]:
    """Columns of these widths in as few blocks as fit into `room`, of about the same size; each has at least one."""
    blocks = _fill(widths, room)
    while len(narrower := _fill(widths, room - 1)) == len(blocks) > 1:
        blocks, room = narrower, room - 1
    return blocks


def _fill(widths: Sequence[int], room: int) -> list[range]:
    blocks, start, filled = [], 0, 0
    for i, width in enumerate(widths):
        if i > start and filled + width > room:
            blocks.append(range(start, i))
            start, filled = i, 0
        filled += width
    return [*blocks, range(start, len(widths))]


def headline(whole: AttentionMap) -> Text:
    """What was translated into what, and how sure the model was."""
    return Text(f"{show(whole.source)} → {show(whole.target)}   (score {whole.score:.2f})")


def paint(lines: Iterable[Text], color: bool) -> bytes:
    """The lines as bytes, with the colours this terminal knows."""
    system = "auto" if color else None
    console = Console(file=StringIO(), force_terminal=color, color_system=system, legacy_windows=False)
    for line in lines:
        if not color:  # coloured spaces are not empty
            line.rstrip()
        console.print(line, soft_wrap=True)
    return console.file.getvalue().encode()
