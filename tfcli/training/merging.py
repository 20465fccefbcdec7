"""Models from wherever they lie, to be averaged: bundles, runs, checkpoints of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load

from tfcli.bundle import Bundle, locate, read_bundle
from tfcli.errors import NotFoundError
from tfcli.training.averaging import State, weighted_mean
from tfcli.training.checkpoint import is_checkpoint, read_verified


@dataclass(frozen=True)
class Source:
    """A model that is averaged. bundle: its own, or that of its run. checkpoint: of its weights, if those are meant."""

    name: str
    bundle: Bundle
    checkpoint: Path | None

    def weights(self) -> State:
        """In float32."""
        if self.checkpoint:
            return load(read_verified(self.checkpoint)["model.safetensors"])
        return self.bundle.load_model().state_dict()


def open_source(name: str) -> Source:
    """A checkpoint folder of a run, or a model by any of its names. Raises NotFoundError, or ModelError if it cannot be
    used."""
    path = Path(name)
    if is_checkpoint(path):
        return Source(name, read_bundle(path.resolve().parent.parent / "bundle"), path)
    if path.parent.name == "checkpoints" and not path.exists():
        raise NotFoundError(f'no checkpoint at "{path}"', "a run keeps them in   RUN/checkpoints/step-*")
    return Source(name, read_bundle(locate(name)), None)


def merge(sources: Sequence[tuple[Source, float]]) -> State:
    """Their mean, by weight."""
    return weighted_mean((source.weights(), weight) for source, weight in sources)
