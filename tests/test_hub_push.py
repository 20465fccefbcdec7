"""tfcli push against a Hub on this machine, with the Hub's own client."""

import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hub_processes import MODEL, files_of, start, tfcli
from hub_server import TOKEN, Fault, Hub
from test_hub_pull import assert_one_line

NAME = "alice/toy"


@pytest.fixture
def hub():
    with Hub() as running:
        yield running


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path / "model", MODEL)


def make_folder(path: Path, files: dict[str, bytes]) -> Path:
    path.mkdir()
    for name, data in files.items():
        (path / name).write_bytes(data)
    return path


def pushed(hub: Hub) -> dict[str, bytes]:
    return {name: data for name, data in hub.repos[NAME].files.items() if name != ".gitattributes"}


def test_what_is_pushed_comes_back_byte_for_byte(hub, folder, tmp_path):
    ended = tfcli(hub, tmp_path / "home", "push", str(folder), NAME, "--yes")
    assert ended.returncode == 0, ended.stderr
    repo = hub.repos[NAME]
    assert ended.stdout == f"{hub.url}/{NAME}/commit/{repo.refs['main']}\n"
    assert pushed(hub) == MODEL and repo.private and len(repo.commits) == 2
    pulled = tfcli(hub, tmp_path / "other", "pull", NAME)
    assert files_of(Path(pulled.stdout.rstrip("\n"))) == MODEL
    environment = {**os.environ, **hub.environment(tmp_path / "third")}
    command = [str(Path(sys.executable).with_name("hf")), "download", NAME, "--local-dir", str(tmp_path / "theirs")]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    theirs = tfcli(hub, tmp_path / "third", "translate", "-m", str(tmp_path / "theirs"), "你好")
    assert theirs.returncode == 0 and theirs.stdout


def test_pushing_again_makes_no_commit(hub, folder, tmp_path):
    first = tfcli(hub, tmp_path / "home", "push", str(folder), NAME, "--yes")
    assert tfcli(hub, tmp_path / "home", "push", str(folder), NAME, "--yes").stdout == first.stdout
    assert len(hub.repos[NAME].commits) == 2


def test_dry_run_asks_nobody_and_without_yes_nothing_happens(hub, folder, tmp_path):
    ended = tfcli(hub, tmp_path / "home", "push", str(folder), NAME, "--dry-run")
    assert (ended.returncode, ended.stdout, hub.log) == (0, "", [])
    assert all(re.search(rf"{name} +{len(data):,}\b", ended.stderr) for name, data in MODEL.items())
    assert tfcli(hub, tmp_path / "home", "push", str(folder), NAME).returncode == 2
    assert hub.log == []


def test_branches_pull_requests_and_public_repositories(hub, folder, tmp_path):
    def push(*arguments):
        ended = tfcli(hub, tmp_path / "home", "push", str(folder), NAME, "--yes", *arguments)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    push("--public", "--revision", "draft")
    repo = hub.repos[NAME]
    assert not repo.private and list(repo.files) == [".gitattributes"]
    assert set(MODEL) < set(repo.commits[repo.refs["draft"]])
    assert push("--pr") == f"{hub.url}/{NAME}/discussions/1\n"
    assert list(repo.files) == [".gitattributes"] and set(MODEL) < set(repo.commits[repo.refs["refs/pr/1"]])


def test_a_card_is_written_if_there_is_none_and_a_persons_card_stays(hub, folder, tmp_path):
    (folder / "README.md").unlink()
    assert tfcli(hub, tmp_path / "home", "push", str(folder), NAME, "--yes").returncode == 0
    card = pushed(hub)["README.md"].decode()
    facts = yaml.safe_load(card.split("---")[1])
    assert (facts["library_name"], facts["pipeline_tag"], facts["language"]) == ("tfcli", "translation", ["zh", "en"])
    assert f"tfcli pull {NAME}" in card
    repo = hub.repos[NAME]
    repo.commit({**repo.files, "README.md": b"# Mine\n"})
    assert tfcli(hub, tmp_path / "home", "push", str(folder), NAME, "--yes").returncode == 0
    assert pushed(hub)["README.md"] == b"# Mine\n"
    (folder / "README.md").write_bytes(b"# Mine, newer\n")
    assert tfcli(hub, tmp_path / "home", "push", str(folder), NAME, "--yes").returncode == 0
    assert pushed(hub)["README.md"] == b"# Mine, newer\n"


