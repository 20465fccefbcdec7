"""The model is chosen by what is asked for, or by the script of the text; a model that is named stays."""

import json
import shutil
from itertools import count, islice

import pytest
from conftest import TINY

from tfcli.cli.app import main
from tfcli.cli.direction import choose_model, peek
from tfcli.cli.records import Record
from tfcli.errors import NotFoundError, UsageError
from tfcli.settings import resolve


@pytest.fixture
def models(bare, tmp_path, monkeypatch):
    """Two models that came with tfcli, zh-en and en-zh; none of them named by this machine."""
    monkeypatch.delenv("TFCLI_MODEL")
    folders = []
    for source, target in (("en", "zh"), ("zh", "en")):
        folder = shutil.copytree(TINY, tmp_path / "models" / f"{source}-{target}")
        config = json.loads((folder / "config.json").read_bytes()) | {"source": source, "target": target}
        (folder / "config.json").write_text(json.dumps(config))
        folders.append(folder)
    for place in ("tfcli.bundle.shipped", "tfcli.cli.direction.shipped"):
        monkeypatch.setattr(place, lambda: folders)


@pytest.mark.parametrize(
    ("source", "target", "text", "chosen"),
    [
        (None, None, "", "zh-en"),
        (None, None, "好久不见", "zh-en"),
        (None, None, "Long time no see.", "en-zh"),
        (None, None, "iPhone 多少钱？我想买三台", "zh-en"),
        (None, None, "123 !?", "zh-en"),
        (None, None, "请看https://example.org/a?b=1，谢谢{name}。", "zh-en"),
        (None, None, "Привет, как дела", "zh-en"),
        ("en", None, "好久不见", "en-zh"),
        (None, "zh", "", "en-zh"),
        ("zho", "en", "", "zh-en"),
        ("zh", None, "Long time no see.", "zh-en"),
    ],
)
def test_the_model_is_chosen(models, source, target, text, chosen):
    assert choose_model(resolve({}), source, target, text).model == chosen


def test_what_no_model_here_translates_is_said(models):
    for source, target in (("de", None), (None, "fr"), ("zh", "zh"), ("en", "en")):
        with pytest.raises(NotFoundError, match="no model that came with tfcli translates"):
            choose_model(resolve({}), source, target, "")


def test_a_model_that_is_named_stays_and_is_held_against_the_languages(models, monkeypatch):
    for named in ({"model": "en-zh"}, {}):
        monkeypatch.setenv("TFCLI_MODEL", "en-zh")
        assert choose_model(resolve(named), None, None, "好久不见").model == "en-zh"
        assert choose_model(resolve(named), "en", "zh", "").model == "en-zh"
        with pytest.raises(UsageError, match='"en-zh" translates en → zh, not zh → zh'):
            choose_model(resolve(named), "zh", None, "")


def test_no_more_is_read_ahead_than_the_first_text():
    texts = ["", " ", "first", "second"]
    read = []
    records = (read.append(i) or Record(i, text, size=1) for i, text in zip(count(), texts, strict=False))
    text, all_of_them = peek(records)
    assert text == "first" and read == [0, 1, 2]
    assert [record.text for record in islice(all_of_them, 9)] == texts
    assert peek([])[0] == "" and list(peek([])[1]) == []


def test_translate_takes_the_model_that_is_chosen(models, monkeypatch, capfd, tmp_path):
    (tmp_path / "a.txt").write_text("\nLong time no see.\n好久不见\n", encoding="utf-8")
    asked = []
    monkeypatch.setattr("tfcli.cli.translate.load_translator", lambda settings, *_: asked.append(settings.model))
    for arguments in (
        ["Hi there"],
        ["好久不见"],
        ["--from", "en", "好久不见"],
        ["-i", str(tmp_path / "a.txt"), "-o", "-"],
    ):
        main(["translate", *arguments])
    assert asked == ["en-zh", "zh-en", "en-zh", "en-zh"]
    assert main(["translate", "-m", "zh-en", "--to", "zh", "Hi"]) == 2
    assert 'the model "zh-en" translates zh → en, not zh → zh' in capfd.readouterr().err
