"""What the options of commands can be, beside the settings of a recipe."""

from typing import Literal

Engine = Literal["ctranslate2", "torch"]
MapKind = Literal["cross", "encoder", "decoder"]
MapFormat = Literal["table", "heat", "tsv", "long", "json", "npz", "pharaoh", "html", "svg", "png"]
Stage = Literal["weights", "scores"]
