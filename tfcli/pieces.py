"""SentencePiece's files taken apart and put together: serialized ModelProtos, without the protobuf library.

Numbers of fields and kinds are those of sentencepiece_model.proto (github.com/google/sentencepiece). Of those that it
leaves to others two are ours: 200, the model that cuts the target language, and 201, the piece that each source begins
with.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from tfcli.errors import ModelError

_INTEGER, _BYTES, _FLOAT = 0, 2, 5
_FIXED = {1: 8, _FLOAT: 4}
"""Bytes of a value, by the type on the wire."""
_PIECE, _TRAINER, _NORMALIZER, _DENORMALIZER, _TARGET, _BEGIN = 1, 2, 3, 5, 200, 201
_TEXT, _SCORE, _KIND = 1, 2, 3
_ALGORITHM, _UNIGRAM = 3, 1
_NAMES = {45: b"<unk>", 46: b"<s>", 47: b"</s>", 48: b"<pad>"}
"""Under which names the trainer's settings know the control pieces; SentencePiece finds their ids by them."""


class Kind(IntEnum):
    """What a piece is to SentencePiece. UNUSED: text is never cut into it, but it has an id and a text."""

    NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)


@dataclass(frozen=True)
class Piece:
    """An entry of a vocabulary. score: its log-probability."""

    text: str
    score: float = 0.0
    kind: Kind = Kind.NORMAL


@dataclass(frozen=True)
class PieceModel:
    """pieces: by id. settings: of the trainer and of the normalizers, as they stand in the file."""

    pieces: tuple[Piece, ...]
    settings: bytes
    is_unigram: bool


def parse(model: bytes) -> PieceModel:
    """A SentencePiece model; ModelError if it is damaged."""
    pieces, settings, algorithm = [], b"", _UNIGRAM
    for number, value in _fields(model):
        if number == _PIECE:
            pieces.append(_parse_piece(_as_bytes(value)))
        elif number in (_TRAINER, _NORMALIZER, _DENORMALIZER):
            settings += _field(number, _as_bytes(value))
        if number == _TRAINER:
            algorithm = dict(_fields(_as_bytes(value))).get(_ALGORITHM, algorithm)
    return PieceModel(tuple(pieces), settings, algorithm == _UNIGRAM)


def serialize(pieces: Iterable[Piece], settings: bytes) -> bytes:
    """A SentencePiece model; its control pieces are called <unk>, <s>, </s> and <pad>, whatever the settings say."""
    rows = [
        _field(_TEXT, piece.text.encode()) + _field(_SCORE, piece.score) + _field(_KIND, int(piece.kind))
        for piece in pieces
    ]
    names = b"".join(_field(number, name) for number, name in _NAMES.items())
    # Of a setting that stands twice the last counts.
    return b"".join(_field(_PIECE, row) for row in rows) + settings + _field(_TRAINER, names)


@dataclass(frozen=True)
class Sides:
    """What a tokenizer file holds. source, target: the SentencePiece models that cut the two languages, often the same.
    begin: the piece that stands before every source text; empty if none does."""

    source: bytes
    target: bytes
    begin: str = ""


def join_sides(sides: Sides) -> bytes:
    """One file of two models with the same pieces. To SentencePiece it is the source's."""
    return _field(_TARGET, sides.target) + _field(_BEGIN, sides.begin.encode()) + sides.source


def split_sides(model: bytes) -> Sides:
    """The two models of a file from `join_sides`; of any other file it is one model for both languages."""
    target, rest = _take(model, _TARGET)
    begin, rest = _take(rest, _BEGIN)
    return Sides(rest, target or rest, (begin or b"").decode("utf-8", "replace"))


def _take(data: bytes, number: int) -> tuple[bytes, bytes]:
    """(the field that the data begin with, if it is of this number; what follows)."""
    key = _number(number << 3 | _BYTES)
    if not data.startswith(key):
        return b"", data
    size, start = _varint(data, len(key))
    return data[start : start + size], data[start + size :]


def _parse_piece(data: bytes) -> Piece:
    fields = dict(_fields(data))
    try:
        score = struct.unpack("<f", _as_bytes(fields.get(_SCORE, bytes(4))))[0]
        return Piece(_as_bytes(fields.get(_TEXT, b"")).decode(), score, Kind(fields.get(_KIND, Kind.NORMAL)))
    except (ValueError, struct.error):
        raise _damaged() from None


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field; what is not an integer comes as its bytes."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        if key & 7 == _INTEGER:
            value, at = _varint(data, at)
        else:
            size, at = _varint(data, at) if key & 7 == _BYTES else (_FIXED.get(key & 7, len(data)), at)
            value, at = data[at : at + size], at + size
            if at > len(data):
                raise _damaged()
        yield key >> 3, value


def _field(number: int, value: int | float | bytes) -> bytes:
    if isinstance(value, bytes):
        return _number(number << 3 | _BYTES) + _number(len(value)) + value
    if isinstance(value, float):
        return _number(number << 3 | _FLOAT) + struct.pack("<f", value)
    return _number(number << 3 | _INTEGER) + _number(value)


def _number(value: int) -> bytes:
    """A varint: seven bits a byte, the lowest first; the eighth says that there are more."""
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value])


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number that stands at a place, and the place behind it."""
    value = 0
    for i, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            return value, at + i + 1
    raise _damaged()


def _as_bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise _damaged()
    return value


def _damaged() -> ModelError:
    return ModelError("the tokenizer is damaged: it is no SentencePiece model")
