"""What a model is trained on: the tokenizer, the corpora, how pairs are changed and which are left out."""

from dataclasses import dataclass, field
from typing import Literal

from tfcli.config.bounds import MANY, bounded, check_bounds
from tfcli.errors import ModelError

TokenizerKind = Literal["unigram", "bpe"]
LARGE_VOCABULARY = 16_000
"""Pieces for a million pairs; a smaller corpus fills fewer."""
EVERY_CORPUS = "all"
"""The group that every corpus is in."""


@dataclass(frozen=True)
class TokenizerConfig:
    """How the SentencePiece tokenizer is trained, or where a finished one lies."""

    path: str | None = None  # a finished tokenizer.model; None: train one
    kind: TokenizerKind = "unigram"
    vocab_size: int | None = bounded(None, 1, 1_000_000)  # None: chosen to fit the corpora, 16,000 at most
    character_coverage: float = bounded(0.9995, 0.98, 1.0)  # what SentencePiece takes
    sample: int = bounded(1_000_000, 1, MANY)  # at most this many pairs are looked at
    fold_traditional: bool = False  # read traditional Chinese characters as simplified; needs the extra "zh" to train

    def __post_init__(self):
        check_bounds("tokenizer", self)


@dataclass(frozen=True)
class CorpusConfig:
    """One source of sentence pairs: a TSV (source<TAB>target), two parallel files (plain, .gz, .xz or .zst), or a
    built-in corpus by its name."""

    path: str
    target: str | None = None  # the target side, when it is a file of its own
    group: str = ""  # stages weigh the corpora of a group together
    weight: float = bounded(1.0, 0, 1000)  # how often each pair is seen in an epoch: 3.0 three times, 0.25 every fourth
    pairs: int = bounded(10_000, 1, MANY)  # a generated corpus has so many pairs, other ones in every epoch
    entities: str | None = None  # for a generated corpus: a TSV of your own names (Chinese, English, kind)
    license: str = ""  # for the card, like the note
    note: str = ""
    tag: str = ""  # text before each source, for example a mark of back-translation (Caswell et al. 2019, 1906.06442)

    def __post_init__(self):
        check_bounds("data.train", self)
        if not self.path or "\0" in self.path:
            raise ModelError("data.train has a corpus without a path", 'name a file or "phrasebook"')

    @property
    def name(self) -> str:
        """What stages call it: the name of its file up to the first dot."""
        return self.path.replace("\\", "/").rsplit("/", 1)[-1].split(".")[0]


@dataclass(frozen=True)
class NoiseConfig:
    """Shares of the training pairs that are written another way; see data/noise.py. Drawn anew in every epoch."""

    drop_final_punctuation: float = bounded(0.0, 0, 1)
    spaces_for_commas: float = bounded(0.0, 0, 1)
    placeholders: float = bounded(0.0, 0, 1)  # what both sides share (a number, a name) becomes a placeholder
    join: float = bounded(0.0, 0, 1)  # glued to the next pair of its corpus, for text of several sentences
    add_final_punctuation: float = bounded(0.0, 0, 1)  # a side without a final mark gets that of the other side
    substitution: float = bounded(0.0, 0, 1)  # names and places become others, on both sides (Chinese and English)

    def __post_init__(self):
        check_bounds("data.noise", self)


@dataclass(frozen=True)
class DataConfig:
    """What is trained on, what is validated on, and which pairs are left out."""

    train: tuple[CorpusConfig, ...] = ()
    valid: str | None = None  # a TSV; None: a part of the training pairs is held out
    tests: tuple[str, ...] = ()  # TSVs the finished model is scored on
    valid_pairs: int = bounded(500, 1, MANY)  # at most so many pairs are translated at a validation
    reverse: bool = False  # the corpora, `valid` and `tests` have the target language first
    max_length: int = bounded(128, 2, MANY)  # tokens of one side; longer pairs are left out
    max_ratio: float = bounded(4.0, 1, MANY)  # longer side over shorter side, in tokens
    noise: NoiseConfig = field(default_factory=NoiseConfig)

    def __post_init__(self):
        check_bounds("data", self)
