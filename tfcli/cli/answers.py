"""Windows of lines to their translations; a line that cannot be translated is found, named, and costs no other line."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from tfcli.cli import console
from tfcli.cli.errors import explain
from tfcli.cli.records import Record
from tfcli.decoding.translation import Translation

if TYPE_CHECKING:
    from tfcli.decoding.translator import Translator

Answered = tuple[list[Record], list[Translation]]


def answer(window: list[Record], translator: "Translator", keep_going: bool) -> Iterator[Answered]:
    """The lines of a window with their translations, in order, usually at once.

    Where the translator fails, the window is halved until the line is alone. Then its error, which names it, is raised
    after the lines before it; or, to keep going, it is said, and the line comes back empty with the flag `error`.
    """
    batch_tokens = translator.batch_tokens
    try:
        results = translator.translate_detailed([record.text for record in window])
    except Exception as cause:
        if len(window) > 1:
            middle = len(window) // 2
            yield from answer(window[:middle], translator, keep_going)
            yield from answer(window[middle:], translator, keep_going)
            return
        error = explain(cause)
        error.message = f"line {window[0].number}: {error.message}"
        if not keep_going:
            raise error from cause
        console.warn(error.message)
        window = [replace(window[0], flags=(*window[0].flags, "error"))]
        results = [Translation(window[0].text, "")]
    if translator.batch_tokens < batch_tokens:
        console.note(f"memory ran out: batches of {translator.batch_tokens:,} tokens from here on")
    yield window, results
