"""A converted Marian model computes what the Marian model computes, and cuts text as it does."""

import copy
import json
import random

import pytest
import sentencepiece
import torch
from commands import run
from hypothesis import given
from hypothesis import strategies as st
from marian_models import LANGUAGES, LOST, PAIRS, Marian, write_marian
from safetensors.torch import load_file

from tfcli.bundle import read_bundle
from tfcli.config import EOS, PLACEHOLDERS, UNK, ModelConfig
from tfcli.config.recipe import make_recipe
from tfcli.decoding.greedy import greedy
from tfcli.decoding.search import Search
from tfcli.decoding.translator import Translator
from tfcli.errors import ModelError, UsageError
from tfcli.hub.marian.config import read_config
from tfcli.hub.marian.convert import convert
from tfcli.hub.marian.vocabulary import read_vocabulary
from tfcli.pulled import HubName
from tfcli.training.prepare import prepare_tokenizer

ORIGIN = HubName("Helsinki-NLP/opus-mt-zh-en", "0" * 40)
HOSTILE = "你好吗天气 abcelthé𝟘١▁ \ue000\ue001>><</s>,.?！ 　\t\u200b"


class Converted:
    """A Marian model, the bundle that was made of it, and which entry of the one is which of the other."""

    def __init__(self, folder, **changes):
        self.marian = write_marian(folder / "marian", **changes)
        self.bundle = read_bundle(convert(self.marian, folder / "bundle", ORIGIN))
        self.tokenizer, self.model = self.bundle.tokenizer(), self.bundle.load_model()
        self.config, self.ids = (json.loads((self.marian / f"{n}.json").read_text()) for n in ("config", "vocab"))
        sides = [(self.marian / f"{side}.spm").read_bytes() for side in ("source", "target")]
        self.spm = [sentencepiece.SentencePieceProcessor(model_proto=side) for side in sides]
        vocabulary = read_vocabulary(*sides, self.ids, read_config(self.config, LANGUAGES))
        self.rows, self.never = vocabulary.rows, vocabulary.never
        self.ours = {row: i for i, row in enumerate(self.rows) if i not in self.never}
        self.reference = Marian(load_file(self.marian / "model.safetensors"), self.config)

    def cut(self, side: int, text: str) -> list[int]:
        """Marian's ids of a text; but what somebody types is never a control token."""
        pieces = self.spm[side].encode(text, out_type=str)
        return [self.ids["<unk>"] if p in ("</s>", "<pad>") else self.ids.get(p, self.ids["<unk>"]) for p in pieces]

    def logits(self, src: list[int], tgt: list[int]) -> torch.Tensor:
        """Of the converted model, for Marian's ids and in Marian's order."""
        start = [2 if i == self.ids["<pad>"] else self.ours[i] for i in tgt]
        logits_TV = self.model(torch.tensor([[self.ours[i] for i in src]]), torch.tensor([start]))[0]
        assert logits_TV[:, self.never].max() < -1000
        return logits_TV[:, [self.ours[i] for i in range(len(self.ids))]]


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    torch.manual_seed(1)
    return Converted(tmp_path_factory.mktemp("marian"))


def random_sentence(converted, longest: int = 20) -> list[int]:
    return random.sample(range(2, len(converted.ids) - 1), random.randint(1, longest))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_the_logits_are_marians(tmp_path, dtype):
    converted = Converted(tmp_path, dtype=dtype)
    assert converted.bundle.config.dtype == str(dtype).removeprefix("torch.")
    for _ in range(5):
        src, tgt = [*random_sentence(converted), 0], [converted.ids["<pad>"], *random_sentence(converted)]
        with torch.inference_mode():
            ours, theirs = converted.logits(src, tgt), converted.reference.logits(src, tgt)
        assert ours.shape == theirs.shape == (len(tgt), len(converted.ids))
        assert (ours - theirs).abs().max() < 1e-4 < theirs.std()


def test_greedy_decoding_is_marians(converted):
    """Step by step the most probable token but <pad> and <unk>; ours goes by a cache, in a batch, and cuts loops."""
    sources = [random_sentence(converted) for _ in range(8)]
    found = greedy(converted.model, [[converted.ours[i] for i in src] for src in sources], Search(20, length_ratio=20))
    for src, hypothesis in zip(sources, found, strict=True):
        tgt = [converted.ids["<pad>"]]
        while len(tgt) <= 20 and (tgt[-1] != 0 or len(tgt) == 1):
            logits_V = converted.reference.logits([*src, 0], tgt)[-1]
            logits_V[[converted.ids["<pad>"], converted.ids["<unk>"]]] = -torch.inf
            tgt.append(int(logits_V.argmax()))
        theirs = [converted.ours[i] for i in tgt[1:] if i != 0]
        assert hypothesis.ids == theirs[: len(hypothesis.ids)]
        assert len(hypothesis.ids) == len(theirs) or hypothesis.looped or not hypothesis.finished
    assert len({tuple(hypothesis.ids) for hypothesis in found}) > 1


