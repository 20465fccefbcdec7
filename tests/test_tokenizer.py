"""Text to ids and back; what SentencePiece is trained to promise, and what it says when it cannot."""

import dataclasses
import random
import re
import typing
import unicodedata

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from tfcli.config import BOS, EOS, PAD, PLACEHOLDERS, UNK, CorpusConfig, TokenizerConfig, TokenizerKind
from tfcli.data.corpus import read_pairs
from tfcli.errors import DataError, ModelError, NotFoundError
from tfcli.tokenizer import Tokenizer, train

TEXTS = [text for pair in read_pairs(CorpusConfig("phrasebook")) if pair.number <= 120 for text in pair[1:]]
TRADITIONAL, SIMPLIFIED = "請問這個多少錢？謝謝妳說漢語", "请问这个多少钱？谢谢你说汉语"


@pytest.fixture(scope="module", params=typing.get_args(TokenizerKind))
def config(request) -> TokenizerConfig:
    return TokenizerConfig(kind=request.param, vocab_size=700)


@pytest.fixture(scope="module")
def tokenizer(config) -> Tokenizer:
    return train(TEXTS, config)


@pytest.fixture(scope="module")
def folding() -> Tokenizer:
    return train(TEXTS, TokenizerConfig(vocab_size=700, fold_traditional=True))


def normal(text: str) -> str:
    """What encoding may change, said independently: NFKC by character, control characters, white space."""
    text = "".join(" " if c.isspace() else unicodedata.normalize("NFKC", c) for c in text)
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf"))
    return " ".join(text.replace("▁", "_").split())


def test_known_text_comes_back(tokenizer):
    assert len(tokenizer) == 700
    for text, ids in zip(TEXTS, tokenizer.encode_batch(TEXTS), strict=True):
        assert tokenizer.encode(text) == ids
        assert tokenizer.decode(ids) == normal(text)


@given(text=st.text(st.characters(codec="utf-8", exclude_categories=["Co", "Cn"], max_codepoint=0x2FFFF)))
def test_any_text_comes_back(tokenizer, text):
    text = text.replace("\0", "")
    ids = tokenizer.encode(text)
    assert not {PAD, UNK, BOS, EOS} & set(ids)
    assert tokenizer.decode(ids) == normal(text)


def test_typed_control_pieces_are_ordinary_text(tokenizer):
    names = tokenizer.pieces(range(EOS + 1)) + ["<pad>", "▁", "▁▁", "<0x0A>", "<mask>", " ⁇ "]
    for text in [*names, *(f"你好{name}世界" for name in names), "".join(names)]:
        ids = tokenizer.encode(text)
        assert min(ids) > EOS, text
        assert tokenizer.decode(ids) == normal(text)


def test_unseen_characters_are_spelled_in_bytes(tokenizer):
    ids = tokenizer.encode("鱻𠮷😀")
    assert UNK not in ids and tokenizer.count_unknown(ids) == 3 + 4 + 4
    assert tokenizer.decode(ids) == "鱻𠮷😀"
    assert tokenizer.count_unknown(tokenizer.encode(TEXTS[0])) == 0


def test_a_placeholder_is_one_id_wherever_it_stands(tokenizer):
    assert [tokenizer.pieces([EOS + 1 + i])[0] for i in range(len(PLACEHOLDERS))] == list(PLACEHOLDERS)
    for i, mark in enumerate(PLACEHOLDERS):
        for text in (mark, f"我在{mark}等你", f"see {mark}.", mark * 2):
            ids = tokenizer.encode(text)
            assert ids.count(EOS + 1 + i) == text.count(mark)
            assert tokenizer.decode(ids) == text


def test_digits_stand_alone(config):
    tokenizer = train([*TEXTS, *["我2024年来的", "since 2024"] * 30], config)
    assert [piece for piece in tokenizer.pieces(tokenizer.encode("我2024年来的")) if piece.isdigit()] == list("2024")


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("ＡＢＣ１２３％", "ABC123%"),
        ("你好　世界", "你好 世界"),
        ("a\x0bb\u2028c\x85d", "a b c d"),
        ("soft\u00adhyphen\u200b\x07", "softhyphen"),
    ],
)
def test_forms_of_one_character_are_one(tokenizer, written, same):
    assert tokenizer.encode(written) == tokenizer.encode(same)


