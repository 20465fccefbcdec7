"""Who computes: each engine turns source ids into hypotheses, and all of them into the same ones.

An engine's own libraries are imported when it is made, so that one without torch stays without torch.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from tfcli.bundle import Bundle
from tfcli.decoding.hypothesis import Hypothesis


class Engine(Protocol):
    """A loaded model. batch_tokens: how many padded source tokens at once suit the device."""

    device: str
    dtype: str
    threads: int
    batch_tokens: int

    def translate(
        self, src: Sequence[Sequence[int]], max_lengths: Sequence[int], prefix: Sequence[int] = ()
    ) -> list[Hypothesis]:
        """One hypothesis for each list of source ids; see `greedy`. Raises MemoryError if the batch is too large."""
        ...


def _torch(bundle: Bundle, device: str, dtype: str, threads: int | None) -> Engine:
    from tfcli.decoding.engines.torch import TorchEngine

    return TorchEngine(bundle, device, dtype, threads)


ENGINES: dict[str, Callable[[Bundle, str, str, int | None], Engine]] = {"torch": _torch}
"""Makes an engine of a bundle, a device ("auto", "cpu", "cuda", ...), a dtype ("auto", "float32", ...) and threads."""
