"""SentencePiece behind a small door: train in memory, load from bytes, encode, decode.

Both languages share one vocabulary. Its first ids are PAD, UNK, BOS, EOS, which SentencePiece never produces from text,
then one for each placeholder: the private-use characters U+E000 to U+E007, each a piece of its own, stand for protected
spans (a URL, a number). A person who types such a character is the business of text/protect.py.

A tokenizer that was converted from elsewhere may cut the two languages by two models of the same pieces, and begin each
source with a piece that says which language is wanted; and its model may never have learned to copy placeholders.
"""

import hashlib
import io
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfcli.config import BOS, EOS, PAD, PLACEHOLDERS, UNK, TokenizerConfig
from tfcli.disk import read_whole
from tfcli.errors import DataError, ModelError, NotFoundError, ResourceError
from tfcli.pieces import split_sides

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor

_MAX_BYTES = 16 << 20
_PATH_BYTES = 160
_LONGEST_BYTES = 4192


class Tokenizer:
    """Text to ids and back.

    model: the serialized SentencePiece model (the bytes of tokenizer.model).
    Raises ModelError if the bytes are no such model, or its control tokens are not where this project puts them.
    """

    def __init__(self, model: bytes):
        from sentencepiece import SentencePieceProcessor  # here: who reads a model's config needs none

        if not 0 < len(model) <= _MAX_BYTES:
            raise ModelError(f"the tokenizer is {f'larger than {_MAX_BYTES >> 20} MiB' if model else 'empty'}")
        self.model = model
        try:
            sides = split_sides(model)
            self._pieces = self._target = SentencePieceProcessor(model_proto=sides.source)
            pieces = self.pieces(range(len(self)))  # SentencePiece takes what is not UTF-8, and fails when it is used
            if sides.target != sides.source:
                self._target = SentencePieceProcessor(model_proto=sides.target)
                if pieces != [*map(self._target.id_to_piece, range(len(self._target)))]:
                    raise ModelError("the tokenizer is damaged: its two languages do not share their pieces")
            self._begin = [self._pieces.piece_to_id(sides.begin)] if sides.begin else []
            control = [self._pieces.pad_id(), self._pieces.unk_id(), self._pieces.bos_id(), self._pieces.eos_id()]
            placeholders = self._pieces.piece_to_id(list(PLACEHOLDERS))
        except (RuntimeError, UnicodeDecodeError):
            raise ModelError("the tokenizer is damaged: SentencePiece cannot read it") from None
        if control != [PAD, UNK, BOS, EOS] or placeholders != [EOS + 1 + i for i in range(len(PLACEHOLDERS))]:
            raise ModelError("the tokenizer was not made by tfcli: its control tokens have other ids")
        if UNK in self._begin:
            raise ModelError(f'the tokenizer is damaged: it has no piece "{sides.begin[:40]}"')

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        """From a tokenizer.model on disk; NotFoundError if it is not there."""
        try:
            return cls(read_whole(path, _MAX_BYTES))
        except FileNotFoundError:
            raise NotFoundError(f'no tokenizer at "{path}"', "train one with   tfcli tokenizer train") from None

    def __len__(self) -> int:
        return self._pieces.get_piece_size()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.model).hexdigest()

    @property
    def is_shared(self) -> bool:
        """Whether the two languages are cut alike."""
        return self._target is self._pieces

    @property
    def has_placeholders(self) -> bool:
        """Whether text is cut into placeholders, so that a model may know what to do with one."""
        return not self._pieces.is_unused(EOS + 1)

    def encode(self, text: str) -> list[int]:
        """Ids of one text, without BOS and EOS."""
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of many texts at once, without BOS and EOS."""
        return [self._begin + ids if ids else ids for ids in _encode(self._pieces, texts)]

    def encode_target(self, text: str) -> list[int]:
        """Ids of a text in the target language, without BOS and EOS."""
        return _encode(self._target, [text])[0]

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids; PAD, BOS and EOS say nothing."""
        return self._pieces.decode(list(ids))

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """The vocabulary entry of each id, for people to look at."""
        return [self._pieces.id_to_piece(int(i)) for i in ids]

    def count_unknown(self, ids: Sequence[int]) -> int:
        """How many ids stand for text the vocabulary does not know: UNK, or a raw byte."""
        return sum(i == UNK or self._pieces.is_byte(int(i)) for i in ids)


def _encode(side: "SentencePieceProcessor", texts: Sequence[str]) -> list[list[int]]:
    """Ids of texts. Characters without a piece make one UNK together, unless just they are a piece that only the other
    language is cut into: that is looked up by its text, as Marian does."""
    rows = side.encode(list(texts), num_threads=1)
    for text, ids in zip(texts, rows, strict=True):
        if UNK in ids:
            found = side.piece_to_id(side.encode(text, out_type=str))
            ids[:] = [there if i == UNK and there > EOS else i for i, there in zip(ids, found, strict=True)]
    return rows


