"""`tfcli tokenizer`: train a SentencePiece tokenizer, use one, look at one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tfcli.cli import console, options
from tfcli.cli.output import open_file
from tfcli.cli.records import STDIN, Reader
from tfcli.cli.segmentations import describe_training, read_texts
from tfcli.config import TokenizerConfig, TokenizerKind
from tfcli.config.data import LARGE_VOCABULARY
from tfcli.errors import DataError
from tfcli.settings import resolve

if TYPE_CHECKING:
    from tfcli.tokenizer import Tokenizer

app = typer.Typer(help="Train, use and look at SentencePiece tokenizers.")

_DEFAULT = TokenizerConfig()
_Texts = Annotated[
    list[str] | None,
    typer.Argument(metavar="TEXT", help="Each is a line; none, or -, is stdin.", show_default=False),
]
_Model = Annotated[
    str | None,
    typer.Option("-m", "--model", metavar="MODEL", help="A tokenizer.model, or a model that has one."),
]


def train(
    inputs: Annotated[
        list[str], typer.Option("-i", "--input", metavar="FILE", help="A TSV of pairs, or lines; may be repeated.")
    ],
    output: Annotated[str, typer.Option("-o", "--output", metavar="FILE", help="The tokenizer to write.")],
    vocab_size: Annotated[int, typer.Option("--vocab-size", metavar="N", min=1, help="Pieces.")] = LARGE_VOCABULARY,
    kind: Annotated[TokenizerKind, typer.Option("--kind", help="How pieces are found.")] = _DEFAULT.kind,
    coverage: Annotated[
        float, typer.Option("--character-coverage", metavar="SHARE", help="Of characters to hold, the rest as bytes.")
    ] = _DEFAULT.character_coverage,
    sample: Annotated[
        int, typer.Option("--sample", metavar="N", min=1, help="Look at so many lines at most.")
    ] = _DEFAULT.sample,
    fold_traditional: Annotated[
        bool, typer.Option("--fold-traditional", help="Read traditional Chinese characters as simplified.")
    ] = False,
    force: options.Force = False,
) -> None:
    """Train a tokenizer on one side or both.

    \b
    Examples:
      tfcli tokenizer train -i corpus.tsv -o tokenizer.model
      tfcli tokenizer train -i corpus.zh -i corpus.en --vocab-size 8000 --kind bpe -o joint.model
    """
    from tfcli import tokenizer as tokenizers

    config = TokenizerConfig(None, kind, vocab_size, coverage, sample, fold_traditional)
    with open_file(output, force) as write:
        sides = read_texts(inputs, sample)
        trained = tokenizers.train((text for side in sides.values() for text in side), config)
        write(trained.model)
    console.print_out("\n".join(describe_training(trained, sides)))


def encode(
    texts: _Texts = None,
    model: _Model = None,
    ids: Annotated[bool, typer.Option("--ids", help="Print numbers, not pieces.")] = False,
) -> None:
    """Cut lines into pieces, separated by spaces.

    \b
    Examples:
      tfcli tokenizer encode "好久不见"
      tfcli tokenizer encode --ids < news.zh > news.ids
    """
    tokenizer = _load(model)
    for line in _lines(texts):
        encoded = tokenizer.encode(line)
        console.print_out(" ".join(map(str, encoded) if ids else tokenizer.pieces(encoded)))


def decode(
    texts: _Texts = None,
    model: _Model = None,
    ids: Annotated[bool, typer.Option("--ids", help="Read numbers, not pieces.")] = False,
) -> None:
    """Join pieces, separated by spaces, into text.

    \b
    Examples:
      tfcli tokenizer encode "好久不见" | tfcli tokenizer decode
      tfcli tokenizer decode --ids "812 77 3"
    """
    tokenizer = _load(model)
    vocabulary = tokenizer.pieces(range(len(tokenizer)))
    known = {str(i): i for i in range(len(vocabulary))} if ids else {piece: i for i, piece in enumerate(vocabulary)}
    for line in _lines(texts):
        try:
            console.print_out(tokenizer.decode([known[word] for word in line.split(" ") if word]))
        except KeyError as error:
            word = error.args[0]
            raise DataError(f'"{word}" is no {"id" if ids else "piece"} of this tokenizer') from None


def info(model: _Model = None, as_json: options.Json = False) -> None:
    """Tell what a tokenizer is.

    \b
    Examples:
      tfcli tokenizer info
      tfcli tokenizer info -m tokenizer.model --json
    """
    tokenizer = _load(model)
    pieces = tokenizer.pieces(range(len(tokenizer)))
    longest = sorted(pieces, key=len, reverse=True)[:10]
    num_bytes = sum(tokenizer.count_unknown([i]) for i in range(len(pieces))) - 1
    facts = {
        "pieces": len(pieces),
        "of them bytes": num_bytes,
        "bytes": len(tokenizer.model),
        "sha256": tokenizer.sha256,
    }
    facts |= {"first": " ".join(pieces[:4]), "longest": " ".join(longest)}
    if as_json:
        console.print_out(json.dumps(facts, ensure_ascii=False, indent=2))
    else:
        console.print_out("\n".join(console.align([(name, str(value)) for name, value in facts.items()])))


for _command in (train, encode, decode, info):
    app.command()(options.with_common_options(_command))


def _load(model: str | None) -> "Tokenizer":
    from tfcli.bundle import locate, read_bundle
    from tfcli.tokenizer import Tokenizer

    if model and Path(model).is_file():
        return Tokenizer.load(Path(model))
    return read_bundle(locate(resolve({"model": model}).settings.model)).tokenizer()


def _lines(texts: list[str] | None) -> Iterator[str]:
    records = Reader("text", "", "replace").read(texts or [STDIN], arguments=bool(texts))
    return (record.text for record in records)
