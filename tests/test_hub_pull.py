"""tfcli pull against a Hub on this machine, with the Hub's own client."""

import os
import random
import re
import signal
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hub_processes import MODEL, files_of, start, tfcli
from hub_server import TOKEN, Fault, Hub

NAME = "alice/toy"


@pytest.fixture
def hub():
    with Hub() as running:
        running.add(NAME, MODEL)
        yield running


def assert_one_line(ended, code: int) -> None:
    """An error as people get it: the code, nothing on stdout, a sentence, no traceback, no token."""
    assert (ended.returncode, ended.stdout) == (code, ""), ended.stderr
    assert "Traceback" not in ended.stderr and TOKEN not in ended.stderr
    assert len(re.findall("^tfcli: ", ended.stderr, re.M)) == 1, ended.stderr


def test_a_pulled_model_is_the_one_that_was_there_and_works_offline(hub, tmp_path):
    pulled = tfcli(hub, tmp_path, "pull", NAME)
    assert pulled.returncode == 0, pulled.stderr
    folder = Path(pulled.stdout.rstrip("\n"))
    assert files_of(folder) == MODEL and folder.name == hub.repos[NAME].refs["main"]
    hub.log.clear()
    offline = tfcli(hub, tmp_path, "translate", "-m", NAME, "你好", HF_HUB_OFFLINE="1")
    direct = tfcli(hub, tmp_path, "translate", "-m", str(folder), "你好")
    assert offline.stdout == direct.stdout != "" and hub.log == []


def test_pulled_models_are_listed(hub, tmp_path):
    assert NAME not in tfcli(hub, tmp_path, "list").stdout
    assert tfcli(hub, tmp_path, "pull", NAME).returncode == 0
    assert f"{NAME}  pulled " in tfcli(hub, tmp_path, "list").stdout


def test_pulling_again_asks_once(hub, tmp_path):
    first = tfcli(hub, tmp_path, "pull", NAME)
    hub.log.clear()
    assert tfcli(hub, tmp_path, "pull", NAME).stdout == first.stdout
    assert len(hub.log) == 1


def test_a_file_that_was_changed_in_the_cache_is_fetched_again(hub, tmp_path):
    folder = Path(tfcli(hub, tmp_path, "pull", NAME).stdout.rstrip("\n"))
    blob = (folder / "model.safetensors").resolve()
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")
    assert tfcli(hub, tmp_path, "pull", NAME).returncode == 0
    assert files_of(folder) == MODEL


def test_all_files_come_from_one_commit_and_a_revision_pins(hub, tmp_path):
    repo = hub.repos[NAME]
    old = repo.refs["main"]
    hub.faults.append(Fault("GET .*/tree/", "lost", times=0))
    new = repo.commit({**MODEL, "README.md": b"new"})
    for revision, card in ((old, MODEL["README.md"]), (new, b"new"), ("main", b"new")):
        folder = Path(tfcli(hub, tmp_path, "pull", f"{NAME}@{revision}").stdout.rstrip("\n"))
        assert (folder / "README.md").read_bytes() == card
    assert tfcli(hub, tmp_path, "translate", "-m", f"{NAME}@{old}", "好").returncode == 0
    assert tfcli(hub, tmp_path, "translate", "-m", NAME, "--revision", old, "--offline", "好").returncode == 0
    assert_one_line(tfcli(hub, tmp_path, "translate", "--revision", old, "好"), 2)
    assert_one_line(tfcli(hub, tmp_path, "translate", "-m", f"{NAME}@other", "好"), 5)


def test_a_copy_appears_whole_or_not_at_all(hub, tmp_path):
    to = tmp_path / "copy"
    hub.faults.append(Fault("GET .*config.json", 404))
    assert tfcli(hub, tmp_path / "home", "pull", NAME, "--to", str(to)).returncode and not to.exists()
    assert tfcli(hub, tmp_path / "home", "pull", NAME, "--to", str(to)).stdout == f"{to}\n"
    assert files_of(to) == MODEL and sorted(os.listdir(tmp_path)) == ["copy", "home"]
    assert_one_line(tfcli(hub, tmp_path / "home", "pull", NAME, "--to", str(to)), 2)


