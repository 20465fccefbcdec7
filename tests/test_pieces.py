"""SentencePiece's files, taken apart without its library: what is put together again is the same to SentencePiece."""

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st
from marian_models import PAIRS, train_pieces

from tfcli.errors import ModelError
from tfcli.pieces import Kind, Sides, join_sides, parse, serialize, split_sides
from tfcli.tokenizer import Tokenizer

TEXTS = [text for pair in PAIRS[:40] for text in pair] + ["Zoë ١٢ 𝟘 <s> ▁", ""]
SETTINGS = [
    dict(vocab_size=400),
    dict(vocab_size=700, byte_fallback=True, model_type="bpe"),
    dict(vocab_size=400, user_defined_symbols=["你好"], pad_id=3, normalization_rule_name="identity"),
]


def load(model: bytes) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_proto=model)


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: "-".join(settings))
def test_put_together_it_is_the_same(settings):
    model = train_pieces([text for pair in PAIRS for text in pair], **settings)
    parsed = parse(model)
    there, again = load(model), load(serialize(parsed.pieces, parsed.settings))
    assert parsed.is_unigram == ("model_type" not in settings)
    for i, piece in enumerate(parsed.pieces):
        assert (piece.text, piece.score) == (there.id_to_piece(i), there.get_score(i))
        assert [piece.kind is Kind.CONTROL, piece.kind is Kind.BYTE] == [there.is_control(i), there.is_byte(i)]
    for text in TEXTS:
        assert there.encode(text) == again.encode(text)
        assert there.decode(there.encode(text)) == again.decode(again.encode(text))


def test_two_sides_in_one_file(tiny_tokenizer):
    model = tiny_tokenizer.model
    assert split_sides(model) == Sides(model, model)
    parsed = parse(model)
    other = serialize(parsed.pieces, parsed.settings)
    sides = Sides(model, other, parsed.pieces[300].text)
    assert split_sides(join_sides(sides)) == sides
    joined = Tokenizer(join_sides(sides))
    for text in filter(str.strip, TEXTS):
        assert load(join_sides(sides)).encode(text) == tiny_tokenizer.encode(text)  # others need not know of it
        assert joined.encode(text) == [300, *tiny_tokenizer.encode(text)]
        assert joined.encode_target(text) == tiny_tokenizer.encode(text)
    assert joined.encode("") == []


def test_sides_that_do_not_belong_together_are_refused(tiny_tokenizer):
    parsed = parse(tiny_tokenizer.model)
    fewer = serialize(parsed.pieces[:-1], parsed.settings)
    whole = tiny_tokenizer.model
    for sides in (Sides(whole, fewer), Sides(whole, whole, "no such piece")):
        with pytest.raises(ModelError, match="damaged"):
            Tokenizer(join_sides(sides))


@given(data=st.data())
def test_damaged_bytes_are_refused_or_read(tiny_tokenizer, data):
    model = bytearray(tiny_tokenizer.model[:600])
    for _ in range(data.draw(st.integers(1, 4))):
        model[data.draw(st.integers(0, len(model) - 1))] = data.draw(st.integers(0, 255))
    model = bytes(model[: data.draw(st.integers(0, len(model)))])
    for read in (parse, split_sides):
        try:
            read(model)
        except ModelError as error:
            assert "damaged" in error.message
