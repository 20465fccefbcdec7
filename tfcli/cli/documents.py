"""Documents, one after the other: read, translated, written when complete; what is done already is left alone."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tfcli.cli import console
from tfcli.cli.answers import answer
from tfcli.cli.errors import Interrupted, explain
from tfcli.cli.output import open_file
from tfcli.cli.progress import Progress
from tfcli.cli.records import STDIN, Record, open_stdin
from tfcli.cli.targets import Target
from tfcli.documents import Document, open_document
from tfcli.documents.linking import WordLinks
from tfcli.documents.reading import Reading
from tfcli.documents.segment import Segment
from tfcli.documents.translating import translate_segments
from tfcli.documents.unpacking import damage_told, unpacked
from tfcli.errors import DataError, UsageError

if TYPE_CHECKING:
    from tfcli.looking import Translator

_MOST_BYTES = 256 * 2**20
_WINDOW = 2**13
"""Characters of the segments that are translated together."""


@dataclass(frozen=True, slots=True)
class Documents:
    """How documents are translated. force: outputs that are there are replaced. keep_going: what fails is left out, a
    segment as well as a file."""

    translator: "Translator"
    encoding: str | None
    columns: tuple[str, ...]
    force: bool
    keep_going: bool

    def translate(self, targets: Sequence[Target], skip_done: bool) -> Progress:
        """Writes the translation of each target; in the end DataError if some could not be, though the rest was.
        skip_done: an output that is newer than its document is left alone."""
        waiting = [target for target in targets if self.force or not (skip_done and _is_done(target))]
        if done := len(targets) - len(waiting):
            console.note(f"{console.count(done, 'file')} done already; --force translates again")
        sizes = [_size(target.source) for target in waiting]
        failed: list[str] = []
        watched = console.is_terminal(sys.stderr)
        with Progress(sum(sizes), bar=watched, spoken=True, by_words=True) as progress:
            for target, size in zip(waiting, sizes, strict=True):
                try:
                    self._translate(target, size, progress)
                except KeyboardInterrupt:
                    left = len(waiting) - waiting.index(target)
                    raise Interrupted(f"interrupted; {console.count(left, 'file')} not translated") from None
                except Exception as error:
                    told = explain(error)
                    if not self.keep_going or len(targets) == 1 or told.exit_code == 1:
                        raise
                    console.warn(f"{target.source} is left out: {told.message}")
                    failed.append(target.source)
                else:
                    progress.tell_flags(f"{target.source}: " if len(targets) > 1 else "")
        if failed:
            raise DataError(f"{len(failed)} of {console.count(len(targets), 'file')} could not be translated")
        return progress

    def _translate(self, target: Target, size: int, progress: Progress) -> None:
        reading = Reading(_name(target.source), self.encoding, self.columns)
        document = open_document(target.format, _read(target.source), reading)
        if target.output is None:
            _check_stdout(target)
            self._write(document, console.write_out, size, progress)
            return
        Path(target.output).parent.mkdir(parents=True, exist_ok=True)
        with open_file(target.output, self.force) as write:
            self._write(document, write, size, progress)

    def _write(self, document: Document, write, size: int, progress: Progress) -> None:
        total = sum(len(segment.text) for segment in document.segments)

        def ask(texts: Sequence[str]) -> list[str]:
            records = [
                Record(place, text, None, (), round(size * len(text) / max(total, 1)))
                for place, text in enumerate(texts, progress.lines + 1)
            ]
            translations = []
            for window, results in answer(records, self.translator, self.keep_going):
                progress.add(window, results)
                translations += [result.translation for result in results]
            return translations

        translated: list[Segment] = []
        for window in _windows(document.segments):
            translated += translate_segments(window, ask, self._align)
        write(document.render(translated))

    def _align(self, source: str, target: str) -> WordLinks:
        return WordLinks(*self.translator.word_links(source, target))


def _windows(segments: Sequence[Segment]) -> Iterator[list[Segment]]:
    window: list[Segment] = []
    size = 0
    for segment in segments:
        window.append(segment)
        size += len(segment.text)
        if size >= _WINDOW:
            yield window
            window, size = [], 0
    if window:
        yield window


def _is_done(target: Target) -> bool:
    return os.path.isfile(target.output) and os.path.getmtime(target.output) >= os.path.getmtime(target.source)


def _size(source: str) -> int:
    return os.path.getsize(source) if source != STDIN and os.path.isfile(source) else 0


def _name(source: str) -> str:
    return "stdin" if source == STDIN else source


def _read(source: str) -> bytes:
    """The bytes of a document, uncompressed. DataError if there are too many of them."""
    name = _name(source)
    with open_stdin() if source == STDIN else open(source, "rb") as stream, damage_told(name):
        data = unpacked(name, stream).read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise DataError(f"{name} has more than {_MOST_BYTES >> 20} MiB", "cut it into several documents")
    return data


def _check_stdout(target: Target) -> None:
    if target.format == "docx" and console.is_terminal(sys.stdout):
        raise UsageError("a Word document is nothing for a terminal", "write it to a file   -o FILE.docx")
