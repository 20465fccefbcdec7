"""tfcli pull --convert against a Hub on this machine."""

import json
import os

import pytest
from hub_processes import MODEL, files_of, tfcli
from hub_server import Fault, Hub
from marian_models import write_marian
from test_hub_pull import assert_one_line

NAME = "Helsinki-NLP/opus-mt-zh-en"


@pytest.fixture
def marian(tmp_path) -> dict[str, bytes]:
    return files_of(write_marian(tmp_path / "original"))


@pytest.fixture
def hub(marian):
    with Hub() as running:
        running.add(NAME, {**marian, "pytorch_model.bin": b"\x80", "tf_model.h5": b"x"}, library="transformers")
        yield running


def convert(hub, tmp_path, *options: str, name: str = NAME, **environment: str):
    return tfcli(hub, tmp_path / "home", "pull", name, "--convert", *options, **environment)


def test_a_converted_model_is_a_model(hub, tmp_path):
    to = str(tmp_path / "ours")
    ended = convert(hub, tmp_path, "--to", to)
    assert (ended.returncode, ended.stdout) == (0, f"{to}\n"), ended.stderr
    files = ["README.md", "config.json", "metrics.json", "model.safetensors", "tokenizer.model"]
    assert sorted(os.listdir(to)) == files
    assert not [request for request in hub.log if ".bin" in request or ".h5" in request]
    card = (tmp_path / "ours" / "README.md").read_text()
    assert NAME in card and hub.repos[NAME].refs["main"] in card and "license: cc-by-4.0" in card
    told = tfcli(hub, tmp_path, "translate", "-m", to, "--json", "你好", HF_HUB_OFFLINE="1")
    assert json.loads(told.stdout)["source"] == "你好"
    pushed = tfcli(hub, tmp_path, "push", to, "alice/ours", "--yes")
    assert pushed.returncode == 0, pushed.stderr
    again = tfcli(hub, tmp_path / "home", "pull", "alice/ours", "--to", str(tmp_path / "again"))
    assert again.returncode == 0 and files_of(tmp_path / "again") == files_of(tmp_path / "ours")


def test_one_pickle_is_refused_and_a_revision_without_it_is_not(hub, tmp_path, marian):
    repo = hub.repos[NAME]
    pickled = {**marian, "pytorch_model.bin": b"\x80"}
    del pickled["model.safetensors"]
    whole = repo.refs["main"]
    repo.commit(pickled)
    ended = convert(hub, tmp_path, "--to", str(tmp_path / "ours"))
    assert_one_line(ended, 4)
    assert "pytorch_model.bin" in ended.stderr and "refs/pr/" in ended.stderr
    repo.refs["refs/pr/3"] = whole
    assert convert(hub, tmp_path, "--to", str(tmp_path / "ours"), "--revision", "refs/pr/3").returncode == 0


def test_what_is_wrong_is_said_in_a_sentence_and_leaves_nothing(hub, tmp_path, marian):
    to = ("--to", str(tmp_path / "ours"))
    assert_one_line(convert(hub, tmp_path), 2)
    assert_one_line(convert(hub, tmp_path, *to, "--language", "fra"), 2)
    assert_one_line(tfcli(hub, tmp_path / "home", "pull", NAME, "--language", "fra"), 2)
    plain = tfcli(hub, tmp_path / "home", "pull", NAME)
    assert_one_line(plain, 4)
    assert "--convert" in plain.stderr
    hub.add("alice/toy", MODEL)
    assert_one_line(convert(hub, tmp_path, *to, name="alice/toy"), 4)
    hub.add("bob/bert", {"config.json": b"{}", "model.safetensors": b"x"}, library="transformers")
    assert_one_line(convert(hub, tmp_path, *to, name="bob/bert"), 4)
    hub.add("bob/bart", {**marian, "config.json": marian["config.json"].replace(b"marian", b"bart")})
    ended = convert(hub, tmp_path, *to, name="bob/bart")
    assert_one_line(ended, 4)
    assert "model_type" in ended.stderr and "bob/bart" in ended.stderr
    assert sorted(os.listdir(tmp_path)) == ["home", "original"]


@pytest.mark.parametrize(
    "fault, code",
    [
        (Fault("GET .*/vocab.json", "flip", times=9), 4),
        (Fault("GET /[0-9a-f]{64}", "flip", times=9), 4),
        (Fault("GET .*/source.spm", 404, times=9), 5),
    ],
    ids=["vocabulary", "weights", "pieces"],
)
def test_a_fault_that_stays_is_named_and_one_that_passes_is_not(hub, tmp_path, fault, code):
    to = tmp_path / "ours"
    hub.faults.append(fault)
    assert_one_line(convert(hub, tmp_path, "--to", str(to)), code)
    assert not to.exists()
    fault.times = 0
    assert convert(hub, tmp_path, "--to", str(to)).returncode == 0 and to.exists()
