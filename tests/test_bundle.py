"""A bundle comes back as it was written, every damage is refused by name, and an old model says the same for ever."""

import dataclasses
import json
import os
import struct
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from tfcli import locating
from tfcli.build import build_model
from tfcli.bundle import locate, read_bundle, shipped, write_bundle
from tfcli.decoding.translator import Translator
from tfcli.errors import ModelError, NotFoundError, ResourceError, UsageError


def test_the_frozen_model_says_the_same_for_ever(tiny_bundle):
    translations = {
        "好久不见": "Long time no see.",
        "你好吗？": "How are you?",
        "我有42本书。": "I have 42 books.",
        "她是我的朋友。": "She is my friend.",
        "请看https://example.org/a?b=1和{name}。": "Please look at https://example.org/a?b=1 and {name}.",
    }
    assert Translator(tiny_bundle).translate(list(translations)) == list(translations.values())


def write(folder, tiny_bundle, **changes):
    parts = {
        "config": tiny_bundle.config,
        "state": tiny_bundle.load_model().state_dict(),
        "tokenizer": tiny_bundle.tokenizer(),
        "recipe_toml": 'source = "zh"\n',
        "metrics": {"bleu": 12.5, "signature": "tok:13a"},
        "card": "# 一个模型\n",
    }
    return write_bundle(folder, **(parts | changes))


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_read_is_write(tmp_path, tiny_bundle, dtype):
    config = dataclasses.replace(tiny_bundle.config, dtype=dtype, license="CC0-1.0")
    model = build_model(config.model)  # random weights: those of the tiny bundle are bfloat16 already
    again = read_bundle(write(tmp_path / "a" / "b", tiny_bundle, config=config, state=model.state_dict()))
    assert again.config == config
    assert again.tokenizer().model == tiny_bundle.tokenizer().model
    assert again.metrics() == {"bleu": 12.5, "signature": "tok:13a"}
    assert again.card() == "# 一个模型\n"
    loaded = again.load_model()
    assert not loaded.training
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor.to(getattr(torch, dtype)).float()), name
    for name, buffer in model.named_buffers():  # tables of positions are not in the file
        assert torch.equal(dict(loaded.named_buffers())[name], buffer), name
    assert again.num_parameters() == sum(parameter.numel() for parameter in model.parameters())
    assert again.load_model("bfloat16").embedding.weight.dtype == torch.bfloat16


def test_loaded_weights_do_not_change_with_the_file(tiny_copy):
    model = read_bundle(tiny_copy).load_model()
    before = model.embedding.weight.clone()
    with open(tiny_copy / "model.safetensors", "r+b") as file:
        file.truncate(100)
    assert torch.equal(model.embedding.weight, before)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.model"])
def test_a_missing_file_is_named(tiny_copy, name):
    (tiny_copy / name).unlink()
    with pytest.raises(ModelError, match=f"no model at .*: {name} is missing") as caught:
        read_bundle(tiny_copy)
    assert "tfcli train" in caught.value.hint and "tfcli pull" in caught.value.hint


def test_a_missing_folder_is_not_found(tmp_path):
    with pytest.raises(NotFoundError, match="no such folder"):
        read_bundle(tmp_path / "nowhere")


