"""`tfcli translate`: as many lines out as in, in order."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from tfcli.cli import console, options
from tfcli.cli.answers import Answered, answer
from tfcli.cli.direction import choose_model, is_open, peek
from tfcli.cli.documents import Documents
from tfcli.cli.errors import Interrupted, NotMetError
from tfcli.cli.formats import FORMATS, Render
from tfcli.cli.model import at_revision, describe, load_looking, load_translator
from tfcli.cli.output import Write, open_output
from tfcli.cli.processes import WINDOW_BYTES, count_processes, order, started
from tfcli.cli.progress import Progress
from tfcli.cli.records import STDIN, InputFormat, Reader, Record, total_size
from tfcli.cli.targets import Format, Wanted, check_texts, find_targets
from tfcli.cli.windows import full_windows, live_windows
from tfcli.errors import DataError, UsageError
from tfcli.settings import Normalization, Settings, resolve
from tfcli.text.languages import find_language
from tfcli.text.normalize import looks_taiwanese
from tfcli.text.protect import PATTERNS, mark
from tfcli.text.scripts import count_letters, foreign

if TYPE_CHECKING:
    from tfcli.bundle import BundleConfig
    from tfcli.decoding.translator import Translator

_WINDOW_BATCHES = 64
_MOST_WINDOW_BYTES = 1 << 20
_LETTERS = 8
"""Fewer letters do not tell in which language a text is."""
_FORMAT = (
    "Of results: text, jsonl, tsv (with score, confidence, flags). Of a document: what its name does not say, such as "
    "paragraphs of plain text. [default: by the name of the file]"
)
_END_OF_INPUT = "Ctrl-Z and Enter" if os.name == "nt" else "Ctrl-D"


def translate(
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="Each is one segment; none, or -, is stdin.", show_default=False),
    ] = None,
    inputs: Annotated[
        list[str] | None, typer.Option("-i", "--input", metavar="FILE", help="Read this; may be repeated.")
    ] = None,
    output: options.Output = None,
    output_dir: options.OutputDir = None,
    recursive: options.Recursive = False,
    force: options.Force = False,
    model: options.Model = None,
    source: options.From = None,
    target: options.To = None,
    revision: options.Revision = None,
    offline: options.Offline = False,
    format: Annotated[Format | None, typer.Option("--format", help=_FORMAT, show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format jsonl.")] = False,
    input_format: Annotated[InputFormat, typer.Option("--input-format", help="jsonl: an object per line.")] = "text",
    columns: options.Columns = None,
    encoding: options.Encoding = None,
    field: Annotated[str, typer.Option("--field", metavar="NAME", help="Where JSON lines have their text.")] = "text",
    prefix: Annotated[
        str, typer.Option("--prefix", metavar="TEXT", help="How every translation begins.", show_default=False)
    ] = "",
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 on flags but split and unsure.")] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="A line that fails comes back empty, a file is left out; exit with 3.")
    ] = False,
    beam: options.Beam = None,
    alternatives: Annotated[
        int, typer.Option("--alternatives", metavar="K", help="The K best of a beam, with their scores.")
    ] = 1,
    length_penalty: options.LengthPenalty = None,
    max_length: options.MaxLength = None,
    length_ratio: options.LengthRatio = None,
    normalize: options.Normalize = None,
    split: options.SplitOption = None,
    protect: options.Protect = None,
    glossary: options.Glossary = None,
    flag_below: options.FlagBelow = None,
    encoding_errors: options.EncodingErrorsOption = None,
    device: options.Device = None,
    dtype: options.Dtype = None,
    engine: options.Engine = None,
    threads: options.Threads = None,
    processes: options.Processes = None,
    batch_tokens: options.BatchTokens = None,
) -> None:
    """Translate text, files or stdin.

    \b
    Examples:
      tfcli translate "好久不见"
      cat news.zh | tfcli translate > news.en
      tfcli translate --from en --to zh "Long time no see."
      tfcli translate -i news.zh -o news.en
      tail -f chat.log | tfcli translate --json
      tfcli translate -i manual.zh --glossary terms.tsv
      tfcli translate -i film.srt -o film.en.srt
      tfcli translate --recursive -i docs -O docs-en
      tfcli translate --beam 4 --alternatives 3 "好久不见"
      tfcli translate -- "-5 度"

    As many lines come out as go in, in order. Lines that may be wrong are flagged: named at the end on stderr, listed
    in "flags" with --json.
    """
    if output_dir is not None:
        inputs, texts = [*(inputs or []), *(texts or [])], None  # a shell gives *.srt to the last option and to TEXT
    if texts and inputs:
        raise UsageError("give TEXT or --input, not both", "tfcli translate --help   shows examples")
    check_texts(texts or [], output)
    resolved = resolve(
        dict(model=at_revision(model, revision), device=device, dtype=dtype, engine=engine, threads=threads)
        | dict(batch_tokens=batch_tokens, max_length=max_length, length_ratio=length_ratio, split=split)
        | dict(processes=processes, protect=protect, normalize=normalize, encoding_errors=encoding_errors)
        | dict(glossary=glossary, flag_below=flag_below, beam=beam, length_penalty=length_penalty)
    )
    settings = choose_model(resolved, source, target, " ".join(texts or []))
    sources = texts or inputs or [STDIN]
    kind = "jsonl" if as_json else format or ("text" if input_format == "jsonl" else None)
    wanted = Wanted(output, output_dir, kind, tuple(columns or ()), recursive)
    targets = find_targets([] if texts else sources, wanted, settings.model)
    seen = output in (None, "-") and console.is_terminal(sys.stdout)
    if alternatives > 1 and (targets or kind not in ("jsonl", "tsv") and not seen):
        raise UsageError("text has one line for each line, and no place for alternatives", "use   --format tsv|jsonl")
    if targets:
        documents = Documents(load_looking(settings, prefix), encoding, wanted.columns, force, keep_going)
        _judge(documents.translate(targets, skip_done=output_dir is not None), strict)
        return
    if kind not in (None, *FORMATS):
        raise UsageError(f"--format {kind} is of a document, not of TEXT", "name its file   -i FILE, or pipe it in")
    files = [source for source in sources if source == STDIN or not texts]
    total = total_size(files)
    records = Reader(input_format, field, settings.encoding_errors, keep_going, encoding)
    records = records.read(sources, arguments=bool(texts))
    interactive = STDIN in files and console.is_terminal(sys.stdin)
    if files and not (interactive or source or target) and is_open(resolved):
        first, records = peek(records)
        settings = choose_model(resolved, source, target, first)
    if interactive:
        console.note(f"type a line and press Enter; {_END_OF_INPUT} ends")
    with open_output(output, force) as write:
        with console.signals_held():  # a library that is stopped while it is imported may say anything
            translator = load_translator(settings, prefix, alternatives)
        count = count_processes(settings.processes, total if files else None, translator.engine)
        size = WINDOW_BYTES if count > 1 else min(_WINDOW_BATCHES * translator.batch_tokens, _MOST_WINDOW_BYTES)
        windows = (live_windows if total is None else full_windows)(records, size)
        watched = bool(files) and console.is_terminal(sys.stderr)
        if watched:
            console.note(describe(translator) + (f", {console.count(count, 'process')}" if count > 1 else ""))
        busy = watched and not interactive and not (output in (None, "-") and console.is_terminal(sys.stdout))
        with Progress(total, bar=busy, spoken=bool(files) and not interactive) as progress:
            windows = _watched(windows, translator.bundle.config, settings.normalize)
            render = partial(FORMATS[kind or "text"], alternatives=alternatives)
            with _answering(count, translator, settings, prefix, alternatives, keep_going) as answered:
                _run(answered(windows), render, write, progress)
    _judge(progress, strict)


def _judge(progress: Progress, strict: bool) -> None:
    """Raises what the exit code says of lines that failed or are flagged."""
    if progress.failed:
        raise DataError(f"{console.count(progress.failed, 'line')} could not be translated, and came back empty")
    if strict and progress.flagged:
        raise NotMetError(f"{console.count(progress.flagged, 'line')} flagged, and --strict wants none")


@contextmanager
def _answering(
    count: int, translator: "Translator", settings: Settings, prefix: str, alternatives: int, keep_going: bool
) -> Iterator[Callable[[Iterator[list[Record]]], Iterator[Answered]]]:
    """What makes windows into windows with their translations, by this process or by so many others."""
    if count == 1:
        ask = partial(answer, translator=translator, keep_going=keep_going)
        yield lambda windows: chain.from_iterable(map(ask, windows))
        return
    own = replace(settings, threads=max(translator.engine.threads // count, 1))
    with started(count, order(own, prefix, alternatives, keep_going)) as processes:
        yield processes.share


def _watched(
    windows: Iterator[list[Record]], config: "BundleConfig", normalize: Normalization
) -> Iterator[list[Record]]:
    """The windows; the first that does not look like what the model reads is said to."""
    is_script_said, is_taiwan_said = False, normalize == "tw2sp" or find_language(config.source).code != "zh"
    for window in windows:
        text = "\n".join(record.text for record in window)
        letters = count_letters(mark(text, PATTERNS).rest)
        if not is_script_said and letters.total() >= _LETTERS and (other := foreign(letters, config.source)):
            direction, own = f"{config.source} → {config.target}", find_language(config.source).name
            console.warn(f"the input looks like {other}; this model reads {own} ({direction})")
            is_script_said = True
        if not is_taiwan_said and looks_taiwanese(text):
            console.note("the input has words of Taiwan; translated as those of the mainland by   --normalize tw2sp")
            is_taiwan_said = True
        yield window


def _run(answered: Iterator[Answered], render: Render, write: Write, progress: Progress) -> None:
    try:
        for window, results in answered:
            with console.signals_held():
                write("\n".join(map(render, window, results)))
                progress.add(window, results)
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted after {console.count(progress.lines, 'line')}") from None
