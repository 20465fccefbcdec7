"""Checkpoints: whatever happens to the disk, the newest one that was finished is found, or its damage is."""

import os
import random
import shutil

import pytest
import torch

from tfcli.errors import ModelError
from tfcli.training import checkpoint
from tfcli.training.checkpoint import (
    TrainState,
    list_checkpoints,
    load_latest,
    load_state,
    read_verified,
    remove_leftovers,
    save_state,
)


def make_state(step: int) -> TrainState:
    tensors = {
        "model": {"w": torch.randn(3, 4), "half": torch.randn(5).bfloat16(), "scalar": torch.tensor(2.5)},
        "optimizer": {"0.0.step": torch.tensor(float(step)), "0.0.exp_avg": torch.randn(3, 4)},
        "random": {"0": torch.get_rng_state()},
        "best": {},
    }
    return TrainState(step, tensors, {"epoch": 1, "seconds": 0.1 + 0.2, "best": {"chrf": 1 / 3}, "name": "好"})


def same(one: TrainState, other: TrainState) -> bool:
    return (
        (one.step, one.facts, set(one.tensors)) == (other.step, other.facts, set(other.tensors))
        and all(set(one.tensors[group]) == set(other.tensors[group]) for group in one.tensors)
        and all(
            tensor.dtype == other.tensors[group][name].dtype and torch.equal(tensor, other.tensors[group][name])
            for group, tensors in one.tensors.items()
            for name, tensor in tensors.items()
        )
    )


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_saved_is_loaded(tmp_path):
    state = make_state(12)
    path = save_state(tmp_path / "checkpoints", state, keep=2)
    assert names(path.parent) == ["step-000000012"]
    assert same(load_state(path), state)
    found, skipped = load_latest(path.parent)
    assert same(found, state) and skipped == []


def test_a_folder_without_checkpoints_has_no_state(tmp_path):
    assert load_latest(tmp_path) == (None, [])


def test_the_newest_so_many_are_kept_in_the_order_of_steps(tmp_path):
    for step in (1, 9, 10, 100, 1_000_000):
        save_state(tmp_path, make_state(step), keep=3)
    assert names(tmp_path) == ["step-000000010", "step-000000100", "step-001000000"]
    assert load_latest(tmp_path)[0].step == 1_000_000


