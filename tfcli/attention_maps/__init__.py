"""What a model looked at: collected in one pass (collect.py), written in many formats (WRITERS)."""

from collections.abc import Callable

from tfcli.attention_maps.arrays import write_npz
from tfcli.attention_maps.attention_map import AttentionMap
from tfcli.attention_maps.heat import write_heat
from tfcli.attention_maps.html import write_html
from tfcli.attention_maps.png import write_png
from tfcli.attention_maps.svg import write_svg
from tfcli.attention_maps.table import write_table
from tfcli.attention_maps.text import write_json, write_long, write_pharaoh, write_tsv
from tfcli.attention_maps.view import View
from tfcli.config import MapFormat

Writer = Callable[[AttentionMap, View], bytes]
"""The contents of a file, or what a terminal shows."""

WRITERS: dict[MapFormat, Writer] = {
    "table": write_table,
    "heat": write_heat,
    "tsv": write_tsv,
    "long": write_long,
    "json": write_json,
    "npz": write_npz,
    "pharaoh": write_pharaoh,
    "html": write_html,
    "svg": write_svg,
    "png": write_png,
}