def _symlink(folder, outside):
    (folder / "README.md").unlink()
    (folder / "README.md").symlink_to(outside)


def _hard_link(folder, outside):
    (folder / "README.md").unlink()
    os.link(outside, folder / "README.md")


def _pipe(folder, outside):
    (folder / "README.md").unlink()
    os.mkfifo(folder / "README.md")


def _directory(folder, outside):
    (folder / "LICENSE").mkdir()


def _token(folder, outside):
    (folder / "README.md").write_text(f"my token is {TOKEN}\n")


@pytest.mark.parametrize("spoil, code", [(_symlink, 4), (_hard_link, 4), (_pipe, 4), (_directory, 4), (_token, 2)])
def test_what_must_not_leave_this_machine_stays(hub, folder, tmp_path, spoil, code):
    outside = tmp_path / "secret"
    outside.write_text("secret")
    spoil(folder, outside)
    assert_one_line(tfcli(hub, tmp_path / "home", "push", str(folder), NAME, "--yes"), code)
    assert hub.log == []


def test_other_files_are_named_and_stay(hub, folder, tmp_path):
    (folder / ".env").write_text("A=1")
    (folder / "optimizer.safetensors").write_bytes(b"x")
    (folder / "sub").mkdir()
    ended = tfcli(hub, tmp_path / "home", "push", str(folder), NAME, "--yes")
    assert pushed(hub) == MODEL and ".env, optimizer.safetensors, sub" in ended.stderr


ASKED = ["GET /api/models", "POST /api/repos/create", "POST .*commit/"]
RETRIED = ["POST .*preupload", "objects/batch", "PUT", "/verify"]  # by the library itself, for 23 s
LASTING = [
    *((request, 403) for request in ASKED + RETRIED),
    *((request, "reset") for request in ASKED),
    *(pytest.param(request, kind, marks=pytest.mark.slow) for request in RETRIED for kind in ("reset", 503)),
    *(pytest.param(request, kind, marks=pytest.mark.slow) for request in ASKED for kind in ("hang", 503)),
]


@pytest.mark.parametrize("pattern, kind", LASTING)
def test_a_fault_that_stays_leaves_the_repository_as_it_was(hub, folder, tmp_path, pattern, kind):
    hub.faults.append(Fault(pattern, kind, times=999))
    ended = tfcli(hub, tmp_path / "home", "push", str(folder), NAME, "--yes", patience=1.0)
    assert_failed(ended, {5, 6} if kind == 403 else {7})
    assert NAME not in hub.repos or not pushed(hub)


def assert_failed(ended, codes: set[int]) -> None:
    """As `assert_one_line`, after the list of files."""
    assert ended.returncode in codes and ended.stdout == "", ended.stderr
    assert "Traceback" not in ended.stderr and TOKEN not in ended.stderr
    assert len(re.findall("^tfcli: ", ended.stderr, re.M)) == 1, ended.stderr


@pytest.mark.parametrize("pattern, kind", [("POST .*commit/", "lost"), ("POST .*commit/", 500), ("PUT", "lost")])
def test_a_fault_that_passes_leaves_one_commit(hub, folder, tmp_path, pattern, kind):
    hub.faults.append(Fault(pattern, kind))
    ended = tfcli(hub, tmp_path / "home", "push", str(folder), NAME, "--yes", patience=2.0)
    assert ended.returncode == 0, ended.stderr
    assert pushed(hub) == MODEL and len(hub.repos[NAME].commits) == 2


