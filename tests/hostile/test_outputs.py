"""What a command writes costs nobody a file: not one that was there, not one that appears, not one behind a link."""

import gzip
import lzma
import os
import stat
import subprocess
import sys
import threading

import pytest
from commands import run
from conftest import TINY
from test_cli_processes import environment  # noqa: F401 (a fixture)

from tfcli.cli.output import open_output
from tfcli.disk import Draft, replace_file, replace_folder
from tfcli.errors import ResourceError, UsageError

PAIRS = "".join(f"第{n}句话\tSentence {n}\n" for n in range(30))
CLEAN = ["data", "clean", "corpus.tsv", "--align", "none", "-q"]


@pytest.fixture(autouse=True)
def here(bare, tmp_path):
    (tmp_path / "corpus.tsv").write_text(PAIRS, encoding="utf-8")
    return tmp_path


def partials(folder):
    return sorted(folder.glob("*.partial"))


@pytest.mark.parametrize("name", ["out.partial", ".out.new", "out.12345678.partial"])
def test_an_input_that_is_called_like_an_unfinished_output_is_read_whole(here, name):
    (here / name).write_text("你好\n" * 300, encoding="utf-8")
    assert run("translate", "-i", name, "-o", "out").code == 0
    assert (here / "out").read_bytes().count(b"\n") == 300
    assert (here / name).read_text(encoding="utf-8") == "你好\n" * 300


@pytest.mark.parametrize("target", ["precious", "nowhere"])
def test_links_where_an_unfinished_file_might_lie_are_not_followed(here, target):
    (here / "precious").write_text("precious")
    (here / "out.partial").symlink_to(target)
    assert run("translate", "你好", "-o", "out").code == 0
    assert os.readlink(here / "out.partial") == target
    assert (here / "precious").read_text() == "precious" and not (here / "nowhere").exists()


def test_two_that_write_one_file_are_told_of_each_other(here):
    with open_output("out", force=True) as write:
        write("first")
        with pytest.raises(ResourceError, match="another process is writing"), open_output("out", force=True):
            pass
        with open_output("other", force=False) as other:
            other("meanwhile")
    assert (here / "out").read_text() == "first\n" and not partials(here)