FAULTS = [
    (Fault(f"GET /api/models/{NAME}", 401, times=9), 6),
    (Fault(f"GET /api/models/{NAME}", 403, times=9), 6),
    (Fault(f"GET /api/models/{NAME}", 404, times=9, headers={"X-Error-Code": "RepoNotFound"}), 5),
    (Fault(f"GET /api/models/{NAME}", 404, times=9, headers={"X-Error-Code": "RevisionNotFound"}), 5),
    (Fault(f"GET /api/models/{NAME}", 403, times=9, headers={"X-Error-Code": "GatedRepo"}), 6),
    (Fault(f"GET /api/models/{NAME}", 500, times=9), 7),
    (Fault(f"GET /api/models/{NAME}", 429, times=9, headers={"Retry-After": "3600"}), 7),
    (Fault(f"GET /api/models/{NAME}", "html", times=9), 7),
    (Fault(f"GET /api/models/{NAME}", "reset", times=99), 7),
    pytest.param(Fault("GET .*/tree/", 503, times=99), 7, marks=pytest.mark.slow),  # the library tries for 23 s
    (Fault("GET .*/tree/", "html", times=9), 7),
    (Fault("GET .*/resolve/", 404, times=9, headers={"X-Error-Code": "EntryNotFound"}), 5),
    (Fault("GET .*/resolve/", {"Content-Encoding": "gzip"}, times=99), 7),
    (Fault("GET /[0-9a-f]{64}", "flip", times=9), 4),
    (Fault("GET .*/README.md", "flip", times=9), 4),
]


@pytest.mark.parametrize("fault, code", FAULTS, ids=lambda value: str(getattr(value, "kind", value))[:20])
def test_a_fault_that_stays_is_named(hub, tmp_path, fault, code):
    hub.faults.append(Fault(**vars(fault)))
    home = tmp_path / "home"
    assert_one_line(tfcli(hub, home, "pull", NAME, patience=1.0), code)
    assert sorted(os.listdir(tmp_path)) in ([], ["home"])
    assert tfcli(hub, home, "translate", "-m", NAME, "好").returncode == 5, "half a model is no model"


PLACES = [f"/api/models/{NAME}$", "/tree/", "GET .*config.json", "GET /[0-9a-f]{64}"]
SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "pattern, kind",
    [
        *((place, kind) for place in PLACES for kind in (503, "reset")),
        *((PLACES[-1], kind) for kind in ("cut", "break", "flip")),
        *(pytest.param(place, "hang", marks=SLOW) for place in PLACES),
        pytest.param(PLACES[-1], "stall", marks=SLOW),
    ],
)
def test_a_fault_that_passes_leaves_no_trace(hub, tmp_path, pattern, kind):
    hub.hang_seconds = 1.5
    hub.faults.append(Fault(pattern, kind, at=1000))
    ended = tfcli(hub, tmp_path, "pull", NAME, patience=0.7, HF_HUB_DOWNLOAD_TIMEOUT="1", HF_HUB_ETAG_TIMEOUT="1")
    assert ended.returncode == 0, ended.stderr
    assert files_of(Path(ended.stdout.rstrip("\n"))) == MODEL


def test_what_is_no_model_of_ours_is_refused_in_a_sentence(hub, tmp_path):
    hub.add("bob/bert", {"config.json": b"{}", "model.safetensors": b"x"}, library="transformers")
    ended = tfcli(hub, tmp_path, "pull", "bob/bert")
    assert_one_line(ended, 4)
    assert "transformers" in ended.stderr
    hub.add("bob/broken", {**MODEL, "config.json": b'{"format": 1}'})
    assert_one_line(tfcli(hub, tmp_path, "pull", "bob/broken"), 4)
    hub.add("bob/swapped", {**MODEL, "tokenizer.model": MODEL["tokenizer.model"][:-1] + b"!"})
    assert_one_line(tfcli(hub, tmp_path, "pull", "bob/swapped"), 4)


