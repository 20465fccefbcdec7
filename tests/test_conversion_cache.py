"""Converted models are kept, and whatever happens to what is kept, the model that is used is the right one."""

import errno
import hashlib
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from commands import run
from conftest import TINY

from tfcli.bundle import read_bundle
from tfcli.conversion import cache
from tfcli.conversion.cache import clear, entries, load_converted
from tfcli.conversion.convert import convert
from tfcli.errors import ResourceError

PROGRAM = """
import hashlib, sys
from pathlib import Path
from tfcli.bundle import read_bundle
from tfcli.conversion.cache import clear, load_converted
bundle = read_bundle(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    print(hashlib.sha256(load_converted(bundle, "int8", "1").model).hexdigest(), flush=True)
    if sys.argv[2] == "once":
        break
    clear()
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def bundle():
    return read_bundle(TINY)


@pytest.fixture(scope="module")
def wanted(bundle):
    return convert(bundle, "int8")


def start(mode: str) -> subprocess.Popen:
    command = [sys.executable, "-c", PROGRAM, str(TINY), mode]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_model_is_converted_once(bundle, wanted, monkeypatch):
    first = load_converted(bundle, "int8", "1")
    assert first.model == wanted and "converted tiny" in first.note and not first.warning
    monkeypatch.setattr(cache, "convert", None)
    assert load_converted(bundle, "int8", "1") == cache.Converted(wanted)
    (entry,) = entries()
    assert (entry.header.model, entry.header.quantization) == (str(TINY), "int8")


def test_all_that_it_depends_on_makes_another_entry(tiny_copy, wanted):
    copy = read_bundle(tiny_copy)
    models = [load_converted(copy, quantization, version).model for quantization, version in WAYS]
    assert len(entries()) == len(WAYS) and len(set(models)) == 2
    weights = tiny_copy / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-8:] = bytes(8)
    weights.write_bytes(data)
    changed = load_converted(copy, "int8", "1")
    assert changed.note and changed.model not in models


WAYS = [("int8", "1"), ("float32", "1"), ("int8", "2")]


@pytest.mark.parametrize("damage", ["truncated", "empty", "flipped", "header", "other"])
def test_a_damaged_entry_is_made_again_and_said(bundle, wanted, damage):
    load_converted(bundle, "int8", "1")
    (entry,) = entries()
    data = entry.path.read_bytes()
    middle = len(data) // 2
    entry.path.write_bytes(
        {
            "truncated": data[:middle],
            "empty": b"\n",
            "flipped": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
            "header": b"\xff{" + data,
            "other": data.partition(b"\n")[0] + b"\nanother model",
        }[damage]
    )
    again = load_converted(bundle, "int8", "1")
    assert again.model == wanted and "was damaged" in again.warning
    assert load_converted(bundle, "int8", "1") == cache.Converted(wanted)


@pytest.mark.parametrize("error", [OSError(errno.EROFS, "Read-only file system", "x"), ResourceError("disk full")])
def test_what_cannot_be_kept_is_used_and_said(bundle, wanted, monkeypatch, error):
    def refuse(*_):
        raise error

    monkeypatch.setattr(cache, "replace_file", refuse)
    found = load_converted(bundle, "int8", "1")
    assert found.model == wanted and "at every start" in found.warning and not entries()


def test_a_cache_folder_that_cannot_be_is_no_hindrance(bundle, wanted, tmp_path):
    (tmp_path / "cache").write_text("in the way")
    assert load_converted(bundle, "int8", "1").model == wanted


def test_what_was_abandoned_is_removed_and_what_is_being_written_is_not(bundle):
    load_converted(bundle, "int8", "1")
    (entry,) = entries()
    old, new = (entry.path.with_name(f".{entry.path.name}.{mark}.new") for mark in ("a" * 8, "b" * 8))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    load_converted(bundle, "float32", "1")
    assert not old.exists() and new.exists()
    assert len(clear()) == 3 and not entries()


@pytest.mark.parametrize("number", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_many_processes_at_once_have_the_same_model(number, wanted):
    processes = [start("once") for _ in range(number)]
    found = {process.communicate(timeout=300)[0].split()[1] for process in processes}
    assert found == {hashlib.sha256(wanted).hexdigest()}
    assert [entry.header is not None for entry in entries()] == [True]


@pytest.mark.parametrize("kills", [3, pytest.param(100, marks=pytest.mark.slow)])
def test_a_kill_at_any_moment_leaves_no_entry_that_is_used_and_bad(kills, bundle, wanted):
    hashes = set()
    for _ in range(kills):
        processes = [start("for ever"), start("for ever")]  # each writes and clears what the other one reads
        for process in processes:
            process.stdout.readline()
        time.sleep(random.uniform(0, 0.1))
        for process in processes:
            process.send_signal(signal.SIGKILL)
        for process in processes:
            hashes |= {line for line in process.communicate()[0].split("\n")[:-1]}
        assert load_converted(bundle, "int8", "1").model == wanted
        assert not load_converted(bundle, "int8", "1").warning
    assert hashes <= {hashlib.sha256(wanted).hexdigest()}


def test_the_command_lists_and_clears(bundle):
    assert "nothing in" in run("cache", "list").err
    load_converted(bundle, "int8", "1")
    assert (
        f"{TINY}  int8" in run("cache", "list").text and '"quantization": "int8"' in run("cache", "list", "--json").text
    )
    assert "1 file" in run("cache", "clear").err and not entries()