def test_of_many_starts_at_once_one_writes_and_the_file_is_its_own(here):
    together, all_tried, written = threading.Barrier(8), threading.Barrier(8), []

    def write(word):
        together.wait()
        try:
            draft = Draft(here / "out", replace=True)
        except ResourceError:
            all_tried.wait()
            return
        all_tried.wait()
        draft.stream.write(word * 100)
        draft.complete()
        written.append(word)

    threads = [threading.Thread(target=write, args=(b"%d" % i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (word,) = written
    assert (here / "out").read_bytes() == word * 100 and not partials(here)


def test_a_file_that_appears_in_the_meantime_stays(here):
    with pytest.raises(UsageError, match="in the meantime"), open_output("out", force=False) as write:
        write("ours")
        (here / "out").write_text("theirs")
    assert (here / "out").read_text() == "theirs"
    assert [path.read_text() for path in partials(here)] == ["ours\n"], "and nothing of ours is lost"


def test_without_links_a_file_that_appears_in_the_meantime_stays_too(here, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with open_output("new", force=False) as write:
        write("ours")
    assert (here / "new").read_text() == "ours\n"
    with pytest.raises(UsageError, match="in the meantime"), open_output("out", force=False) as write:
        write("ours")
        (here / "out").write_text("theirs")
    assert (here / "out").read_text() == "theirs"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o755])
def test_what_is_replaced_keeps_its_permissions(here, mode):
    (here / "out").write_text("old")
    (here / "out").chmod(mode)
    assert run("translate", "你好", "-o", "out", "--force").code == 0
    assert stat.S_IMODE((here / "out").stat().st_mode) == mode and (here / "out").read_text() != "old"
    (here / "out").chmod(mode)
    replace_file(here / "out", b"newer")
    assert stat.S_IMODE((here / "out").stat().st_mode) == mode


def test_nobody_who_could_not_read_the_old_file_can_read_the_new_one_while_it_is_written(here):
    (here / "out").write_text("old")
    (here / "out").chmod(0o600)
    with open_output("out", force=True) as write:
        write("secret")
        assert [stat.S_IMODE(path.stat().st_mode) for path in partials(here)] == [0o600]


@pytest.mark.parametrize("kind", ["folder", "fifo", "link to a folder", "dangling link", "loop"])
def test_only_regular_files_are_replaced(here, kind):
    path = here / "there"
    match kind:
        case "folder":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
        case "link to a folder":
            path.symlink_to(".")
        case "dangling link":
            path.symlink_to("nowhere")
        case "loop":
            path.symlink_to("there")
    before = os.lstat(path)
    with pytest.raises(UsageError):
        replace_file(path, b"ours")
    if kind not in ("fifo", "dangling link"):  # the one is written to, the other leads to a new file
        ended = run("translate", "你好", "-o", "there", "--force")
        assert ended.code == 2 and "unexpected" not in ended.err
    after = os.lstat(path)
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert not list(here.glob("*.partial")) + list(here.glob(".*"))


def test_a_pipe_takes_the_data_itself(here):
    os.mkfifo(here / "pipe")
    got = []
    reader = threading.Thread(target=lambda: got.append((here / "pipe").read_bytes()))
    reader.start()
    assert run(*CLEAN, "-o", "pipe").code == 0
    reader.join()
    assert got == [PAIRS.encode()] and stat.S_ISFIFO(os.lstat(here / "pipe").st_mode)


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_the_names_of_stdout_are_stdout_whatever_it_is(name, environment, here):  # noqa: F811
    if not os.path.exists(name):
        pytest.skip("another system")
    command = [sys.executable, "-m", "tfcli", *CLEAN, "-o", name]
    piped = subprocess.run(command, env=environment, cwd=here, capture_output=True)
    assert (piped.returncode, piped.stdout) == (0, PAIRS.encode()), piped.stderr
    with open(here / "log", "ab") as log:
        log.write(b"before\n")
        log.flush()
        assert subprocess.run(command, env=environment, cwd=here, stdout=log).returncode == 0
        log.write(b"after\n")
    assert (here / "log").read_bytes() == b"before\n" + PAIRS.encode() + b"after\n"
    (here / "log").unlink()


@pytest.mark.parametrize("name", ["/dev/fd/99", "/dev/fd/99999999999999999999", "no/such/folder", "folder/"])
def test_where_nothing_can_be_written_is_a_sentence(name, here):
    ended = run(*CLEAN, "-o", name)
    assert ended.code == 5 and "unexpected" not in ended.err


@pytest.mark.parametrize("name, unpack", [("y.tsv.gz", gzip.decompress), ("y.tsv.xz", lzma.decompress)])
def test_what_is_called_compressed_is(name, unpack, here):
    assert run(*CLEAN, "-o", name, "--rejects", f"rejects-{name}").code == 0
    assert unpack((here / name).read_bytes()) == PAIRS.encode()
    assert unpack((here / f"rejects-{name}").read_bytes()) == b""
    again = run("data", "check", name, "--align", "none", "--json")
    assert again.code == 0 and '"lines": 30' in again.text


def test_one_file_cannot_be_two_outputs(here):
    ended = run(*CLEAN, "-o", "out", "--rejects", "out")
    assert ended.code == 9 and not (here / "out").exists()


def test_curves_are_not_drawn_over_a_file(here):
    (here / "run").mkdir()
    lines = [f'{{"kind": "step", "step": {step}, "loss": {step}.0, "learning_rate": 0.1}}\n' for step in (1, 2)]
    (here / "run" / "metrics.jsonl").write_text("".join(lines))
    (here / "precious").write_text("precious")
    assert run("runs", "run", "--svg", "precious").code == 2
    assert (here / "precious").read_text() == "precious"
    assert run("runs", "run", "--svg", "precious", "--force").code == 0
    assert (here / "precious").read_text().startswith("<svg")
    assert run("runs", "--svg", "new").code == 2 and not (here / "new").exists()


def test_an_evaluation_that_could_not_be_saved_is_not_begun(here, monkeypatch):
    monkeypatch.setattr("tfcli.cli.evaluate.load_translator", None)
    (here / "out").write_text("precious")
    assert run("evaluate", "corpus.tsv", "-o", "out").code == 2
    assert (here / "out").read_text() == "precious"


def test_a_folder_keeps_what_others_have_put_into_it(here):
    folder = here / "bundle"
    replace_folder(folder, {"a": b"1", "b": b"1"})
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref")
    (folder / "notes").write_text("mine")
    (folder / "a").chmod(0o600)
    folder.chmod(0o700)
    replace_folder(folder, {"a": b"2"}, ours=["b"])
    assert sorted(os.listdir(folder)) == [".git", "a", "notes"]
    assert ((folder / "a").read_text(), (folder / "notes").read_text()) == ("2", "mine")
    assert (folder / ".git" / "HEAD").read_text() == "ref"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder / "a", folder)] == [0o600, 0o700]
    assert not [name for name in os.listdir(here) if name.startswith(".")]


@pytest.mark.parametrize("kind", ["link", "folder", "fifo", "file"])
def test_a_folder_is_not_put_over_anything_else(here, kind):
    folder = here / "bundle"
    (here / "elsewhere").mkdir()
    (here / "elsewhere" / "a").write_text("precious")
    match kind:
        case "link":
            folder.symlink_to("elsewhere")
        case "file":
            folder.write_text("precious")
        case _:
            folder.mkdir()
            (folder / "a").mkdir() if kind == "folder" else os.mkfifo(folder / "a")
    before = os.lstat(folder).st_ino
    with pytest.raises(UsageError):
        replace_folder(folder, {"a": b"ours"})
    assert os.lstat(folder).st_ino == before and (here / "elsewhere" / "a").read_text() == "precious"
    assert not [name for name in os.listdir(here) if name.startswith(".")]


@pytest.mark.parametrize("config", ["{}", '{"format": 1}', "[", '{"model_type": "marian"}'])
def test_a_folder_with_a_config_of_something_else_is_no_model_to_replace(here, config, tiny_bundle):
    from tfcli.bundle import refuse_to_replace

    folder = here / "theirs"
    folder.mkdir()
    refuse_to_replace(folder)  # there is nothing in it
    (folder / "config.json").write_text(config)
    with pytest.raises(UsageError, match="is not a model of tfcli"):
        refuse_to_replace(folder)
    (folder / "config.json").write_bytes((TINY / "config.json").read_bytes())
    refuse_to_replace(folder)
