"""The access token is shown nowhere: not on a terminal, in a log or in a file, whatever fails and however loudly."""

from pathlib import Path

import pytest
from hub_processes import MODEL, Servant
from hub_server import TOKEN, Fault, Hub

NAME = "alice/toy"
PULL, PUSH = ["pull", NAME], ["push", "{folder}", NAME, "--yes"]
ECHO = {"X-Error-Message": f"who is {TOKEN}?", "X-Error-Code": "Odd"}
FAILURES = [
    *((PULL, Fault("/api/models/", status, times=9)) for status in (400, 401, 403, 404, 409, 413, 429, 500)),
    (PULL, Fault("/api/models/", 404, times=9, headers={"X-Error-Code": "RepoNotFound"})),
    (PULL, Fault("/api/models/", 404, times=9, headers={"X-Error-Code": "RevisionNotFound"})),
    *((PULL, Fault("/api/models/", status, times=9, headers=ECHO)) for status in (400, 403, 418, 500)),
    *((PULL, Fault("/api/models/", kind, times=99)) for kind in ("html", "reset")),
    *((PULL, Fault("GET .*/resolve/", status, times=9, headers=ECHO)) for status in (400, 403, 404)),
    *((PULL, Fault("/resolve/|GET /[0-9a-f]{64}", kind, times=99)) for kind in ("flip", "html")),
    *((PUSH, Fault("POST .*repos/create", status, times=9, headers=ECHO)) for status in (400, 401, 403)),
    *((PUSH, Fault("POST .*preupload", status, times=9, headers=ECHO)) for status in (400, 403, 413)),
    *((PUSH, Fault("POST .*objects/batch", status, times=9, headers=ECHO)) for status in (400, 403)),
    *((PUSH, Fault("POST .*commit/", status, times=9, headers=ECHO)) for status in (400, 403, 409, 412, 413)),
    *((PUSH, Fault("POST .*commit/", kind, times=9)) for kind in ("html", "reset")),
    (["push", "{folder}", "no name", "--yes"], None),
    (["pull", f"{NAME}@no-such"], None),
    (["pull", "nobody/nothing"], None),
    (["push", "nowhere", NAME, "--yes"], None),
    (["translate", "-m", NAME, "好"], None),
]
MODES = {"normal": ((), {}), "verbose": (("-v",), {}), "debug": (("-v",), {"HF_DEBUG": "1"})}


@pytest.fixture
def hub():
    with Hub() as running:
        yield running


def fail(hub, tmp_path, mode: str, failures) -> None:
    arguments, environment = MODES[mode]
    folder = tmp_path / "model"
    folder.mkdir()
    for name, data in MODEL.items():
        (folder / name).write_bytes(data)
    with Servant(hub, tmp_path / "home", **environment) as servant:
        for command, fault in failures:
            hub.repos.clear()
            if command is not PUSH:
                hub.add(NAME, MODEL)
            hub.faults[:] = [Fault(**vars(fault))] if fault else []
            ended = servant.run(*(word.format(folder=folder) for word in command), *arguments)
            assert ended.returncode, (command, fault)
            assert TOKEN not in ended.stdout + ended.stderr, (command, fault)
        assert TOKEN not in servant.logged()
    files = [path for path in Path(tmp_path).rglob("*") if path.is_file()]
    assert files and not [path for path in files if TOKEN.encode() in path.read_bytes()]


def test_forty_ways_to_fail_and_three_to_talk():
    assert len(FAILURES) >= 40 and len(MODES) == 3


@pytest.mark.parametrize("mode", MODES)
def test_the_token_is_shown_nowhere(hub, tmp_path, mode):
    fail(hub, tmp_path, mode, FAILURES[list(MODES).index(mode) :: len(MODES)])


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_the_token_is_shown_nowhere_whatever_fails(hub, tmp_path, mode):
    fail(hub, tmp_path, mode, FAILURES)