def test_a_lost_answer_opens_no_second_pull_request(hub, folder, tmp_path):
    hub.add(NAME, {})
    hub.faults.append(Fault("POST .*commit/", "lost"))
    ended = tfcli(hub, tmp_path / "home", "push", str(folder), NAME, "--yes", "--pr")
    assert_failed(ended, {7})
    assert f"{hub.url}/{NAME}/discussions" in ended.stderr
    assert [name for name in hub.repos[NAME].refs if name.startswith("refs/pr/")] == ["refs/pr/1"]


def _race(hub, tmp_path, number: int) -> None:
    """Two people push different models at the same time."""
    hub.add(NAME, MODEL)
    folders = [make_folder(tmp_path / who, {**MODEL, "README.md": who.encode()}) for who in "ab"]
    for i in range(number):
        for folder in folders:
            (folder / "LICENSE").write_text(f"{folder.name} {i}")
        before = len(hub.repos[NAME].commits)
        racing = [start(hub, tmp_path / "home", "push", str(folder), NAME, "--yes") for folder in folders]
        codes = []
        for process in racing:
            _, err = process.communicate(timeout=60)
            codes.append(process.returncode)
            assert process.returncode in (0, 8), err
        assert len(hub.repos[NAME].commits) - before == codes.count(0) >= 1
        assert hub.repos[NAME].files["README.md"] in (b"a", b"b")


def test_of_two_pushes_at_once_none_is_half(hub, tmp_path):
    _race(hub, tmp_path, 2)


@pytest.mark.slow
def test_of_many_pushes_at_once_none_is_half(hub, tmp_path):
    _race(hub, tmp_path, 50)


@pytest.mark.slow
def test_fifty_lost_answers_make_one_commit_each(hub, folder, tmp_path):
    hub.add(NAME, MODEL)
    for i in range(50):
        (folder / "LICENSE").write_text(f"{random.random()} {i}")
        before = len(hub.repos[NAME].commits)
        hub.faults[:] = [Fault("POST .*commit/", "lost")]
        assert tfcli(hub, tmp_path / "home", "push", str(folder), NAME, "--yes").returncode == 0
        assert len(hub.repos[NAME].commits) == before + 1


def test_a_run_pushes_its_model_and_a_failure_to_push_loses_nothing(hub, tmp_path):
    (tmp_path / "corpus.tsv").write_text("你好\tHello\n谢谢\tThanks\n" * 20, encoding="utf-8")
    run = tmp_path / "run"
    command = ["train", "--train", str(tmp_path / "corpus.tsv"), "--run-dir", str(run), "--push-to", NAME]
    small = ["--steps=2", "--set=model.d_model=16", "--set=model.d_ff=16", "--set=tokenizer.vocab_size=282"]
    hub.faults.append(Fault("POST .*commit/", 403, times=9))
    failed = tfcli(hub, tmp_path / "home", *command, *small)
    assert failed.returncode == 6 and f"tfcli push {run}/bundle {NAME}" in failed.stderr, failed.stderr
    bundle = files_of(run / "bundle")
    hub.faults.clear()
    again = tfcli(hub, tmp_path / "home", *command, *small)
    assert again.returncode == 0, again.stderr
    assert pushed(hub) == bundle == files_of(run / "bundle")


def test_a_change_in_the_meantime_is_a_conflict(hub, folder, tmp_path):
    hub.add(NAME, {"README.md": b"theirs"})
    hub.faults.append(Fault("POST .*commit/", 412, times=9))
    ended = tfcli(hub, tmp_path / "home", "push", str(folder), NAME, "--yes")
    assert_failed(ended, {8})
    assert pushed(hub) == {"README.md": b"theirs"}


@pytest.mark.parametrize("token", ["", "hf_wrongwrongwrongwrongwrongwrong"])
def test_without_a_good_token_nothing_is_pushed(hub, folder, tmp_path, token):
    ended = tfcli(hub, tmp_path / "home", "push", str(folder), NAME, "--yes", HF_TOKEN=token)
    assert_failed(ended, {6})
    assert "wrongwrong" not in ended.stderr and hub.repos == {}
