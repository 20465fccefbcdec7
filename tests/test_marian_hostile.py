"""Marian files that are not understood, or that somebody has tampered with: refused in a sentence, and never half."""

import json
import os
import random
import shutil

import pytest
import torch
from marian_models import LANGUAGES, PAIRS, train_pieces, write_marian
from safetensors.torch import load_file, save_file
from test_marian import HOSTILE, ORIGIN, Converted

from tfcli.bundle import read_bundle
from tfcli.errors import ModelError
from tfcli.hub.marian.config import read_config
from tfcli.hub.marian.convert import convert

VALUES = [None, True, -1, 0, 1, 3, 2**31, 2**63, 10**400, 0.5, "x", "zho", "\x1b", [], [0], {}, "marian", "relu"]


def flip(data: bytes, rng: random.Random, upto: int) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 5)):
        changed[rng.randrange(min(upto, len(changed)))] = rng.randrange(256)
    return bytes(changed[: rng.randrange(len(changed))] if rng.random() < 0.1 else changed)


def tamper(folder, rng: random.Random) -> None:
    """One file of the folder is no longer what it was."""
    names = ["config.json", "tokenizer_config.json", "vocab.json", "source.spm", "target.spm", "model.safetensors"]
    name = rng.choice(names)
    path = folder / name
    if name.endswith("config.json") and rng.random() < 0.7:
        values = json.loads(path.read_text())
        values[rng.choice(sorted(values))] = rng.choice(VALUES)
        path.write_text(json.dumps(values))
    else:
        path.write_bytes(flip(path.read_bytes(), rng, 8000))


def convert_tampered(tmp_path, times: int) -> None:
    original = write_marian(tmp_path / "original")
    refused = 0
    for i in range(times):
        folder = shutil.copytree(original, tmp_path / "tampered")
        tamper(folder, random.Random(i))
        try:
            bundle = read_bundle(convert(folder, tmp_path / "ours", ORIGIN))
            bundle.tokenizer(), bundle.load_model()
            shutil.rmtree(tmp_path / "ours")
        except ModelError as error:
            refused += 1
            assert error.message and "\n" not in error.message
        shutil.rmtree(folder)
        assert sorted(os.listdir(tmp_path)) == ["original"], i
    assert refused > 0


def test_what_was_tampered_with_is_refused_in_a_sentence(tmp_path):
    convert_tampered(tmp_path, 12)


@pytest.mark.slow
def test_whatever_was_tampered_with_is_refused_in_a_sentence(tmp_path):
    convert_tampered(tmp_path, 1000)


def mutate_configs(times: int) -> None:
    values = {"vocab_size": 9, "pad_token_id": 8, "decoder_start_token_id": 8, **LANGUAGES}
    values |= dict(model_type="marian", d_model=8, encoder_layers=1, decoder_layers=1, scale_embedding=True)
    values |= dict(encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=8, decoder_ffn_dim=8)
    values |= dict(max_position_embeddings=9, activation_function="swish", eos_token_id=0)
    assert read_config(values).model(9).d_ff == 8
    refused = 0
    for i in range(times):
        rng = random.Random(i)
        changed = {**values, **{rng.choice([*values, "more"]): rng.choice(VALUES) for _ in range(rng.randint(1, 3))}}
        try:
            read_config(changed).model(9)
        except ModelError:
            refused += 1
    assert refused > times // 2


def test_mutated_configs(tmp_path):
    mutate_configs(1000)


@pytest.mark.slow
def test_twenty_thousand_texts_are_cut_as_marian_cuts_them(tmp_path):
    torch.manual_seed(1)
    converted = Converted(tmp_path)
    letters = HOSTILE + "".join(text for pair in PAIRS for text in pair)
    pieces = [piece.replace("▁", " ") for piece in converted.ids]
    for _ in range(20_000):
        parts = [random.choice(letters if random.random() < 0.7 else pieces) for _ in range(random.randint(1, 14))]
        for side, encode in enumerate((converted.tokenizer.encode, converted.tokenizer.encode_target)):
            text = "".join(parts)
            assert [converted.rows[i] for i in encode(text)] == converted.cut(side, text), text


