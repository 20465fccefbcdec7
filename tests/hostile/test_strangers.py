"""Every command, run in a folder full of somebody else's files, leaves all of them as they were."""

import os
import random
import shutil
import signal
import stat

import pytest
from commands import run
from conftest import TINY

from hostile.strangers import NAMES, fill, look

pytestmark = pytest.mark.skipif(
    not hasattr(os, "mkfifo") or os.geteuid() != 0, reason="files of no permissions are read"
)

SECONDS = 300
RUN = TINY.parent / "run"
TINY_RUN = f"--train {RUN / 'train.tsv'} --valid {RUN / 'valid.tsv'} --preset tiny --steps 1 --device cpu"
COMMANDS = (
    "translate 你好 -o NAME",
    "translate 你好 -o NAME --json",
    "translate -i FILE -o NAME",
    "data check FILE --align none",
    "data clean FILE -o NAME --align none",
    "data clean FILE --align none --rejects NAME",
    "tokenizer train -i FILE -o NAME --vocab-size 288",
    "tokenizer info -m FILE",
    "evaluate FILE -o NAME --limit 1",
    "evaluate FILE --hyp FILE --limit 1",
    "attention 你好 -o NAME --format svg",
    "attention 你好 -o NAME --format npz",
    "explain attention 你好",
    f"train {TINY_RUN} --run-dir NAME",
    f"train {TINY_RUN} --run-dir NAME --fresh",
    "train FILE --run-dir . --steps 1 --device cpu --fresh",
    "train FILE --device cpu --fresh",
    "train --train FILE --preset tiny --run-dir NAME --steps 1 --device cpu --fresh",
    f"train {TINY_RUN} --run-dir NAME --dry-run",
    f"average {TINY} -o NAME",
    f"average {TINY} -o NAME --force",
    f"export {TINY} -o NAME",
    f"export {TINY} -o NAME --force",
    "runs",
    "runs NAME",
    "runs NAME --svg NAME",
    "list",
    "info NAME",
    "config",
    "doctor",
    "cache list",
    "push NAME owner/name --dry-run",
    "pull owner/name --to NAME",
)


class _TooLong(BaseException):
    """A command that does not end."""


def _stop(number, frame):
    raise _TooLong


@pytest.mark.parametrize("count", [50, pytest.param(1000, marks=pytest.mark.slow)])
def test_what_is_not_ours_stays_byte_for_byte_and_mode_for_mode(count, tmp_path, monkeypatch):
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    for name in [name for name in os.environ if name.startswith(("TFCLI_", "HF_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TFCLI_MODEL", str(TINY))
    monkeypatch.setenv("TFCLI_THREADS", "1")
    before_alarm = signal.signal(signal.SIGALRM, _stop)
    done: dict[int, int] = {}
    try:
        for number in range(count):
            folder = tmp_path / f"{number}" / "theirs"
            folder.mkdir(parents=True)
            fill(folder, rng)
            (folder / "pairs.tsv").write_bytes((RUN / "train.tsv").read_bytes())  # that there is something to read
            monkeypatch.chdir(folder)
            words = [_word(word, folder, rng) for word in COMMANDS[number % len(COMMANDS)].split(" ")]
            before, beside = look(folder), sorted(os.listdir(folder.parent))
            signal.alarm(SECONDS)
            try:
                ended = run(*words)
            except _TooLong:
                pytest.fail(f"seed {seed}, folder {number}: {words} does not end")
            finally:
                signal.alarm(0)
            what = f"seed {seed}, folder {number}: {words}: {ended.code} {ended.err}"
            after = look(folder)
            assert {name: after.get(name) for name in before} == before, what
            assert sorted(os.listdir(folder.parent)) == beside, what
            assert "unexpected" not in ended.err and ended.code in range(10), what
            done[ended.code] = done.get(ended.code, 0) + 1
            monkeypatch.chdir(tmp_path)
            shutil.rmtree(folder.parent)
    finally:
        signal.signal(signal.SIGALRM, before_alarm)
    assert 0 in done and 2 in done, done
    print(f"exit codes: {done}")


def _word(word: str, folder, rng: random.Random) -> str:
    """NAME: any name, of something that is there or not; but no pipe, which takes what it is given, and waits for it.
    FILE: something that is there, but no pipe, nor a device, which have no end."""
    if word not in ("NAME", "FILE"):
        return word
    there = sorted(os.listdir(folder))
    names = there if word == "FILE" else [*there, *rng.sample(NAMES, 3), "sub/dir", ".."]
    name = rng.choice([name for name in names if not _is_endless(folder / name)] or ["none"])
    return f"./{name}" if name.startswith("-") else name


def _is_endless(path) -> bool:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)
