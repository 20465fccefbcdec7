"""Who computes: each engine turns source ids into hypotheses, and all of them into the same ones.

A file holds one engine, and imports the engine's libraries inside its methods: every engine can be asked what it can do
without them, and one without torch stays without torch.
"""

import typing
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from tfcli.bundle import Bundle
from tfcli.config import ModelConfig
from tfcli.decoding.engines.ctranslate2 import CTranslate2Engine, has_gpu
from tfcli.decoding.engines.torch import TorchEngine
from tfcli.decoding.hypothesis import Hypothesis
from tfcli.decoding.search import Search
from tfcli.errors import UsageError

if typing.TYPE_CHECKING:
    from torch import nn


class Engine(Protocol):
    """A loaded model, made of a bundle, a device ("auto", "cpu", "cuda", ...), a dtype ("auto", "float32", ...) and CPU
    threads (None: the library's own number).

    batch_tokens: how many padded source tokens at once suit the device. model: the torch module, whose attention can be
    watched; None if the engine keeps no attention. notes, warnings: what a person may like to know, or should know, of
    how it was loaded.
    """

    device: str
    dtype: str
    threads: int
    batch_tokens: int
    model: "nn.Module | None"
    notes: Sequence[str]
    warnings: Sequence[str]

    def __init__(self, bundle: Bundle, device: str = "auto", dtype: str = "auto", threads: int | None = None): ...

    @classmethod
    def refusal(cls, config: ModelConfig, search: Search, device: str, dtype: str) -> str:
        """Why this engine cannot search so with a model of this config on this device in this data type, as a clause;
        empty if it can."""
        ...

    def translate(self, src: Sequence[Sequence[int]], search: Search) -> list[list[Hypothesis]]:
        """For each list of source ids, without EOS, its hypotheses, the best first; by the rules of `search`.
        MemoryError if the batch is too large."""
        ...


ENGINES: dict[str, type[Engine]] = {"ctranslate2": CTranslate2Engine, "torch": TorchEngine}
"""In the order in which "auto" prefers them."""


class Choice(NamedTuple):
    """An engine, its name, and why it is the one."""

    engine: type[Engine]
    name: str
    reason: str


def choose_engine(name: str, config: ModelConfig, search: Search, device: str, dtype: str = "auto") -> Choice:
    """The engine of this name. For "auto" the first that can do it, on the GPU if there is one and none is forbidden.
    UsageError, with why, if it cannot."""
    if name == device == "auto" and has_gpu():
        device = "cuda"
    refusals = {known: engine.refusal(config, search, device, dtype) for known, engine in ENGINES.items()}
    able = [known for known, why in refusals.items() if not why]
    chosen = name if name != "auto" else next(iter(able), next(reversed(ENGINES)))
    if refusals[chosen]:
        others = f"use   --engine {able[0]}" if able else ""
        raise UsageError(f"the engine {chosen} cannot translate with it: {refusals[chosen]}", others)
    passed = [f"not {known}, since {why}" for known, why in refusals.items() if why]
    reason = "asked for" if name != "auto" else ", ".join(passed) or "the quickest that can run this model here"
    return Choice(ENGINES[chosen], chosen, reason)
