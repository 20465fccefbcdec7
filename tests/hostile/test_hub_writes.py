"""Nothing outside the cache is written or deleted, whatever a Hub calls its commits and whatever links lie there."""

import json
import os
from itertools import count
from pathlib import Path

import pytest
from hub_processes import MODEL, Servant, files_of
from hub_server import Hub, oid_of
from test_hub_pull import assert_one_line

from tfcli.errors import UsageError
from tfcli.pulled import HubName

FRESH = (f"eve/x{i}" for i in count())


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def hub():
    with Hub() as running:
        yield running


@pytest.fixture(scope="module")
def servant(hub, place):
    with Servant(hub, place / "home") as running:
        yield running


@pytest.fixture
def outside(tmp_path) -> Path:
    """Somebody's folder."""
    folder = tmp_path / "outside"
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "main", "secret"):
        (folder / name).write_text("mine")
    return folder


def assert_untouched(outside: Path) -> None:
    there = {path.name: path.read_text() for path in outside.rglob("*")}
    assert there == dict.fromkeys(("config.json", "model.safetensors", "main", "secret"), "mine")


def store(place: Path, name: str) -> Path:
    return place / "home" / "hub" / f"models--{name.replace('/', '--')}"


def call_commit(hub: Hub, sha: object) -> None:
    """Model-info answers name this commit."""

    def tamper(handler, answer):
        if "/api/models/" in handler.path and "/tree/" not in handler.path and handler.command == "GET":
            answer.parts = [json.dumps({**json.loads(answer.parts[0]), "sha": sha}).encode()]
        return answer

    hub.tamper = tamper


WRONG = [None, 7, True, 1.5, [], ["a" * 40], {}, "", "main", "a" * 39, "A" * 40, "a" * 41, "a" * 40 + "\n", "\0" * 40]
WRONG += ["../" * 13 + "x", "../../../../outside/secret", "١" * 40, "{outside}/secret"]


@pytest.mark.parametrize("command", ["pull", "push"])
def test_a_commit_is_forty_hex_digits(hub, servant, outside, place, tmp_path, command):
    folder = tmp_path / "model"
    folder.mkdir()
    for name, data in MODEL.items():
        (folder / name).write_bytes(data)
    for sha in WRONG:
        name = next(FRESH)
        hub.add(name, MODEL)
        call_commit(hub, sha.format(outside=outside) if isinstance(sha, str) else sha)
        arguments = {"pull": ("pull", name), "push": ("push", str(folder), name, "--yes", "-q")}[command]
        assert_one_line(servant.run(*arguments), 7)
        assert files_of(folder) == MODEL and not store(place, name).exists()
        assert len(hub.repos[name].commits) == 1
    hub.tamper = None
    assert_untouched(outside)


REVISIONS = ["../../..", "../outside/main", "/etc/x", "a/../../b", "..", ".", "a//b", "a/", "-x", "x\n", "x" * 300]


def test_a_revision_is_no_path(hub, servant, outside, tmp_path):
    hub.log.clear()
    for revision in REVISIONS:
        for arguments in (["pull", "eve/x"], ["push", str(tmp_path), "eve/x", "--yes"]):
            assert_one_line(servant.run(*arguments, f"--revision={revision}"), 2)
    assert hub.log == []
    assert_untouched(outside)
    for revision in (*REVISIONS, "", "\0"):
        with pytest.raises(UsageError):
            HubName("eve/x", revision)


PLACES = ["", "refs", "refs/main", "snapshots", "snapshots/{sha}", "blobs", "blobs/{config}"]
PLACES += ["snapshots/{sha}/config.json", "snapshots/{sha}/model.safetensors"]


@pytest.mark.parametrize("code", [4, 0], ids=["refused", "accepted"])
def test_no_link_of_the_cache_is_written_or_deleted_through(hub, servant, outside, place, code):
    """code: of the same pull without a link. A model that is refused leaves its cache entry by deleting its config."""
    codes = set()
    for link_name in PLACES:
        name = next(FRESH)
        files = MODEL if code == 0 else {**MODEL, "config.json": b'{"format": 1}'}
        known = {"sha": hub.add(name, files).refs["main"], "config": oid_of("config.json", files["config.json"])}
        link = store(place, name) / link_name.format(**known)
        link.parent.mkdir(parents=True, exist_ok=True)
        target = link.name if (outside / link.name).is_file() else "secret" if "{config}" in link_name else "."
        link.symlink_to(outside / target)
        ended = servant.run("pull", name)
        assert ended.returncode in (code, 9), ended.stderr
        if ended.returncode:
            assert_one_line(ended, ended.returncode)
        else:
            assert files_of(Path(ended.stdout.rstrip("\n"))) == MODEL
        assert ended.returncode != 9 or str(link) in ended.stderr
        assert_untouched(outside)
        codes.add(ended.returncode)
    assert codes == {code, 9}


def test_a_cache_that_is_a_link_itself_is_somebodys_choice(hub, servant, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "hub").symlink_to(tmp_path / "disk")
    hub.add("eve/linked", MODEL)
    assert servant.run("pull", "eve/linked", HF_HUB_CACHE=str(tmp_path / "hub")).returncode == 0
    assert os.listdir(tmp_path / "disk") == ["models--eve--linked"]


def test_a_blob_that_two_repositories_share_stays_shared(hub, servant, place):
    """The Hub's client keeps some blobs once for all repositories, behind relative links within the cache."""
    name = next(FRESH)
    hub.add(name, MODEL)
    assert servant.run("pull", name).returncode == 0
    blob = store(place, name) / "blobs" / oid_of("config.json", MODEL["config.json"])
    shared = place / "home" / "hub" / "shared"
    blob.rename(shared)
    blob.symlink_to("../../shared")
    hub.log.clear()
    assert servant.run("pull", name).returncode == 0
    assert len(hub.log) == 1 and blob.is_symlink() and shared.read_bytes() == MODEL["config.json"]


def test_what_a_killed_pull_has_left_is_removed_after_a_day(hub, servant, place):
    name = next(FRESH)
    hub.add(name, MODEL)
    blobs = store(place, name) / "blobs"
    blobs.mkdir(parents=True)
    old, new, foreign = (blobs / f"{'a' * 40}.{mark}.incomplete" for mark in ("0" * 8, "1" * 8, "by-another"))
    for path in (old, new, foreign):
        path.write_text("half")
        os.utime(path, (1, 1) if path != new else None)
    assert servant.run("pull", name).returncode == 0
    assert not old.exists() and new.exists() and foreign.exists()
