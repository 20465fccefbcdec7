"""States to save that say by every number which step they are of."""

from pathlib import Path

import torch

from tfcli.training.checkpoint import TrainState, list_checkpoints, load_latest, load_state, save_state


def make_state(step: int) -> TrainState:
    """The weights are larger than a buffer of Python's, the rest is smaller."""
    tensors = {"model": {"w": torch.full((50, 100), float(step))}, "random": {"0": torch.full((7,), step)}}
    return TrainState(step, tensors, {"epoch": step})


def save_two(folder: Path) -> None:
    """Steps 1 and 2; the next save with keep=2 has something to prune."""
    for step in (1, 2):
        save_state(folder, make_state(step), keep=2)


def newest(folder: Path) -> int:
    """The step a run would go on from; all that is there must be whole, and what it says it is."""
    for path in list_checkpoints(folder):
        state = load_state(path)
        assert path.name == f"step-{state.step:09d}" and state.facts == {"epoch": state.step}
        assert all((t == state.step).all() for group in state.tensors.values() for t in group.values())
    state, skipped = load_latest(folder)
    assert skipped == []
    return state.step
