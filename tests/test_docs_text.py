"""The examples of docs/text.md are what the shipped model says today."""

import re
import shlex
from pathlib import Path

import pytest
from commands import run

PAGE = (Path(__file__).parent.parent / "docs" / "text.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^\$ tfcli (.*)\n([^$`].*)", PAGE, re.MULTILINE)


@pytest.fixture
def place(bare, tmp_path, monkeypatch):
    monkeypatch.delenv("TFCLI_MODEL")
    (tmp_path / "terms.tsv").write_text("神经网络\tneural net\n", encoding="utf-8")


def test_the_page_has_examples():
    assert len(EXAMPLES) == len(re.findall(r"^\$ tfcli", PAGE, re.MULTILINE)) >= 9


@pytest.mark.parametrize(("command", "output"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_an_example_prints_what_the_page_says(place, command, output):
    if "--normalize" in command:
        pytest.importorskip("opencc")
    assert run(*shlex.split(command)).text == output + "\n"
