"""The folder of a run: only what tfcli wrote there is replaced or deleted, and only when there is something better."""

import json
import os
import shutil
import stat

import pytest
from commands import run
from runs import short_recipe, training

from tfcli.config.recipe import to_toml
from tfcli.disk import append_line
from tfcli.training import earlier, trainer
from tfcli.training.checkpoint import list_checkpoints, load_latest
from tfcli.training.curves import read_panels
from tfcli.training.run_folder import RunFolder

TRAIN = ["train", "recipe.toml", "--run-dir", "run", "--device", "cpu"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a recipe, its corpora, and a run of it."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        recipe = training(short_recipe(folder), steps=4, valid_every=2, save_every=2)
        (folder / "recipe.toml").write_text(to_toml(recipe), encoding="utf-8")
        ended = run(*TRAIN)
        assert ended.code == 0, ended.err
    return folder


@pytest.fixture
def here(trained, tmp_path, monkeypatch):
    folder = shutil.copytree(trained, tmp_path / "here", symlinks=True)
    monkeypatch.chdir(folder)
    return folder


def contents(folder) -> dict[str, tuple]:
    """What each path below is, byte for byte and mode for mode; but for the lock, which names a process."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = os.lstat(path)
        data = path.read_bytes() if stat.S_ISREG(status.st_mode) else os.readlink(path) if path.is_symlink() else None
        if path.name != "run.lock":
            found[str(path.relative_to(folder))] = (stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode), data)
    return found


@pytest.mark.parametrize(
    "options, code",
    [
        (["--train", "missing.tsv"], 5),
        (["--train", "valid.tsv"], 3),  # too small for the tokenizer
        (["--valid", "missing.tsv"], 5),
        (["--init", "nowhere"], 5),
        (["--set", "tokenizer.path=missing"], 5),
        (["--device", "cuda:77"], 2),
        (["--set", "model.num_heads=3"], 4),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_fresh_with_a_mistake_costs_nothing(options, code, here):
    before = contents(here / "run")
    ended = run(*TRAIN, "--fresh", *options)
    assert ended.code == code and "unexpected" not in ended.err, ended.err
    assert contents(here / "run") == before


def test_fresh_without_memory_costs_nothing(here, monkeypatch):
    before = contents(here / "run")

    def fail(*_):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(trainer.Trainer, "update", fail)
        assert run(*TRAIN, "--fresh").code == 9
    assert contents(here / "run") == before
    assert run(*TRAIN, "--fresh", "--set", "training.seed=7").code == 0
    assert not [name for name in os.listdir(here / "run") if name.startswith(".earlier")]


@pytest.mark.parametrize("calls", range(9))
def test_a_run_that_was_killed_while_another_one_replaced_it_is_the_old_or_the_new(calls, here, monkeypatch):
    """Killed after so many renames of `set_aside`, or before the first checkpoint."""
    folder, before = RunFolder(here / "run"), contents(here / "run")
    left = calls
    rename = type(folder.path).rename

    class Gone(Exception):
        pass

    def renaming(path, target):
        nonlocal left
        if left == 0:
            raise Gone
        left -= 1
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(type(folder.path), "rename", renaming)
        try:
            earlier.set_aside(folder)
        except Gone:
            pass
        else:
            assert not list_checkpoints(folder.checkpoints) and not folder.recipe.exists()
            folder.recipe.write_text("that of the other run")
            (here / "run" / "metrics.jsonl").write_text("its metrics\n")
    earlier.settle(folder)
    assert contents(here / "run") == before


def test_what_was_not_of_the_run_survives_fresh(here):
    theirs = here / "run" / "checkpoints" / "step-good-one"
    theirs.mkdir()
    (theirs / "notes").write_text("mine")
    shutil.copytree(list_checkpoints(here / "run" / "checkpoints")[-1], theirs.with_name("step-000000009.bak"))
    (here / "run" / "bundle" / ".git").mkdir()
    (here / "run" / "bundle" / ".git" / "HEAD").write_text("ref")
    (here / "run" / "notes.txt").write_text("mine")
    ended = run(*TRAIN, "--fresh", "--set", "training.seed=7")
    assert ended.code == 0, ended.err
    kept = [theirs / "notes", here / "run" / "notes.txt", here / "run" / "bundle" / ".git" / "HEAD"]
    assert [path.read_text() for path in kept] == ["mine", "mine", "ref"]
    assert theirs.with_name("step-000000009.bak").is_dir()
    assert load_latest(here / "run" / "checkpoints")[0].step == 4


@pytest.mark.parametrize("name", ["step-good-one", "step-000000009.bak", "step-9", "step-"])
def test_only_exact_names_are_checkpoints(name, here):
    folder = here / "run" / "checkpoints"
    newest = list_checkpoints(folder)[-1]
    shutil.copytree(newest, folder / name)
    (folder / "step-000000099").symlink_to(newest)
    assert list_checkpoints(folder)[-1] == newest
    assert run(*TRAIN, "--steps", "6", "--set", "training.keep=1").code == 0
    assert (folder / name).is_dir() and (folder / "step-000000099").is_symlink()
    assert [path.name for path in list_checkpoints(folder)] == ["step-000000006"]


def test_a_checkpoint_with_something_else_in_it_is_not_deleted(here):
    first = list_checkpoints(here / "run" / "checkpoints")[0]
    (first / "notes").write_text("mine")
    before = contents(here / "run")
    ended = run(*TRAIN, "--fresh")
    assert ended.code == 2 and "notes" in ended.err
    assert contents(here / "run") == before
    assert run(*TRAIN, "--steps", "6", "--set", "training.keep=1").code == 0
    assert (first / "notes").read_text() == "mine"


def test_checkpoints_behind_a_link_are_gone_on_with_but_not_deleted(here):
    (here / "run" / "checkpoints").rename(here / "elsewhere")
    (here / "run" / "checkpoints").symlink_to(here / "elsewhere")
    before = contents(here)
    ended = run(*TRAIN, "--fresh")
    assert ended.code == 2 and "is a link" in ended.err and contents(here) == before
    assert run(*TRAIN, "--steps", "6").code == 0
    assert load_latest(here / "elsewhere")[0].step == 6


@pytest.mark.parametrize("fresh", [[], ["--fresh"]])
@pytest.mark.parametrize(
    "name", ["checkpoints/mine", "bundle/mine", "tensorboard/mine", "metrics.jsonl", "tokenizer.model", "a", "run.lock"]
)
def test_the_folder_of_another_project_is_no_run(name, fresh, here):
    other = here / "other"
    (other / name).parent.mkdir(parents=True)
    (other / name).write_text("precious")
    before = contents(other)
    lock = (other / "run.lock").read_text() if name == "run.lock" else None
    ended = run(*TRAIN, "--run-dir", "other", *fresh)
    assert ended.code == 2 and "unexpected" not in ended.err, ended.err
    assert contents(other) == before and sorted(os.listdir(other)) == [name.split("/")[0]]
    assert lock is None or (other / "run.lock").read_text() == lock


def test_the_folder_of_the_recipe_is_no_run(here):
    before = contents(here)
    ended = run(*TRAIN, "--run-dir", ".")
    assert ended.code == 2 and contents(here) == before


@pytest.mark.parametrize("kind", ["file", "dangling link", "link to a file", "loop"])
def test_what_is_no_folder_is_no_run(kind, here):
    place = here / "place"
    match kind:
        case "file":
            place.write_text("precious")
        case _:
            place.symlink_to({"dangling link": "nowhere", "link to a file": "recipe.toml", "loop": "place"}[kind])
    before = contents(here)
    for fresh in ([], ["--fresh"]):
        ended = run(*TRAIN, "--run-dir", "place", *fresh)
        assert ended.code == 2 and "unexpected" not in ended.err, ended.err
    assert contents(here) == before


@pytest.mark.parametrize("name", ["run.lock", "metrics.jsonl", "recipe.toml", "tokenizer.model", "curves.svg"])
@pytest.mark.parametrize("kind", ["link", "dangling link", "fifo", "folder", "hard link"])
def test_links_and_pipes_in_a_run_are_not_written_through(name, kind, here):
    path = here / "run" / name
    path.unlink()
    (here / "precious").write_text("precious")
    match kind:
        case "link":
            path.symlink_to(here / "precious")
        case "dangling link":
            path.symlink_to(here / "nowhere")
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "hard link":
            os.link(here / "precious", path)
    ended = run(*TRAIN, "--steps", "6")
    assert "unexpected" not in ended.err and (ended.code in (2, 3, 4) or kind == "hard link"), ended.err
    assert (here / "precious").read_text() == "precious" and not (here / "nowhere").exists()


def test_a_bundle_that_is_none_is_found_before_training(here, monkeypatch):
    monkeypatch.setattr(trainer.Trainer, "run", None)
    shutil.rmtree(here / "run" / "bundle")
    (here / "run" / "bundle").mkdir()
    (here / "run" / "bundle" / "mine").write_text("precious")
    ended = run(*TRAIN)
    assert ended.code == 2 and "is not a model of tfcli" in ended.err
    assert (here / "run" / "bundle" / "mine").read_text() == "precious"


@pytest.mark.parametrize("config", ['{"model_type": "bert"}', "{}", None])
def test_average_replaces_models_of_tfcli_only(config, here):
    theirs = here / "theirs"
    (theirs / ".git").mkdir(parents=True)
    (theirs / ".git" / "HEAD").write_text("ref")
    if config is None:
        shutil.copytree(here / "run" / "bundle", theirs, dirs_exist_ok=True)
    else:
        (theirs / "config.json").write_text(config)
    checkpoints = [str(path) for path in list_checkpoints(here / "run" / "checkpoints")]
    before = contents(theirs)
    ended = run("average", *checkpoints, "-o", "theirs", "--force")
    assert (theirs / ".git" / "HEAD").read_text() == "ref"
    if config is None:
        assert ended.code == 0 and "averaged" in json.loads((theirs / "metrics.json").read_text())
    else:
        assert ended.code == 2 and contents(theirs) == before


def test_a_torn_line_of_metrics_is_passed_over_and_cut(here):
    metrics = here / "run" / "metrics.jsonl"
    whole = metrics.read_bytes()
    metrics.write_bytes(whole + b'{"kind": "step", "st')
    read_panels(metrics)
    assert run("runs", "run").code == 0
    assert run(*TRAIN, "--steps", "6").code == 0
    lines = metrics.read_bytes().split(b"\n")
    assert metrics.read_bytes().startswith(whole) and all(json.loads(line) for line in lines[:-1]) and lines[-1] == b""


def test_a_line_that_finds_no_room_leaves_no_half(tmp_path, monkeypatch):
    path = tmp_path / "metrics"
    append_line(path, b"first\n")
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", lambda fd, data, at, pwrite=os.pwrite: pwrite(fd, data[:3], at))
        with pytest.raises(OSError, match="No space"):
            append_line(path, b"second\n")
    assert path.read_bytes() == b"first\n"
    path.write_bytes(b"first\n" + b"x" * 200_000)
    append_line(path, b"second\n")
    assert path.read_bytes() == b"first\nsecond\n"


def test_a_full_disk_names_the_step_and_the_file(here, monkeypatch):
    def full(path, line):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("tfcli.training.progress.append_line", full)
    ended = run(*TRAIN, "--steps", "6")
    assert ended.code == 9 and "noting step 6" in ended.err and "metrics.jsonl" in ended.err


@pytest.mark.parametrize(
    "line",
    [
        b'{"kind": "step", "step": "one"}',
        b'{"kind": "step", "step": 1, "loss": [1]}',
        b'{"kind": "step", "step": -1, "loss": 1}',
        b'{"kind": "step", "step": 1, "loss": 1e999}',
        b'{"kind": "step", "step": 1, "loss": true}',
        b'{"kind": "step", "step": ' + b"9" * 5000 + b"}",
        b'{"kind": "step", "step": ' + b"9" * 400 + b', "loss": 1}',
        b'{"kind": "step", "step": 1, "loss": ' + b"9" * 400 + b"}",
        b'{"kind": ["step"], "step": 1}',
        b"[" * 100_000,
        b"\xff",
        b"7",
    ],
)
def test_odd_metrics_are_named_and_cost_no_other_run(line, here):
    (here / "runs" / "odd").mkdir(parents=True)
    shutil.copytree(here / "run", here / "runs" / "sound")
    (here / "runs" / "odd" / "metrics.jsonl").write_bytes(line + b"\n" + line + b"\n")
    ended = run("runs", "runs/odd")
    assert ended.code == 3 and "line 1" in ended.err and "unexpected" not in ended.err, ended.err
    listed = run("runs")
    assert listed.code == 0 and "runs/sound" in listed.text and "runs/odd" in listed.text
