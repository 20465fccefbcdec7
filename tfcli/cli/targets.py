"""Which files are translated as documents, as what kind each, and where the translation of each goes."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from tfcli.cli import console
from tfcli.cli.formats import OutputFormat
from tfcli.cli.records import STDIN
from tfcli.documents import DocumentFormat, find_format
from tfcli.errors import NotFoundError, UsageError

Format = Literal[OutputFormat, DocumentFormat]

_PACKED = {".gz", ".xz", ".zst"}
_PLAIN = {".txt", ".text"}
_LONGEST_NAME = 256


@dataclass(frozen=True, slots=True)
class Target:
    """A document and where its translation goes: a file, or None for stdout."""

    source: str
    format: DocumentFormat
    output: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user says about outputs. output: one for all inputs; output_dir: one in there for each."""

    output: str | None = None
    output_dir: str | None = None
    format: Format | None = None
    columns: tuple[str, ...] = ()
    recursive: bool = False


def find_targets(sources: Sequence[str], wanted: Wanted, model: str) -> list[Target]:
    """The documents among the inputs; none if they are lines of text, each of which is answered as it comes.

    model: its languages are in the names of outputs. Raises UsageError where it is not clear which output is whose,
    NotFoundError for a folder without documents.
    """
    if wanted.output_dir is None:
        kinds = [_find_kind(source, wanted) for source in sources]
        if any(kinds) and len(sources) > 1:
            raise UsageError("several documents have several outputs", "name a folder for them   --output-dir DIR")
        if wanted.recursive:
            raise UsageError("--recursive needs a folder for the outputs", "name it   --output-dir DIR")
        return [Target(source, kind, wanted.output) for source, kind in zip(sources, kinds, strict=True) if kind]
    if wanted.output is not None:
        raise UsageError("give --output or --output-dir, not both")
    if wanted.format == "jsonl" or (wanted.format == "tsv" and not wanted.columns):
        raise UsageError(f"{wanted.format} is one table of results, not a file for each input", "write it to   -o FILE")
    from tfcli.bundle import locate, read_bundle

    config = read_bundle(locate(model)).config
    targets = []
    languages = config.source, config.target
    for source, folder in _walk(sources, wanted, languages):
        output = Path(wanted.output_dir) / folder / name_output(source, *languages)
        targets.append(Target(source, _find_kind(source, wanted) or "text", str(output)))
    _check(targets)
    return targets


def check_texts(texts: Sequence[str], output: str | None) -> None:
    """Says so if a TEXT is the name of a file, which a user may have meant to be translated: UsageError if the results
    go to a file."""
    for text in texts:
        if text != STDIN and len(text) < _LONGEST_NAME and os.path.isfile(text):
            told = f'"{text}" is a file; its name is translated, not what is in it'
            if output is not None:
                raise UsageError(told.replace("; its name is", ", but its name would be"), f"translate it   -i {text}")
            console.warn(f"{told} (-i {text})")


def name_output(source: str, from_language: str, to_language: str) -> str:
    """{name}.en.{ext}: a.srt is a.en.srt, a.zh.srt too; news.zh is news.en. Compression is left out."""
    path = Path(source)
    if path.suffix.lower() in _PACKED:
        path = path.with_suffix("")
    if path.suffix == f".{from_language}":
        return path.with_suffix(f".{to_language}").name
    stem = path.stem.removesuffix(f".{from_language}")
    return f"{stem}.{to_language}{path.suffix}"


def _find_kind(source: str, wanted: Wanted) -> DocumentFormat | None:
    """What kind of document it is; None for lines of text."""
    if wanted.format is None:
        return None if source == STDIN else find_format(source)
    if wanted.format == "text" or (wanted.format == "tsv" and not wanted.columns):
        return None
    return wanted.format if wanted.format in get_args(DocumentFormat) else None


def _walk(sources: Sequence[str], wanted: Wanted, languages: tuple[str, str]) -> Iterator[tuple[str, str]]:
    """Files, each with the folder that it lies in below the one that was named."""
    for source in sources:
        if source == STDIN:
            raise UsageError("stdin has no name for a file in --output-dir", "write it to   -o FILE")
        if not os.path.isdir(source):
            yield source, ""
            continue
        if not wanted.recursive:
            raise UsageError(f'"{source}" is a folder', "translate what is in it   --recursive")
        found = list(_walk_folder(source, wanted, languages))
        if not found:
            raise NotFoundError(f'there is no document in "{source}"', "name the kind of its files   --format text")
        yield from found


def _walk_folder(source: str, wanted: Wanted, languages: tuple[str, str]) -> Iterator[tuple[str, str]]:
    """The documents in a folder and below; neither hidden ones nor the translations of others."""
    own = os.path.realpath(wanted.output_dir)
    for folder, folders, files in os.walk(source):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and os.path.realpath(os.path.join(folder, name)) != own
        )
        outputs = {name_output(name, *languages) for name in files}
        for name in sorted(files):
            is_document = wanted.format is not None or find_format(name) or Path(name).suffix.lower() in _PLAIN
            if is_document and not name.startswith(".") and name not in outputs:
                yield os.path.join(folder, name), os.path.relpath(folder, source)


def _check(targets: Sequence[Target]) -> None:
    """UsageError if two documents have one output, or one would replace another's source."""
    taken: dict[str, str] = {}
    sources = {os.path.realpath(target.source) for target in targets}
    for target in targets:
        place = os.path.realpath(target.output)
        if place in taken:
            raise UsageError(f'"{taken[place]}" and "{target.source}" would both be written to "{target.output}"')
        if place in sources:
            raise UsageError(f'"{target.output}" is one of the inputs', "choose another folder   --output-dir DIR")
        taken[place] = target.source
