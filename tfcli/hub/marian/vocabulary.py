"""The vocabulary of a Marian model, in our order, as one tokenizer.

Marian cuts the source by source.spm and the target by target.spm, and looks the text of each piece up in vocab.json,
which both languages share. Here each of the two models holds all entries of vocab.json under the same ids; those it
does not cut text into are UNUSED. The control tokens come first, as everywhere in tfcli.
"""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tfcli.bundle import TOKENIZER
from tfcli.config import PLACEHOLDERS
from tfcli.errors import ModelError, UsageError
from tfcli.hub.marian.config import MarianConfig
from tfcli.hub.probe import probe
from tfcli.pieces import Kind, Piece, PieceModel, Sides, join_sides, parse, serialize
from tfcli.tokenizer import Tokenizer

_PAD, _UNK, _START, _EOS = "<pad>", "<unk>", "<s>", "</s>"
_CONTROL = (Piece(_PAD, kind=Kind.CONTROL), Piece(_UNK, kind=Kind.UNKNOWN))
_CONTROL += (Piece(_START, kind=Kind.CONTROL), Piece(_EOS, kind=Kind.CONTROL))
_CONTROL += tuple(Piece(placeholder, kind=Kind.UNUSED) for placeholder in PLACEHOLDERS)
_WISH = re.compile(r">>(.+)<<")
_CUTS = (Kind.NORMAL, Kind.USER_DEFINED)
_SHOWN = 12


@dataclass(frozen=True)
class Vocabulary:
    """rows: which entry of the Marian model each entry of the tokenizer is. never: ids that Marian has not, which no
    translation contains."""

    tokenizer: Tokenizer
    rows: list[int]
    never: list[int]


def read_vocabulary(
    source: bytes, target: bytes, ids: dict[str, int], config: MarianConfig, language: str = ""
) -> Vocabulary:
    """source, target: of source.spm and target.spm. ids: of vocab.json. language: the one to be written, of those that
    a model of several knows. Raises ModelError if they do not fit, UsageError if the model does not know the language.
    """
    _check_ids(ids, config)
    begin = _begin(ids, language)
    models = parse(source), parse(target)
    for name, model in zip(("source.spm", "target.spm"), models, strict=True):
        if not model.is_unigram or any(piece.kind is Kind.BYTE for piece in model.pieces):
            raise ModelError(f"{name} is not a unigram model without bytes; others are not understood")
    known = [text for text in sorted(ids, key=ids.__getitem__) if text not in (_PAD, _UNK, _START, _EOS)]
    # What is cut into a piece that is not in vocab.json is unknown. It must stay a piece, or it would be cut otherwise.
    cuts = dict.fromkeys(piece.text for model in models for piece in model.pieces if piece.kind in _CUTS)
    strangers = [text for text in cuts if text not in ids]
    texts = known + strangers
    first, unknown = len(_CONTROL), ids[_UNK]
    rows = [ids[_PAD], unknown, config.decoder_start_token_id, ids[_EOS], *[unknown] * len(PLACEHOLDERS)]
    never = [2, *range(4, first), *range(first + len(known), first + len(texts))]
    return Vocabulary(
        _load(join_sides(Sides(*(_with_pieces(model, texts) for model in models), begin))),
        rows + [ids[text] for text in known] + [unknown] * len(strangers),
        never,
    )


def _load(model: bytes) -> Tokenizer:
    """The tokenizer, once another process has read it and lived."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / TOKENIZER
        path.write_bytes(model)
        probe(path)
    return Tokenizer(model)


def _check_ids(ids: dict[str, int], config: MarianConfig) -> None:
    size = config.vocab_size
    if not all(type(i) is int for i in ids.values()) or sorted(ids.values()) != [*range(size)]:
        raise ModelError(f"vocab.json does not name each of the {size:,} entries once")
    if any("\ud800" <= letter <= "\udfff" for text in ids for letter in text):
        raise ModelError("vocab.json has an entry that is no text")
    if _UNK not in ids:
        raise ModelError(f'vocab.json has no "{_UNK}"')
    for name, number in ((_PAD, config.pad_token_id), (_EOS, config.eos_token_id)):
        if ids.get(name) != number:
            raise ModelError(f'vocab.json has "{name}" as {ids.get(name)}, config.json as {number}')
    if not 0 <= config.decoder_start_token_id < size:
        raise ModelError(f"decoder_start_token_id is {config.decoder_start_token_id}; there are {size:,} entries")


def _begin(ids: dict[str, int], language: str) -> str:
    """The piece that asks for the language; empty if the model knows no such pieces."""
    known = [found[1] for text in ids if (found := _WISH.fullmatch(text))]
    if language in known:
        return f">>{language}<<"
    if known:
        shown = ", ".join(known[:_SHOWN]) + (", ..." if len(known) > _SHOWN else "")
        what = f'the model does not write "{language}"' if language else "the model writes several languages"
        raise UsageError(what, f"choose one with   --language {known[0]}\nit knows          {shown}")
    if language:
        raise UsageError("the model writes one language only", "leave out   --language")
    return ""


def _with_pieces(model: PieceModel, texts: list[str]) -> bytes:
    """The model with these pieces behind the control tokens, each as it was in it, or unused."""
    own = {piece.text: piece for piece in model.pieces if piece.kind in (*_CUTS, Kind.CONTROL)}
    return serialize([*_CONTROL, *(own.get(text) or _unused(text) for text in texts)], model.settings)


def _unused(text: str) -> Piece:
    """A piece that no text is cut into; a wish for a language is not said either."""
    return Piece(text, kind=Kind.CONTROL if _WISH.fullmatch(text) else Kind.UNUSED)
