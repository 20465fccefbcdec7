"""The first, second, third... call of a save fails, until none is left to fail: the old checkpoint is there or the new.

After the fault loops of SQLite, <https://www.sqlite.org/testing.html>.
"""

import errno
import os
import resource
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.calls import watched
from faults.children import run_in_fork, write_recipe
from faults.states import make_state, newest, save_two
from tfcli.cli.app import main
from tfcli.disk import finish_replacing, replace_folder
from tfcli.errors import ResourceError
from tfcli.training.checkpoint import remove_leftovers, save_state

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="a descriptor's file is asked of /proc")

Act = Callable[[Path], None]
FULL = (errno.ENOSPC, errno.EDQUOT)


@pytest.fixture(autouse=True)
def no_sync(monkeypatch):
    """It is slow, and needless where no power fails."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def two(tmp_path):
    folder = tmp_path / "two" / "checkpoints"
    save_two(folder)
    return folder


def save_three(folder: Path) -> None:
    save_state(folder, make_state(3), keep=2)


def count_calls(act: Act, folder: Path, copy: Path) -> int:
    calls = []
    shutil.copytree(folder, copy)
    with watched(lambda call, perform: calls.append(call) or perform()):
        act(copy)
    kinds = {call.kind for call in calls}
    assert kinds == {"mkdir", "open", "write", "fsync", "rename", "unlink", "rmdir"}, "all that it does is watched"
    return len(calls)


class Fault:
    """Fails the nth call, and with `lasting` all that would need room after it. A short write takes half of the data,
    as a disk does that has no room for the rest."""

    def __init__(self, nth: int, number: int, short: bool = False, lasting: bool = False):
        self.nth, self.number, self.short, self.lasting = nth, number, short, lasting
        self.calls, self.struck = 0, ""

    def __call__(self, call, perform):
        self.calls += 1
        needs_room = call.kind in ("mkdir", "open", "write", "fsync")
        if self.calls != self.nth and not (self.lasting and self.struck and needs_room):
            return perform()
        if self.short and not self.struck:
            self.struck = call.kind
            return perform(call.data[: len(call.data) // 2]) if call.kind == "write" else perform()
        self.struck = self.struck or call.kind
        raise OSError(self.number, os.strerror(self.number))


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, {}),
        (errno.ENOSPC, {"lasting": True}),
        (errno.ENOSPC, {"lasting": True, "short": True}),
        (errno.EDQUOT, {"lasting": True}),
        (errno.EIO, {}),
        (errno.EROFS, {}),
        (0, {"short": True}),
    ],
)
def test_a_save_that_fails_anywhere_leaves_the_old_or_the_new_and_says_so(two, tmp_path, number, kind):
    failed = 0
    total = count_calls(save_three, two, tmp_path / "counted")
    for nth in range(1, total + 1):
        folder = Path(shutil.copytree(two, tmp_path / str(nth)))
        fault = Fault(nth, number, **kind)
        with watched(fault):
            try:
                save_three(folder)
                assert newest(folder) == 3
            except ResourceError as error:
                failed += 1
                assert error.exit_code == 9 and newest(folder) in (2, 3)
                check_message(error.message, folder, number)
        assert fault.struck and not list(folder.glob(".*.new"))
        save_state(folder, make_state(4), keep=2)
        assert newest(folder) == 4
    print(f"{errno.errorcode.get(number)} {kind}: {total} calls, {failed} saves refused")
    assert failed > total / 2 if number else failed == 0, "the rest of a short write is written next"


def check_message(message: str, folder: Path, number: int) -> None:
    assert "\n" not in message and "while saving step 3;" in message and f'"{folder}"' in message
    promised = int(message.split("; step ")[1].split(" is safe")[0])
    assert 2 <= promised <= newest(folder)
    assert ("disk full" in message and "needs 1 MiB in" in message) == (number in FULL)
    assert number in FULL or os.strerror(number) in message


def test_a_kill_before_or_after_any_call_leaves_the_old_or_the_new(two, tmp_path):
    before, after = kill_everywhere(save_three, two, tmp_path / "killed")
    found = [newest(folder) for folder in [*before, after[-1]]]
    assert found[1:] == [newest(folder) for folder in after], "after a call is before the next"
    assert found == sorted(found) and (found[0], found[-1]) == (2, 3)
    for folder in before + after:
        remove_leftovers(folder)
        save_three(folder)
        assert sorted(os.listdir(folder)) == ["step-000000002", "step-000000003"]


OLD, NEW = {"a": b"old", "b": b"old"}, {"a": b"new", "c": b"new"}


def replace(parent: Path) -> None:
    replace_folder(parent / "bundle", NEW, ours=OLD)


def test_a_folder_whose_replacement_was_killed_is_the_old_or_the_new(tmp_path):
    replace_folder(tmp_path / "run" / "bundle", OLD)
    found = []
    for folder in sum(kill_everywhere(replace, tmp_path / "run", tmp_path / "killed"), []):
        finish_replacing(folder, {"bundle": (*OLD, *NEW)}.get)
        assert os.listdir(folder) == ["bundle"]
        found.append({path.name: path.read_bytes() for path in (folder / "bundle").iterdir()})
    assert all(files in (OLD, NEW) for files in found) and OLD in found and NEW in found


def kill_everywhere(act: Act, folder: Path, into: Path) -> tuple[list[Path], list[Path]]:
    """What is left of copies of the folder when `act` is killed: before the first call, the second... and after."""
    total = count_calls(act, folder, into / "counted")
    run_in_fork(kill_forks, act, folder, into, total)
    print(f"{act.__name__}: killed at {2 * total} points")
    before, after = ([into / f"{when}-{nth}" for nth in range(total)] for when in ("before", "after"))
    return before, after


def kill_forks(act: Act, folder: Path, into: Path, total: int) -> None:
    for nth in range(total):
        for when in ("before", "after"):
            copy = shutil.copytree(folder, into / f"{when}-{nth}")
            process = os.fork()
            if not process:
                act_and_die(act, copy, nth, when)
            status = os.waitpid(process, 0)[1]
            assert os.WTERMSIG(status) == signal.SIGKILL, status


def act_and_die(act: Act, folder: Path, nth: int, when: str) -> None:
    calls = []

    def hook(call, perform):
        calls.append(call)
        if len(calls) - 1 != nth:
            return perform()
        if when == "after":
            perform()
        os.kill(os.getpid(), signal.SIGKILL)

    with watched(hook):
        act(folder)
    os._exit(0)


def test_a_disk_that_is_full_for_good_is_said_to_be_before_anything_is_saved(tmp_path):
    with watched(Fault(1, errno.ENOSPC, lasting=True)), pytest.raises(ResourceError, match="no step is saved yet") as e:
        save_state(tmp_path / "run" / "checkpoints", make_state(1), keep=2)
    assert not e.value.hint and not list(tmp_path.iterdir())


def test_a_damaged_checkpoint_is_not_called_safe(two):
    (two / "step-000000002" / "model.safetensors").write_bytes(b"damaged")
    with watched(Fault(1, errno.EIO)), pytest.raises(ResourceError, match="; step 1 is safe;"):
        save_state(two, make_state(3), keep=2)


def test_a_command_whose_files_may_not_grow_ends_with_nine_and_one_line(tmp_path):
    recipe, run, said = write_recipe(tmp_path, save_every=1), tmp_path / "run", tmp_path / "said"
    run_in_fork(train_in_little_room, recipe, run, said)
    lines = [line for line in said.read_text().split("\n") if line.startswith("tfcli:")]
    folder = run / "checkpoints"
    assert lines == [f'tfcli: File too large while saving step 2; step 1 is safe; in "{folder}"']
    assert os.listdir(folder) == ["step-000000001"]


def train_in_little_room(recipe: Path, run: Path, said: Path) -> None:
    os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT, 0o600), 2)
    command = ["train", str(recipe), "--run-dir", str(run), "--device", "cpu", "--steps"]
    assert main([*command, "1"]) == 0
    largest = max(path.stat().st_size for path in (run / "checkpoints").rglob("*"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest - 1, largest - 1))
    assert main([*command, "2"]) == 9
