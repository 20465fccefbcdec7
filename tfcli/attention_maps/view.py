"""Which part of a map is looked at, and how wide and colourful the paper is.

Shapes: L layers, H heads, Q queries, M keys.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from tfcli.attention_maps.attention_map import Array, Attention, AttentionMap
from tfcli.config import MapFormat, MapKind, Stage
from tfcli.errors import UsageError

KINDS: tuple[MapKind, ...] = get_args(MapKind)
NAMES: dict[MapKind, str] = {
    "cross": "cross-attention",
    "encoder": "encoder self-attention",
    "decoder": "decoder self-attention",
}
ALL, MEAN, MAX = "all", "mean", "max"


@dataclass(frozen=True, eq=False)
class Sheet:
    """What is shown of one kind. layers, heads: their names, numbers from 1 or "mean" or "max". num_layers, num_heads:
    how many the model has."""

    kind: MapKind
    stage: Stage
    queries: tuple[str, ...]
    keys: tuple[str, ...]
    layers: tuple[str, ...]
    heads: tuple[str, ...]
    num_layers: int
    num_heads: int
    values_LHQM: Array

    def panels(self) -> Iterator[tuple[str, Array]]:
        """Each matrix with its title, layer by layer and head by head."""
        for layer, values_HQM in zip(self.layer_titles(), self.values_LHQM, strict=True):
            for head, values_QM in zip(self.head_titles(), values_HQM, strict=True):
                yield f"{layer} · {head}", values_QM

    @property
    def is_single(self) -> bool:
        return len(self.layers) == len(self.heads) == 1

    def layer_titles(self) -> list[str]:
        count = self.num_layers
        return [f"mean of {count} layers" if name == MEAN else f"layer {name}/{count}" for name in self.layers]

    def head_titles(self) -> list[str]:
        count = self.num_heads
        return [f"{name} of {count} heads" if name in (MEAN, MAX) else f"head {name}/{count}" for name in self.heads]


@dataclass(frozen=True)
class View:
    """What is wanted.

    layer: a number from 1, "all" or "mean"; None is the layer that aligns best, for self-attention the last. head: a
    number from 1, "all", "mean" or "max"; None is the mean. threshold: links from this weight on instead of the best
    ones (pharaoh). width, color: of the terminal.
    """

    kind: MapKind | Literal["all"] = "cross"
    stage: Stage = "weights"
    layer: str | None = None
    head: str | None = None
    threshold: float | None = None
    width: int = 80
    color: bool = False

    def sheets(self, whole: AttentionMap) -> list[Sheet]:
        """The wanted part of every wanted kind. Of "all" kinds, those the model has weights for."""
        kinds = [kind for kind in KINDS if kind in whole.attentions] if self.kind == "all" else [self.kind]
        return [self._sheet(whole[kind], whole.view_layer) for kind in kinds]

    def sheet(self, whole: AttentionMap) -> Sheet:
        """The one matrix that is wanted. UsageError if more are."""
        sheets = self.sheets(whole)
        if len(sheets) > 1 or not sheets[0].is_single:
            raise UsageError("this format holds one matrix", "choose --kind, --layer and --head, or use --format long")
        return sheets[0]

    def _sheet(self, attention: Attention, view_layer: int) -> Sheet:
        values = attention.weights_LHQM if self.stage == "weights" else attention.scores_LHQM
        if values is None:
            raise UsageError("scores of pieces do not add up to scores of words", "leave out --words or --stage scores")
        num_layers, num_heads = values.shape[:2]
        default = view_layer if attention.kind == "cross" else num_layers
        layers = choose(self.layer or str(default), num_layers, "layer", NAMES[attention.kind], (ALL, MEAN))
        heads = choose(self.head or MEAN, num_heads, "head", NAMES[attention.kind], (ALL, MEAN, MAX))
        values = _take(_take(values, layers, 0), heads, 1)
        shape = (num_layers, num_heads)
        return Sheet(attention.kind, self.stage, attention.queries, attention.keys, layers, heads, *shape, values)


def choose(wish: str, count: int, what: str, of: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """The names that are wanted: of all, of one, or the name of a summary. UsageError if there is no such one."""
    if wish == ALL and ALL in words:
        return tuple(str(i + 1) for i in range(count))
    if wish in words:
        return (wish,)
    if re.fullmatch("[0-9]{1,4}", wish) and 1 <= int(wish) <= count:
        return (str(int(wish)),)
    has = f"{what}s 1 to {count}" if count > 1 else f"one {what}"
    raise UsageError(f"there is no {what} {wish}: the {of} has {has}", f"use   --{what} {'|'.join(['N', *words])}")


def _take(values: Array, names: tuple[str, ...], axis: int) -> Array:
    if names in ((MEAN,), (MAX,)):
        reduce = values.mean if names == (MEAN,) else values.max
        return reduce(axis=axis, keepdims=True)
    return values.take([int(name) - 1 for name in names], axis=axis)


def format_of(name: str) -> MapFormat | None:
    """The format a file name ends in; None if it is none of them."""
    ending = Path(name).suffix.removeprefix(".").lower()
    return ending if ending in get_args(MapFormat) else None
