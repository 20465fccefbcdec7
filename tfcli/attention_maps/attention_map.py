"""What a model looked at while it translated one sentence, as plain arrays.

Shapes: L layers, H heads, Q queries, M keys, K d_head, S source tokens, T target tokens.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfcli.config import MapKind
from tfcli.errors import ModelError, UsageError

Array = np.ndarray


@dataclass(frozen=True)
class Sentence:
    """What to look at. source, target: as people read them. src, tgt: ids without control tokens. finished: the
    translation ended by itself, so that its </s> is looked at too. tokens: the names of ids."""

    source: str
    target: str
    src: Sequence[int]
    tgt: Sequence[int]
    finished: bool
    tokens: Callable[[Sequence[int]], list[str]]


@dataclass(frozen=True, eq=False)
class Attention:
    """All layers and heads of one kind of attention; a row belongs to a query, a column to a key.

    queries, keys: their tokens. weights_LHQM: what is left of the scores after mask and softmax, rows sum to 1.
    scores_LHQM: q kᵀ / √K before the mask; None where pieces were merged into words. q_LHQK, k_LHMK, v_LHMK, out_LHQK:
    the vectors the weights were made of, and what came of them; None where pieces were merged. All float32.
    """

    kind: MapKind
    queries: tuple[str, ...]
    keys: tuple[str, ...]
    weights_LHQM: Array
    scores_LHQM: Array | None = None
    q_LHQK: Array | None = None
    k_LHMK: Array | None = None
    v_LHMK: Array | None = None
    out_LHQK: Array | None = None


@dataclass(frozen=True, eq=False)
class AttentionMap:
    """One sentence, its translation, and what the model looked at on the way.

    source_tokens ends with </s>; target_tokens too, unless the translation was cut. logprobs_T: log-probability of each
    target token; score: their mean. attentions: by kind; one is missing where its kernel has no weight per token.
    kernels: the name of each kind's kernel, "" if there is no such attention. view_layer: the cross-attention layer
    that aligns best, from 1. alignment_TS: how much each source token has to do with each target token, read where the
    model aligns best; None without cross-attention.
    """

    source: str
    target: str
    source_tokens: tuple[str, ...]
    target_tokens: tuple[str, ...]
    logprobs_T: Array
    attentions: dict[MapKind, Attention]
    kernels: dict[MapKind, str]
    view_layer: int
    alignment_TS: Array | None = None
    model: str = ""
    languages: tuple[str, str] = ("", "")

    @property
    def score(self) -> float:
        """Mean log-probability per target token, </s> among them."""
        return float(self.logprobs_T.mean())

    @property
    def encoder(self) -> Attention:
        """Source tokens look at source tokens."""
        return self["encoder"]

    @property
    def decoder(self) -> Attention:
        """Target tokens look at the target tokens before them."""
        return self["decoder"]

    @property
    def cross(self) -> Attention:
        """Target tokens look at source tokens."""
        return self["cross"]

    def __getitem__(self, kind: MapKind) -> Attention:
        """The attention of a kind. ModelError if its kernel weighs no tokens."""
        if kind not in self.attentions:
            shown = [f"--kind {name}" for name in self.attentions]
            hint = f"look at   {' or '.join(shown)}" if shown else ""
            raise ModelError(why_missing(kind, self.kernels[kind]), hint)
        return self.attentions[kind]

    def render(self, format: str, **view: Any) -> bytes:
        """The map as the contents of a file. format: one of MapFormat; view: the fields of View."""
        from tfcli.attention_maps import WRITERS
        from tfcli.attention_maps.view import View

        return WRITERS[format](self, View(**view))

    def save(self, path: str | Path, **view: Any) -> None:
        """Writes a file in the format its name ends in: .html, .svg, .png, .npz, .json, .tsv. UsageError if it ends in
        none."""
        from tfcli.attention_maps.view import format_of

        found = format_of(str(path))
        if found is None:
            raise UsageError(f'"{path}" does not say a format', "end it in   .html, .svg, .png, .npz, .json or .tsv")
        Path(path).write_bytes(self.render(found, **view))

    def __str__(self) -> str:
        return self.render("table").decode().rstrip("\n")


def why_missing(kind: MapKind, kernel: str) -> str:
    """Why a model has no weights of a kind."""
    if not kernel:
        return f"this model has no {kind} attention to show"
    return f'the {kind} attention of this model is "{kernel}", which has no weight per token'