def test_a_tree_without_end_ends(hub, tmp_path):
    hub.endless = True
    assert_one_line(tfcli(hub, tmp_path, "pull", NAME), 4)
    assert len(hub.log) < 20


@pytest.mark.parametrize("name", ["toy", "a/b/c", "a/..", "../b", "a/b@", "a/b@../x", "a--b/c", "a/b@/x", "-/x\n"])
def test_names_that_are_none(hub, tmp_path, name):
    assert_one_line(tfcli(hub, tmp_path, "pull", "--", name), 2)
    assert hub.log == []


def test_offline_means_that_nobody_is_asked(hub, tmp_path):
    assert_one_line(tfcli(hub, tmp_path, "pull", NAME, HF_HUB_OFFLINE="1"), 7)
    assert hub.log == []


def test_a_private_repository_without_a_token_and_with_a_wrong_one(hub, tmp_path):
    for token in ("", "hf_wrongwrongwrongwrongwrongwrong"):
        ended = tfcli(hub, tmp_path, "pull", NAME, HF_TOKEN=token)
        assert_one_line(ended, 5)
        assert "private" in ended.stderr and "wrongwrong" not in ended.stderr


def test_the_token_goes_to_the_hub_alone(hub, tmp_path):
    assert tfcli(hub, tmp_path, "pull", NAME, "-v", HF_DEBUG="1").returncode == 0
    seen = set(hub.seen_tokens)
    assert {token for host, token in seen if host == urlsplit(hub.cdn).netloc} == {None}
    assert (urlsplit(hub.url).netloc, f"Bearer {TOKEN}") in seen


def _kill(hub, tmp_path, number: int, signal_number: int) -> int:
    """How many of the pulls were still at work."""
    hit = 0
    for i in range(number):
        to = tmp_path / f"copy{i}"
        process = start(hub, tmp_path / f"home{i}", "pull", NAME, "--to", str(to))
        time.sleep(random.uniform(0.3, 1.6))
        process.send_signal(signal_number)
        out, err = process.communicate(timeout=30)
        if process.returncode:
            hit += 1
            if signal_number == signal.SIGINT:
                assert process.returncode in (130, -signal.SIGINT) and b"Traceback" not in err, err
        assert not to.exists() or files_of(to) == MODEL
        assert tfcli(hub, tmp_path / f"home{i}", "pull", NAME).returncode == 0
    return hit


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_pull_that_is_stopped_leaves_no_half_folder(hub, tmp_path, number):
    _kill(hub, tmp_path, 2, number)


@pytest.mark.slow
@pytest.mark.parametrize("number, times", [(signal.SIGKILL, 100), (signal.SIGINT, 50)])
def test_pulls_that_are_stopped_leave_no_half_folder(hub, tmp_path, number, times):
    assert _kill(hub, tmp_path, times, number) > times // 4


@pytest.mark.slow
def test_two_hundred_pulls_over_a_bad_line_are_all_the_same(hub, tmp_path):
    hub.hang_seconds = 1.5
    for i in range(200):
        rng = random.Random(i)
        kinds = [rng.choice([503, "reset", "cut", "break", "stall"]) for _ in range(rng.randint(1, 4))]
        hub.faults[:] = [Fault("", kind, skip=rng.randint(0, 12)) for kind in kinds]
        ended = tfcli(hub, tmp_path / str(i), "pull", NAME, patience=0.7, HF_HUB_DOWNLOAD_TIMEOUT="1")
        assert ended.returncode == 0, (kinds, ended.stderr)
        assert files_of(Path(ended.stdout.rstrip("\n"))) == MODEL