def edit_config(folder, **changes):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["model"] |= changes.pop("model", {})
    path.write_text(json.dumps(config | changes))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"format": 2}, "its format is 2; this tfcli reads format 1"),
        ({"format": True}, "format must be of type int"),
        ({"dtype": "int4"}, "dtype is 'int4'"),
        ({"auto_map": {"x": "evil.py"}}, 'there is no setting "auto_map"'),
        ({"model": {"num_encoder_layers": 10**6}}, "must be between 1 and 96"),
        ({"model": {"num_encoder_layers": 96}}, "lacks the tensor"),
        ({"model": {"d_model": 64}}, "config.json asks for"),
        ({"model": {"vocab_size": 1_000_000, "d_model": 8192, "d_ff": 65536}}, "config.json asks for"),
        ({"model": {"max_length": 65536, "d_model": 8192}}, "is too much for model.d_model"),
        ({"model": {"num_heads": 5}}, "does not divide"),
        ({"source": None}, "source must be of type str"),
    ],
)
def test_a_wrong_config_is_refused(tiny_copy, changes, words):
    edit_config(tiny_copy, **changes)
    with pytest.raises(ModelError, match=words):
        read_bundle(tiny_copy).load_model()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"format": NaN}',
        b'{"format": 1, "format": 1}',
        b"[" * 30_000,
        b" " * (64 << 10) + b"{}",
    ],
)
def test_a_config_that_is_no_table_is_refused(tiny_copy, text):
    (tiny_copy / "config.json").write_bytes(text)
    with pytest.raises(ModelError, match="cannot use the model at"):
        read_bundle(tiny_copy)


def test_another_tokenizer_is_refused_with_both_hashes(tiny_copy):
    wanted = read_bundle(tiny_copy).config.tokenizer_sha256
    edit_config(tiny_copy, tokenizer_sha256="0" * 64)
    with pytest.raises(ModelError, match="not the one it was trained with") as caught:
        read_bundle(tiny_copy).tokenizer()
    assert wanted in caught.value.hint and "0" * 64 in caught.value.hint


def test_a_tokenizer_of_another_size_is_refused(tiny_copy):
    edit_config(tiny_copy, model={"vocab_size": 451})
    with pytest.raises(ModelError, match="450 entries"):
        read_bundle(tiny_copy).tokenizer()


def refused_weights(folder, words):
    with pytest.raises(ModelError, match=words):
        read_bundle(folder).load_model()


@pytest.mark.parametrize(
    "damage, words",
    [
        (lambda state: state.pop("embedding.weight"), 'lacks the tensor "embedding.weight"'),
        (lambda state: state.update(extra=torch.zeros(1)), 'has a tensor "extra"'),
        (lambda state: state.update({"embedding.weight": torch.zeros(32, 450).bfloat16()}), "asks for BF16 450 x 32"),
        (lambda state: state.update({"embedding.weight": torch.zeros(450, 32)}), "is F32 450 x 32"),
        (lambda state: state["decoder.norm.bias"].fill_(torch.nan), '"decoder.norm.bias" have values'),
        (lambda state: state["embedding.weight"][3, 3].fill_(torch.inf), '"embedding.weight" have values'),
    ],
)
def test_weights_that_are_not_the_models_are_refused(tiny_copy, damage, words):
    state = load_file(tiny_copy / "model.safetensors")
    damage(state)
    save_file(state, tiny_copy / "model.safetensors")
    refused_weights(tiny_copy, words)


def test_a_damaged_weights_file_is_refused(tiny_copy):
    path = tiny_copy / "model.safetensors"
    whole = path.read_bytes()
    end_of_header = 8 + struct.unpack("<Q", whole[:8])[0]
    damages = [
        b"",
        whole[:7],
        whole[: end_of_header - 1],
        whole[:-1],
        whole + b"\0",
        struct.pack("<Q", 1 << 40) + whole[8:],
        struct.pack("<Q", 5) + b"[[1]]" + whole[end_of_header:],
        struct.pack("<Q", 29) + b'{"embedding.weight": "tensor"}'[:29] + whole[end_of_header:],
        whole.replace(b'"shape":[450,32]', b'"shape":[-1,332]', 1),
        whole.replace(b'"shape":[450,32]', b'"shape":"45032" ', 1),
        whole.replace(b'"data_offsets":[0,', b'"data_offsets":[9,', 1),
    ]
    # Every bit of the header counts; those of the data are guarded by the Hub's checksums.
    damages += [whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :] for i in range(8, end_of_header, 331)]
    for damaged in damages:
        assert damaged != whole
        path.write_bytes(damaged)
        refused_weights(tiny_copy, "cannot use the model at")