@given(text=st.one_of(st.sampled_from([text for pair in PAIRS for text in pair]), st.text(HOSTILE), st.text()))
def test_text_is_cut_as_marian_cuts_it(converted, text):
    text = text.replace("\0", "")
    for side, encode in enumerate((converted.tokenizer.encode, converted.tokenizer.encode_target)):
        assert [converted.rows[i] for i in encode(text)] == converted.cut(side, text)
    assert converted.tokenizer.encode_batch([text, "你好"])[0] == converted.tokenizer.encode(text)
    pieces = converted.spm[0].encode(text, out_type=str)
    known = [piece for piece in pieces if converted.ids.get(piece, 1) > 1 and piece != "<pad>"]
    joined = converted.spm[0].decode_pieces(known).replace("▁", " ").strip()
    assert converted.tokenizer.decode([converted.ours[converted.ids[piece]] for piece in known]).strip() == joined


def test_what_the_two_vocabularies_share_and_what_they_do_not(converted):
    encode = converted.tokenizer.encode
    assert {piece for side in (0, 1) for piece in LOST if piece in converted.spm[side].encode(piece, out_type=str)}
    # Letters that only English is cut into are known in a Chinese text, if just they stand between what is known.
    only_target = [p for p in converted.ids if converted.spm[0].piece_to_id(p) == 0 and p.isalpha() and len(p) == 2]
    assert only_target and UNK not in encode(f"你好{only_target[0]}你好") and UNK in encode("你好qqqqzq你好")
    assert not converted.tokenizer.has_placeholders
    assert not set(range(EOS + 1)) & set(encode("</s><pad><s>你好")) - {UNK}


def test_everything_works_with_it(converted):
    name = str(converted.bundle.folder)
    text = "你好，看 https://example.org/ 和 {name} 20241225"
    told = json.loads(run("translate", "-m", name, "--json", text).out)
    assert "placeholder" not in told["flags"] and not set(PLACEHOLDERS) & set(told["translation"])
    assert run("translate", "-m", name, "--prefix", "What is", text).out.startswith(b"What is")
    lines = run("attention", "-m", name, "你好", "--target", "What is this?").text.split("\n")
    wanted = converted.spm[1].encode("What is this?", out_type=str)
    assert [line.split("\t")[0] for line in lines if line.strip()][1:] == [*wanted, "</s>"]
    info = json.loads(run("info", name, "--json").out)
    assert (info["source"], info["target"], info["license"]) == ("zh", "en", "cc-by-4.0")
    card = converted.bundle.card()
    assert "license: cc-by-4.0" in card and f"base_model: {ORIGIN.repo}" in card and "source group: Chinese" in card
    assert run("explain", "embedding", "你好", "-m", name).code == 0


def test_training_cannot_go_on_from_it(converted, tmp_path):
    recipe = make_recipe({"init": str(converted.bundle.folder)})
    with pytest.raises(ModelError, match="going on from it is not possible"):
        prepare_tokenizer(recipe, tmp_path, print)


def test_many_languages_are_told_apart(tmp_path):
    marian = write_marian(tmp_path / "marian", target_lang="mul", languages=[">>cmn_Hans<<", ">>fra<<"])
    for language, hint in (("", "cmn_Hans, fra"), ("deu", "cmn_Hans, fra")):
        with pytest.raises(UsageError) as caught:
            convert(marian, tmp_path / "no", ORIGIN, language)
        assert hint in caught.value.hint
    for language, code in (("cmn_Hans", "zh"), ("fra", "fr")):
        bundle = read_bundle(convert(marian, tmp_path / language, ORIGIN, language))
        tokenizer = bundle.tokenizer()
        assert bundle.config.target == code
        assert tokenizer.pieces(tokenizer.encode("你好"))[0] == f">>{language}<<"
        assert tokenizer.decode(tokenizer.encode("你好")) == "你好"
        assert f">>{language}<<" not in tokenizer.pieces(tokenizer.encode_target("你好"))
        assert tokenizer.encode(" ") == []
        assert len(Translator(bundle).translate(["你好。" * 90])) == 1
    with pytest.raises(UsageError, match="one language"):
        convert(write_marian(tmp_path / "one"), tmp_path / "no", ORIGIN, "fra")


def test_a_bias_of_the_output_is_learned_as_everything_is():
    from tfcli.build import build_model
    from tfcli.training.loss import smoothed_cross_entropy, token_nll

    config = ModelConfig(vocab_size=30, d_model=16, d_ff=16, num_heads=2, num_encoder_layers=1, output_bias=True)
    model = build_model(config)
    torch.nn.init.normal_(model.output_bias_V)
    plain = copy.deepcopy(model)
    src, tgt, labels = torch.randint(12, 30, (3, 2, 7))
    model.eval(), plain.eval()
    hidden = model.decode(tgt, model.encode(src)).flatten(0, 1)
    loss, nll = smoothed_cross_entropy(hidden, model.output_weight_VD, labels.flatten(), 0.1)
    logits = plain(src, tgt).flatten(0, 1)
    wanted = torch.nn.functional.cross_entropy(logits, labels.flatten(), label_smoothing=0.1, reduction="sum")
    assert torch.allclose(loss, wanted, atol=1e-4)
    assert torch.allclose(token_nll(hidden, model.output_weight_VD, labels.flatten()).sum(), nll, atol=1e-4)
    loss.backward(), wanted.backward()
    for (name, one), other in zip(model.named_parameters(), plain.parameters(), strict=True):
        assert torch.allclose(one.grad, other.grad, atol=1e-4), name
    with pytest.raises(ModelError, match="output_bias"):
        ModelConfig(kind="rnn", output_bias=True)