def test_traditional_characters_are_read_as_simplified(folding):
    assert folding.encode(TRADITIONAL.replace("妳", "你")) == folding.encode(SIMPLIFIED)
    assert folding.decode(folding.encode("體")) == "体"


def test_without_folding_traditional_characters_stay(tokenizer):
    assert tokenizer.decode(tokenizer.encode("體")) == "體"


def test_nothing_is_encoded_as_nothing(tokenizer):
    assert tokenizer.encode_batch([]) == [] and tokenizer.encode("") == tokenizer.encode(" \u200b ") == []
    assert tokenizer.decode([]) == tokenizer.decode([PAD, BOS, EOS]) == ""


def test_the_same_texts_give_the_same_bytes(config, tokenizer, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    again = train(iter(TEXTS), config)
    assert again.model == tokenizer.model and again.sha256 == tokenizer.sha256
    assert str(tmp_path).encode() not in again.model


@pytest.mark.parametrize("letter", ["w", "ж", "鑫", "𠮷"])
def test_a_long_text_is_learned_from_like_a_short_one(config, letter):
    """What stands in one text alone, but often, is in the vocabulary, however long that text is."""
    for times in (99, 9999):
        tokenizer = train([*TEXTS, f"{letter * 3} " * times], config)
        assert any(letter * 3 in piece for piece in tokenizer.pieces(range(len(tokenizer))))


def test_it_is_read_back_from_disk(tokenizer, tmp_path):
    path = tmp_path / "tokenizer.model"
    with pytest.raises(NotFoundError, match="tokenizer.model"):
        Tokenizer.load(path)
    path.write_bytes(tokenizer.model)
    assert Tokenizer.load(path).encode("好久不见") == tokenizer.encode("好久不见")


def test_the_named_vocabulary_sizes_can_be_used(config):
    for wish in (5000, 300):
        with pytest.raises(DataError) as raised:
            train(TEXTS, dataclasses.replace(config, vocab_size=wish))
        bound = int(re.search(r"vocab_size\D+(\d+)", raised.value.hint)[1])
        assert (bound < wish) == (wish == 5000)
        assert len(train(TEXTS, dataclasses.replace(config, vocab_size=bound))) == bound


@pytest.mark.parametrize("texts", [[], [""], ["", "  ", "\u3000", "\u200b"]])
def test_no_text_is_a_sentence_about_the_corpus(texts):
    with pytest.raises(DataError, match="no text"):
        train(texts, TokenizerConfig(vocab_size=700))


def test_what_goes_wrong_while_reading_is_not_covered_up():
    def texts():
        yield "one line"
        raise DataError("corpus.tsv: line 2 has 1 column, not two")

    with pytest.raises(DataError, match="^corpus.tsv: line 2 has 1 column, not two$"):
        train(texts(), TokenizerConfig(vocab_size=700))


def test_damaged_bytes_are_refused_or_work(tokenizer):
    rng = random.Random()
    refused = 0
    for _ in range(150):
        data = bytearray(tokenizer.model)
        for _ in range(rng.choice((1, 3, 30))):
            data[rng.randrange(len(data) if rng.random() < 0.5 else 12_000)] = rng.randrange(256)
        del data[rng.choice((len(data), rng.randrange(len(data)))) :]
        try:
            found = Tokenizer(bytes(data))
        except ModelError:
            refused += 1
            continue
        ids = found.encode("你好，world \ue000 2024")
        assert found.decode(ids) is not None and found.pieces(range(len(found)))
    assert refused > 30
    for data in (b"", b"\0" * 50, b"not a model", tokenizer.model[: len(tokenizer.model) // 2], bytes(17 << 20)):
        with pytest.raises(ModelError):
            Tokenizer(data)


def test_a_tokenizer_of_somebody_else_is_refused(tmp_path):
    options = {"sentence_iterator": iter(TEXTS), "vocab_size": 700, "byte_fallback": True, "minloglevel": 2}
    for others in ({}, {"pad_id": PAD, "unk_id": UNK, "bos_id": BOS, "eos_id": EOS}):
        with open(tmp_path / "theirs", "wb") as file:
            options["sentence_iterator"] = iter(TEXTS)
            sentencepiece.SentencePieceTrainer.train(**options, **others, model_writer=file)
        with pytest.raises(ModelError, match="not made by tfcli"):
            Tokenizer.load(tmp_path / "theirs")