def test_a_step_that_is_there_is_left_alone(tmp_path):
    first = make_state(5)
    path = save_state(tmp_path, first, keep=2)
    inode = (path / "model.safetensors").stat().st_ino
    assert save_state(tmp_path, make_state(5), keep=2) == path
    assert (path / "model.safetensors").stat().st_ino == inode and same(load_state(path), first)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A folder with the checkpoints of step 1 and 2."""
    folder = tmp_path_factory.mktemp("two")
    for step in (1, 2):
        save_state(folder, make_state(step), keep=2)
    return folder


def test_every_flipped_byte_is_found(two):
    newest = list_checkpoints(two)[-1]
    rng = random.Random()
    for path in sorted(newest.iterdir()):
        data = path.read_bytes()
        for at in {0, len(data) - 1, *(rng.randrange(len(data)) for _ in range(60))}:
            path.write_bytes(data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :])
            found, skipped = load_latest(two)
            assert found.step == 1, f"byte {at} of {path.name}"
            assert len(skipped) == 1 and newest.name in skipped[0]
        path.write_bytes(data)
    assert load_latest(two)[0].step == 2


def test_what_is_cut_off_grown_or_gone_is_found(two):
    newest = list_checkpoints(two)[-1]
    for path in sorted(newest.iterdir()):
        data = path.read_bytes()
        for damaged in (b"", data[:-1], data[: len(data) // 2], data + b"\0"):
            path.write_bytes(damaged)
            assert load_latest(two)[0].step == 1, path.name
        path.unlink()
        found, skipped = load_latest(two)
        assert found.step == 1 and newest.name in skipped[0]
        path.write_bytes(data)


def test_without_an_intact_one_the_run_does_not_start_again_by_itself(two, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(two, folder)
    for path in list_checkpoints(folder):
        (path / "model.safetensors").write_bytes(b"")
    with pytest.raises(ModelError, match="intact.*step-000000002") as raised:
        load_latest(folder)
    assert "--fresh" in raised.value.hint


def test_another_format_is_said_to_be_one(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "FORMAT", 999)
    path = save_state(tmp_path, make_state(1), keep=1)
    monkeypatch.undo()
    with pytest.raises(ModelError, match="another version"):
        load_state(path)


@pytest.mark.parametrize("keep", [1, 2])
def test_a_damaged_checkpoint_never_outlives_a_good_one(two, tmp_path, keep):
    """The run goes on from step 1, since step 2 is damaged, and saves again before, at or after step 2."""
    for step in (2, 3):
        folder = tmp_path / f"{keep}-{step}"
        shutil.copytree(two, folder)
        (folder / "step-000000002" / "model.safetensors").write_bytes(b"damaged")
        state = make_state(step)
        save_state(folder, state, keep)
        found, skipped = load_latest(folder)
        assert same(found, state) and skipped == []
    folder = tmp_path / f"{keep}-before"
    shutil.copytree(two, folder)
    (folder / "step-000000002").rename(folder / "step-000000009")
    (folder / "step-000000009" / "state.json").unlink()
    save_state(folder, make_state(4), keep)
    assert names(folder) == ["step-000000001", "step-000000004"][-keep:]


def test_leftovers_of_the_dead_are_removed(two, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(two, folder)
    before = names(folder)
    for leftover in (".step-000000003.01234567.new", ".step-000000001.89abcdef.gone"):
        shutil.copytree(folder / "step-000000002", folder / leftover)
    assert load_latest(folder)[0].step == 2
    remove_leftovers(folder)
    assert names(folder) == before


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="a descriptor's file is asked of /proc")
def test_everything_is_on_the_disk_before_it_gets_its_name_and_before_anything_goes(two, tmp_path, monkeypatch):
    folder = tmp_path / "copy"
    shutil.copytree(two, folder)
    happened = []

    def syncing(descriptor, fsync=os.fsync):
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        happened.append(("sync", path, os.path.getsize(path) if os.path.isfile(path) else None))
        return fsync(descriptor)

    def renaming(path, target, rename=checkpoint.Path.rename):
        happened.append(("rename", str(path), str(target)))
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", syncing)
    monkeypatch.setattr(checkpoint.Path, "rename", renaming)
    final = save_state(folder, make_state(3), keep=2)
    temporary = next(os.path.dirname(path) for kind, path, _ in happened if kind == "sync")
    named = happened.index(("rename", temporary, str(final)))
    before = happened[:named]
    for path in final.iterdir():
        assert ("sync", f"{temporary}/{path.name}", path.stat().st_size) in before
    assert before[-2][1] == f"{temporary}/manifest.json" and before[-1] == ("sync", temporary, None)
    after = happened[named + 1 :]
    assert after[0] == ("sync", str(folder), None)
    assert [os.path.basename(path) for kind, path, _ in after if kind == "rename"] == ["step-000000001"]


def test_an_interrupt_in_the_middle_of_a_save_leaves_nothing_behind(two, tmp_path, monkeypatch):
    folder = tmp_path / "copy"
    shutil.copytree(two, folder)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "_seal", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_state(folder, make_state(3), keep=2)
    assert names(folder) == names(two)


def test_the_manifest_names_size_and_hash_of_every_other_file(two):
    newest = list_checkpoints(two)[-1]
    assert set(read_verified(newest)) == {path.name for path in newest.iterdir()} - {"manifest.json"}
    assert len({path.name for path in newest.iterdir()}) == len(make_state(2).tensors) + 2