def train(texts: Iterable[str], config: TokenizerConfig) -> Tokenizer:
    """A tokenizer learned from `texts`, made in memory and read back before it is returned.

    Unigram (Kudo 2018, 1804.10959) or BPE (Sennrich 2016, 1508.07909) by SentencePiece (Kudo & Richardson 2018,
    1808.06226), with bytes for unseen characters, digits one by one, and NFKC folding of full-width forms.
    The same texts and config give the same bytes. DataError if the texts are empty or too few for the vocabulary, and
    whatever `texts` raises."""
    from sentencepiece import SentencePieceTrainer

    buffer = io.BytesIO()
    failed: list[BaseException] = []
    with tempfile.TemporaryDirectory() as folder:
        rules = _same_length_path(folder)
        Path(rules).write_text(_folding_rules(config.fold_traditional), encoding="utf-8")
        try:
            SentencePieceTrainer.train(
                sentence_iterator=_cut(_watched(texts, failed)),
                model_writer=buffer,
                model_type=config.kind,
                vocab_size=config.vocab_size,
                character_coverage=config.character_coverage,
                normalization_rule_tsv=rules,
                byte_fallback=True,
                split_digits=True,
                pad_id=PAD,
                unk_id=UNK,
                bos_id=BOS,
                eos_id=EOS,
                user_defined_symbols=list(PLACEHOLDERS),
                num_threads=2,  # the result depends on this number, so it is not the machine's
                input_sentence_size=0,
                minloglevel=2,
            )
        except RuntimeError as error:
            raise (failed[0] if failed else _training_error(str(error), config)) from None
    # SentencePiece writes the path of the rules into the model.
    return Tokenizer(buffer.getvalue().replace(rules.encode(), b"fold.tsv".rjust(len(rules.encode()), b"/")))


def _same_length_path(folder: str) -> str:
    """A file in `folder` whose path is as long on every machine: the model's bytes are not to depend on it."""
    name = "fold.tsv"
    return folder + "/" * max(_PATH_BYTES - len(f"{folder}{name}".encode()), 1) + name


def _watched(texts: Iterable[str], failed: list[BaseException]) -> Iterator[str]:
    """The texts. What goes wrong while they are read is put into `failed`: SentencePiece keeps only the words of it."""
    try:
        yield from texts
    except BaseException as error:
        failed.append(error)
        raise


def _cut(texts: Iterable[str]) -> Iterator[str]:
    """Long texts in parts: SentencePiece passes over those of more than 4,192 bytes, and says nothing."""
    for text in texts:
        if len(text.encode("utf-8", "replace")) <= _LONGEST_BYTES:
            yield text
        else:
            yield from (text[start : start + _LONGEST_BYTES // 4] for start in range(0, len(text), _LONGEST_BYTES // 4))


class VocabularyError(DataError):
    """A vocabulary that these texts cannot fill, or that cannot hold them. possible: a size that can; 0: unknown."""

    possible = 0


def _training_error(words: str, config: TokenizerConfig) -> Exception:
    """SentencePiece's C++ assertion as a sentence."""
    if bound := re.search(r"value <= (\d+)", words):
        error = VocabularyError(
            f"the corpus is too small for a vocabulary of {config.vocab_size:,}",
            f"tokenizer.vocab_size (--vocab-size) can be at most {bound[1]}",
        )
        error.possible = int(bound[1])
        return error
    if "smaller than required_chars" in words:
        need = re.search(r"required_chars.*?(\d+)[^\d]*$", words)
        error = VocabularyError(
            f"a vocabulary of {config.vocab_size:,} cannot hold the characters of this corpus",
            f"raise tokenizer.vocab_size{f' to {need[1]}' if need else ''}, or lower tokenizer.character_coverage",
        )
        error.possible = int(need[1]) if need else 0
        return error
    if "sentences_.empty()" in words or "all_chars_count" in words:
        return DataError("the corpus has no text to train a tokenizer on")
    if "No space" in words:
        return ResourceError("disk full while training the tokenizer")
    return DataError(f"SentencePiece cannot train on this corpus: {words}")


def _folding_rules(fold_traditional: bool) -> str:
    """SentencePiece normalization rules, `code points<TAB>code points` in hex: NFKC per character, white space to a
    space, control and zero-width characters removed, SentencePiece's own space mark to an underscore, and, if asked
    for, traditional Chinese characters to simplified."""
    simplify = _simplifier() if fold_traditional else str
    rows = []
    for code in range(1, 0x30000):
        char = chr(code)
        category = unicodedata.category(char)
        if category in ("Cs", "Co", "Cn"):
            continue
        if char.isspace():
            folded = " "
        elif category in ("Cc", "Cf"):
            folded = ""
        elif char == "▁":
            folded = "_"
        else:
            folded = unicodedata.normalize("NFKC", simplify(unicodedata.normalize("NFKC", char)))
        if folded != char:
            rows.append(f"{code:X}\t{' '.join(f'{ord(c):X}' for c in folded)}")
    return "\n".join(rows) + "\n"


def _simplifier():
    try:
        import opencc
    except ImportError:
        raise NotFoundError(
            "tokenizer.fold_traditional needs OpenCC", "install it with   pip install 'tfcli[zh]'"
        ) from None
    return opencc.OpenCC("t2s").convert