def edit_json(name, **changes):
    def edit(folder):
        values = json.loads((folder / name).read_text()) | changes
        (folder / name).write_text(json.dumps(values))

    return edit


def edit_tensors(change):
    def edit(folder):
        tensors = load_file(folder / "model.safetensors")
        change(tensors)
        save_file(tensors, folder / "model.safetensors")

    return edit


def rename_piece(old, new):
    def edit(folder):
        path = folder / "vocab.json"
        path.write_text(path.read_text().replace(json.dumps(old) + ":", json.dumps(new) + ":"))

    return edit


def other_pieces(**settings):
    def edit(folder):
        (folder / "target.spm").write_bytes(train_pieces([pair[1] for pair in PAIRS], **settings))

    return edit


def flat_positions(tensors):
    tensors["model.encoder.embed_positions.weight"] = torch.zeros(64, 32)


BROKEN = [
    (edit_json("config.json", model_type="bart"), "model_type"),
    (edit_json("config.json", scale_embedding=False), "scale_embedding"),
    (edit_json("config.json", share_encoder_decoder_embeddings=False), "share_encoder_decoder_embeddings"),
    (edit_json("config.json", activation_function="tanh"), "activation_function"),
    (edit_json("config.json", d_model=10**7), "d_model"),
    (edit_json("config.json", encoder_layers=10**9), "num_encoder_layers"),
    (edit_json("config.json", max_position_embeddings=65536, d_model=8192), "max_length"),
    (edit_json("config.json", decoder_ffn_dim=40), "ffn_dim"),
    (edit_json("config.json", encoder_layers=3), "model.encoder.layers.2"),
    (edit_json("config.json", encoder_layers=1), "model.encoder.layers.1"),
    (edit_json("config.json", vocab_size=100), "vocab.json"),
    (edit_json("config.json", pad_token_id=5), "<pad>"),
    (edit_json("config.json", eos_token_id=[0]), "eos_token_id"),
    (edit_json("config.json", decoder_start_token_id=10**6), "decoder_start_token_id"),
    (edit_json("tokenizer_config.json", source_lang=None), "source_lang"),
    (edit_json("vocab.json", more=3), "vocab.json"),
    (edit_json("vocab.json", more="x"), "vocab.json"),
    (rename_piece("▁is", "\ud800"), "half a character"),
    (rename_piece("▁is", "\ue003"), "damaged"),
    (rename_piece("▁is", ""), "damaged"),
    (rename_piece("<unk>", "unknown"), "<unk>"),
    (lambda folder: (folder / "vocab.json").write_text("[1]"), "vocab.json"),
    (lambda folder: (folder / "source.spm").write_bytes(b"\x0a\xff\xff\xff\xff\x7f"), "damaged"),
    (lambda folder: (folder / "model.safetensors").write_bytes(bytes(8)), "model.safetensors"),
    (other_pieces(vocab_size=260, model_type="bpe"), "target.spm"),
    (other_pieces(vocab_size=540, byte_fallback=True), "target.spm"),
    (edit_tensors(lambda tensors: tensors.pop("final_logits_bias")), "final_logits_bias"),
    (edit_tensors(lambda tensors: tensors.update(more=torch.ones(2))), "more"),
    (edit_tensors(lambda tensors: tensors.update({"lm_head.weight": tensors["model.shared.weight"] + 1})), "embedding"),
    (edit_tensors(flat_positions), "sinusoids"),
]


@pytest.mark.parametrize("damage, word", BROKEN, ids=[word for _, word in BROKEN])
def test_what_is_not_understood_is_named(tmp_path, damage, word):
    marian = write_marian(tmp_path / "marian")
    damage(marian)
    with pytest.raises(ModelError) as caught:
        convert(marian, tmp_path / "bundle", ORIGIN)
    assert word in caught.value.message and "\n" not in caught.value.message
    assert not (tmp_path / "bundle").exists()
