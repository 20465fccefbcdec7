"""`tfcli export` writes a folder with which CTranslate2 and SentencePiece alone translate as tfcli does."""

import dataclasses
import os

import ctranslate2
import pytest
import sentencepiece
from commands import run
from conftest import TINY

from tfcli.bundle import read_bundle, write_bundle
from tfcli.conversion.export import export
from tfcli.decoding.engines import ctranslate2 as engine
from tfcli.decoding.translator import Translator
from tfcli.errors import ModelError

LINES = ["你好", "谢谢你的帮助。", "再见！今天天气很好。"]


@pytest.mark.parametrize("quantization", ["int8", "float32", "int16"])
def test_the_folder_translates_by_itself(quantization, tiny_bundle, tmp_path):
    ended = run("export", str(TINY), "--to", "ctranslate2", "--quantization", quantization, "-o", str(tmp_path / "out"))
    assert (ended.code, ended.text) == (0, f"{tmp_path / 'out'}\n")
    cutter = sentencepiece.SentencePieceProcessor(str(tmp_path / "out" / "tokenizer.model"))
    dtype = "int8" if quantization == "int8" else "float32"
    alone = ctranslate2.Translator(str(tmp_path / "out"), compute_type=dtype)
    pieces = [cutter.encode(line, out_type=str) for line in LINES]
    found = alone.translate_batch(pieces, beam_size=1, max_decoding_length=40)
    ours = Translator(tiny_bundle, engine="ctranslate2", dtype=dtype, threads=1).translate_detailed(LINES)
    same = [cutter.decode(result.hypotheses[0]) == own.translation for result, own in zip(found, ours, strict=True)]
    assert [same or "loop" in own.flags for same, own in zip(same, ours, strict=True)] == [True] * 3 and any(same)


def test_a_model_that_cannot_be_run_there_is_refused(tiny_bundle, tiny_tokenizer, tmp_path):
    from tfcli.build import build_model

    model = dataclasses.replace(tiny_bundle.config.model, norm="power")
    config = dataclasses.replace(tiny_bundle.config, model=model, dtype="float32")
    state = build_model(model).state_dict()
    write_bundle(
        tmp_path / "m", config=config, state=state, tokenizer=tiny_tokenizer, recipe_toml="", metrics={}, card=""
    )
    ended = run("export", str(tmp_path / "m"), "-o", str(tmp_path / "out"))
    assert ended.code == 2 and 'cannot express model.norm = "power"' in ended.err and "--engine torch" in ended.err
    ended = run("translate", "-m", str(tmp_path / "m"), "--engine", "ctranslate2", "你好")
    assert ended.code == 2 and 'cannot express model.norm = "power"' in ended.err and "--engine torch" in ended.err
    assert not (tmp_path / "out").exists()


def test_what_is_there_stays_unless_told(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    assert run("export", str(TINY), "-o", str(tmp_path / "full")).code == 2
    assert run("export", str(TINY), "-o", str(tmp_path / "full"), "--force").code == 2
    assert os.listdir(tmp_path / "full") == ["mine"]
    for arguments, code in [([], 0), ([], 2), (["--force"], 0)]:
        assert run("export", str(TINY), "-o", str(tmp_path / "out"), *arguments).code == code


@pytest.mark.parametrize("damage", ["model.bin", "config.json", "shared_vocabulary.json"])
def test_a_folder_is_checked(damage, tmp_path, tiny_tokenizer):
    export(read_bundle(TINY), "int8", tmp_path / "out")
    engine.check_folder(tmp_path / "out", tiny_tokenizer)
    path = tmp_path / "out" / damage
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelError, match="CTranslate2 cannot use"):
        engine.check_folder(tmp_path / "out", tiny_tokenizer)
