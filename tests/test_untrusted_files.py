"""Models from strangers: whatever the files hold, they are refused in a sentence, soon and cheaply, or they work.

Everything runs in a child, so that what brings a process down is seen; the seed is new in every run, and printed.
"""

import io
import json
import os
import pickle
import random
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from conftest import TINY

from tfcli.bundle import CONFIG, REQUIRED, WEIGHTS, read_bundle
from tfcli.config import ModelConfig
from tfcli.errors import ModelError
from tfcli.tokenizer import Tokenizer

SECONDS, MEBIBYTES = 1.0, 300
DEEP = "[" * 100_000
VALUES = [0, -1, 1, 2, 3, 10**9, 2**63, 10**400, -0.0, 0.5, 1e308, True, False, None, "", "full", "x" * 70_000, [], {}]
VALUES += ["\x1b[31m", "\u202e", "../../x", [[]], {"a": {}}, "rotary", "linear", "none", "cnn", "crf"]
RAW = ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, DEEP, "{" * 5000, "\udc80", "'", "0x10", "01", "tru", "/*"]


def mutate_bytes(data: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, cut out, doubled or put in."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        at, length = rng.randrange(len(data) + 1), rng.choice((1, 1, 4, 50))
        match rng.randrange(4):
            case 0:
                data[at : at + length] = rng.randbytes(len(data[at : at + length]))
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = data[at : at + length]
            case 3:
                data[at:at] = rng.randbytes(length)
        data = data or bytearray(b"\0")
    return bytes(data)


def mutate_table(table: dict, rng: random.Random) -> str:
    """JSON with something wrong in it, in most cases in a value."""
    inner = rng.choice([table, *(value for value in table.values() if isinstance(value, dict))])
    key = rng.choice([*inner, "new", "__class__", "auto_map"])
    match rng.randrange(8):
        case 0:
            inner.pop(key, None)
        case 1:
            return mutate_bytes(json.dumps(table).encode(), rng).decode("utf-8", "surrogateescape")
        case 2:
            inner[key] = "@"
            return json.dumps(table).replace('"@"', rng.choice(RAW))
        case 3:
            return json.dumps(table).replace("{", '{"format": 1, ', 1)
        case _:
            inner[key] = rng.choice(VALUES)
    return json.dumps(table)


def header_of(data: bytes) -> tuple[dict, bytes]:
    size = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def mutate_weights(data: bytes, rng: random.Random) -> bytes:
    header, body = header_of(data)
    if rng.random() < 0.3:
        return mutate_bytes(data[: 8 + 4096], rng) + data[8 + 4096 :]
    entry = rng.choice([value for name, value in header.items() if name != "__metadata__"])
    match rng.randrange(6):
        case 0:
            entry["dtype"] = rng.choice(["F64", "I8", "F8_E4M3", "C64", "", None, 3, "BF16", "F32"])
        case 1:
            entry["shape"] = rng.choice([[], [-1], [2**62, 2**62], [0], [1.5], "x", None, [True], entry["shape"][::-1]])
        case 2:
            entry["data_offsets"] = rng.choice([[0, 0], [-1, 5], [2**63, 2**64], [5, 1], [0], None, [0, 10**12]])
        case 3:
            header[rng.choice(["x", "__metadata__", "\x1b"])] = rng.choice([{"a": "b"}, {"a": 1}, 3, entry])
        case 4:
            del header[rng.choice(list(header))]
        case 5:
            body = mutate_bytes(body, rng)
    table = mutate_table(header, rng) if rng.random() < 0.5 else json.dumps(header)
    text = table.encode("utf-8", "surrogateescape")
    size = rng.choice([len(text)] * 6 + [0, 1, 2**20 + 1, 2**63, len(text) + 8])
    return size.to_bytes(8, "little") + text + body


def child(kind: str, count: int, seed: int, folder: Path) -> None:
    """Reads `count` mutated files; fails on anything but ModelError, on a slow refusal, and on a dear one."""
    rng = random.Random(seed)
    torch.set_num_threads(1)
    files = {name: (TINY / name).read_bytes() for name in REQUIRED}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    read_bundle(folder).load_model()
    idle, refused = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0
    for _ in range(count):
        before = resource.getrusage(resource.RUSAGE_SELF)
        try:
            if kind == "config":
                text = mutate_table(json.loads(files[CONFIG]), rng)
                (folder / CONFIG).write_bytes(text.encode("utf-8", "surrogateescape"))
                bundle = read_bundle(folder)
                bundle.tokenizer()
                bundle.load_model()
            elif kind == "weights":
                (folder / WEIGHTS).write_bytes(mutate_weights(files[WEIGHTS], rng))
                read_bundle(folder).num_parameters()
                read_bundle(folder).load_model()
            else:
                found = Tokenizer(mutate_bytes(files["tokenizer.model"], rng))
                found.decode(found.encode("你好，world \ue000 2024\x00\u202e"))
        except ModelError:
            refused += 1
        after = resource.getrusage(resource.RUSAGE_SELF)
        assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < SECONDS, "slow"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle < MEBIBYTES << 10, "dear"
    assert refused > count // 4, refused
    print(refused)


FULL = ("config", 5000), ("weights", 20_000), ("tokenizer", 10_000)


@pytest.mark.parametrize(
    "kind, count",
    [
        *((kind, count // 40) for kind, count in FULL),
        *(pytest.param(*full, marks=pytest.mark.slow) for full in FULL),
    ],
)
def test_mutated_files_are_refused_or_work(kind, count, tmp_path):
    seed = random.randrange(10**9)
    command = [sys.executable, __file__, kind, str(count), str(seed), str(tmp_path)]
    modules = {"PYTHONPATH": os.pathsep.join(folder or os.getcwd() for folder in sys.path)}
    ended = subprocess.run(command, env=os.environ | modules, capture_output=True, text=True)
    assert ended.returncode == 0, f"seed {seed}\n{ended.stderr[-3000:]}"


class Bomb:
    """Leaves a file behind where it is unpickled."""

    def __init__(self, path: str):
        self.path = path

    def __reduce__(self):
        return Path.touch, (Path(self.path),)


def payloads(canary: Path) -> list[bytes]:
    bomb = Bomb(str(canary))
    wrapped = [bomb, [bomb], {"model": bomb}, (1, bomb), {"state_dict": {"weight": bomb}}, {bomb.path: [bomb, bomb]}]
    pickles = [pickle.dumps(value, protocol) for value in wrapped for protocol in range(6)]
    saved = []
    for value in wrapped:
        for zipped in (True, False):
            buffer = io.BytesIO()
            torch.save(value, buffer, _use_new_zipfile_serialization=zipped)
            saved.append(buffer.getvalue())
    return [*pickles, *saved, *(len(data).to_bytes(8, "little") + data for data in pickles[:6])]


def test_pickles_are_never_opened(tmp_path, tiny_copy):
    canary = tmp_path / "canary"
    made = payloads(canary)
    assert len(made) >= 50
    pickle.loads(made[0])
    assert canary.exists()  # the bomb works
    canary.unlink()
    whole = {name: (tiny_copy / name).read_bytes() for name in REQUIRED}
    for data in made:
        for name in REQUIRED:
            (tiny_copy / name).write_bytes(data)
            with pytest.raises(ModelError):
                bundle = read_bundle(tiny_copy)
                bundle.tokenizer()
                bundle.load_model()
            (tiny_copy / name).write_bytes(whole[name])
        for name in ("pytorch_model.bin", "model.pt", "model.pkl", "tokenizer.pickle"):
            (tiny_copy / name).write_bytes(data)
        read_bundle(tiny_copy).load_model()  # what lies beside is not looked at
    (tiny_copy / WEIGHTS).unlink()
    with pytest.raises(ModelError, match="model.safetensors is missing"):
        read_bundle(tiny_copy)
    assert not canary.exists()


@pytest.mark.parametrize("settings", [{"max_length": 2**31}, {"num_encoder_layers": 10**6}, {"vocab_size": 10**12}])
def test_a_model_too_large_for_its_file_takes_no_memory(tiny_copy, settings):
    values = json.loads((tiny_copy / CONFIG).read_text(encoding="utf-8"))
    values["model"] |= settings
    (tiny_copy / CONFIG).write_text(json.dumps(values), encoding="utf-8")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ModelError):
        read_bundle(tiny_copy).load_model()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEBIBYTES << 10
    assert set(settings) <= set(vars(ModelConfig()))


if __name__ == "__main__":
    child(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