def test_a_failed_write_leaves_the_old_bundle(tiny_copy, tiny_bundle, monkeypatch):
    def contents():
        return {path.name: path.read_bytes() for path in tiny_copy.iterdir()}

    before = contents()
    state = tiny_bundle.load_model().state_dict()
    with pytest.raises(ModelError, match="not finite"):
        write(tiny_copy, tiny_bundle, state=state | {"decoder.norm.bias": torch.full((32,), torch.nan)})
    with pytest.raises(ModelError, match="asks for"):
        write(tiny_copy, tiny_bundle, state=state | {"decoder.norm.bias": torch.zeros(31)})
    with pytest.raises(ModelError, match="not the one"):
        write(tiny_copy, tiny_bundle, config=dataclasses.replace(tiny_bundle.config, tokenizer_sha256="0" * 64))
    real, calls = {name: getattr(os, name) for name in ("fsync", "rename", "mkdir")}, []

    def failing(name):
        def call(*args, **kwargs):
            calls.append(name)
            if len(calls) == fail_at:
                raise OSError(28, "No space left on device")
            return real[name](*args, **kwargs)

        return call

    for name in real:
        monkeypatch.setattr(os, name, failing(name))
    fail_at, failures = 1, 0
    while True:
        calls.clear()
        try:
            write(tiny_copy, tiny_bundle)
            break
        except ResourceError:
            failures += 1
        if calls[fail_at - 1 :] != ["fsync"]:  # the last sync comes when the new bundle is in place already
            assert contents() == before
        assert [path.name for path in tiny_copy.parent.iterdir()] == [tiny_copy.name]
        fail_at += 1
    assert failures >= 10
    assert contents() != before and read_bundle(tiny_copy).metrics() == {"bleu": 12.5, "signature": "tok:13a"}


def test_what_is_not_a_bundle_is_not_replaced(tmp_path, tiny_bundle):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="is in the way"):
        write(tmp_path, tiny_bundle)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_link_to_a_bundle_stays_a_link(tiny_copy, tiny_bundle):
    link = tiny_copy.with_name("link")
    link.symlink_to(tiny_copy)
    write(link, tiny_bundle)
    assert link.is_symlink() and read_bundle(link).metrics()["bleu"] == 12.5


def test_names_of_models(tiny_copy, tmp_path, monkeypatch):
    assert locate(str(tiny_copy)) == tiny_copy
    run = tmp_path / "run"
    run.mkdir()
    tiny_copy.rename(run / "bundle")
    assert locate(str(run)) == run / "bundle"
    monkeypatch.setattr(locating, "shipped", lambda: [tmp_path / "models" / "zh-en"])
    monkeypatch.chdir(tmp_path)
    assert locate("zh-en") == tmp_path / "models" / "zh-en"
    (tmp_path / "zh-en").mkdir()  # a folder without a model hides nothing
    assert locate("zh-en") == tmp_path / "models" / "zh-en"
    assert read_bundle(locate("run")).folder.name == "bundle"
    with pytest.raises(NotFoundError, match="en-zh") as caught:
        locate("en-zh")
    assert "zh-en" in caught.value.hint
    with pytest.raises(NotFoundError) as caught:
        locate("owner/name@main")
    assert caught.value.hint == "fetch it with   tfcli pull owner/name"


def test_shipped_models_can_be_read():
    for folder in shipped():
        assert read_bundle(folder).num_parameters() > 0


def test_importing_tfcli_and_counting_parameters_need_no_torch(tiny_copy):
    program = (
        "import sys, tfcli, tfcli.bundle as b; from pathlib import Path\n"
        f"bundle = b.read_bundle(Path({str(tiny_copy)!r}))\n"
        "bundle.num_parameters(); bundle.tokenizer(); bundle.metrics(); bundle.card()\n"
        "import tfcli.decoding.translator\n"
        "assert 'torch' not in sys.modules; assert tfcli.__version__\n"
        "assert tfcli.Transformer.__name__ == 'Transformer'; assert 'torch' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
