"""tfcli pull from a Hub that means harm: names, headers and bytes that are not what they should be."""

import os
import random
from pathlib import Path

import pytest
from hub_processes import MODEL, Servant, files_of
from hub_server import Fault, Hub, is_large, oid_of
from test_hub_pull import assert_one_line

SLOW = pytest.mark.slow
PARTS = ["..", "/", "\\", "C:", "//", "~", "CON", "NUL", "x", "\0", "\x1b[31m", "\u202e", "%2e%2e", "．．", "$(x)"]
PARTS += [" ", ".", "\n", "\\\\host\\", ".git/config", "refs/", "model.safetensors", "CONFIG.JSON", "config.json/"]
PARTS += ["a" * 300]
SIZES = [0, 3, -1, 10**15, 2**64, "3", None, 1e300, True]
OIDS = ["0" * 40, "../../../x", "", "\x1b]0;x\x07", "f" * 64, None, 7]


@pytest.fixture
def hub():
    with Hub() as running:
        yield running


@pytest.fixture
def servant(hub, tmp_path):
    with Servant(hub, tmp_path / "home") as running:
        yield running


def assert_whole_or_nothing(ended, tmp_path: Path) -> None:
    """Either the model as it was, or one sentence; and nothing outside the cache in both cases."""
    if ended.returncode == 0:
        assert files_of(Path(ended.stdout.rstrip("\n"))) == MODEL
    else:
        assert_one_line(ended, ended.returncode)
        assert ended.returncode in (4, 5, 6, 7), ended.stderr
    assert "\x1b" not in ended.stderr and "\u202e" not in ended.stderr
    assert os.listdir(tmp_path) in ([], ["home"])
    assert {path.name for path in tmp_path.glob("home/*")} <= {"hub", "xet"}
    assert {path.name for path in tmp_path.glob("home/hub/models--*/snapshots/*/**/*")} <= set(MODEL)


def strange_entry(rng: random.Random) -> dict:
    name = "".join(rng.choices(PARTS, k=rng.randint(1, 4)))
    if rng.random() < 0.6:  # or hardly any listing would be read to its end
        return {"type": "file", "path": name, "oid": "0" * 40, "size": 3}
    if rng.random() < 0.3:
        name = rng.choice(["config.json", "model.safetensors", "README.md"])  # a second one of a known name
    entry = {"type": rng.choice(["file", "file", "directory", "", None]), "path": name}
    entry |= {"oid": rng.choice(OIDS), "size": rng.choice(SIZES)}
    if rng.random() < 0.3:
        entry["lfs"] = {"oid": rng.choice(OIDS), "size": rng.choice(SIZES), "pointerSize": rng.choice(SIZES)}
    if rng.random() < 0.2:
        del entry[rng.choice(list(entry))]
    return entry


@pytest.mark.parametrize("count", [12, pytest.param(200, marks=SLOW)])
def test_strange_listings(hub, servant, tmp_path, count):
    for i in range(count):
        rng = random.Random(i)
        hub.add(f"eve/x{i}", MODEL)
        hub.extra_tree = [strange_entry(rng) for _ in range(rng.randint(1, 6))]
        assert_whole_or_nothing(servant.run("pull", f"eve/x{i}"), tmp_path)


PLACES = ["GET .*/resolve/", "GET /[0-9a-f]{64}", "GET .*/tree/", "/api/models/"]
HEADERS = ["ETag", "X-Linked-Etag", "X-Repo-Commit", "Location", "X-Linked-Size", "Link", "Content-Encoding"]
HEADERS += ["X-Error-Code"]
VALUES = ["../../../x", '"../x"', "/etc/x", "0" * 40, "0" * 64, "", '""', '"' + "a" * 129 + '"', "W/..", "-1", "1e9"]
VALUES += ["x" * 4000, "file:///etc/passwd", "http://example.com/x", "//x", "RepoNotFound", "gzip", "\x1b[31m"]
VALUES += ["<../x>; rel=next"]


@pytest.mark.parametrize("count", [20, pytest.param(500, marks=SLOW)])
def test_strange_headers(hub, servant, tmp_path, count):
    for i in range(count):
        rng = random.Random(i)
        hub.add(f"eve/x{i}", MODEL)
        headers = {rng.choice(HEADERS): rng.choice(VALUES) for _ in range(rng.randint(1, 3))}
        hub.faults[:] = [Fault(rng.choice(PLACES), headers, times=99, skip=rng.randint(0, 2))]
        assert_whole_or_nothing(servant.run("pull", f"eve/x{i}"), tmp_path)


@pytest.mark.parametrize("count", [12, pytest.param(1000, marks=SLOW)])
def test_a_flipped_bit_is_found(hub, servant, count):
    files = sorted(name for name in MODEL if MODEL[name])
    for i in range(count):
        name, place = files[i % len(files)], random.Random(i)
        hub.add(f"eve/x{i}", MODEL)
        pattern = f"GET /{oid_of(name, MODEL[name])}" if is_large(name) else f"GET .*resolve.*{name}"
        hub.faults[:] = [Fault(pattern, "flip", times=99, at=place.randrange(len(MODEL[name])))]
        assert_one_line(servant.run("pull", f"eve/x{i}"), 4)
