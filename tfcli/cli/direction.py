"""Which model translates: the one that is named; else one for --from and --to; else one for the script of the text."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

from tfcli.bundle import Bundle, locate, read_bundle, shipped
from tfcli.cli.records import Record
from tfcli.errors import NotFoundError, UsageError
from tfcli.settings import Resolved, Settings
from tfcli.text.languages import find_language
from tfcli.text.protect import PATTERNS, mark
from tfcli.text.scripts import count_letters, foreign

_BUILT_IN = "built-in"


def is_open(resolved: Resolved) -> bool:
    """Whether no option, variable or file names a model."""
    return resolved.origins["model"] == _BUILT_IN


def choose_model(resolved: Resolved, source: str | None, target: str | None, text: str) -> Settings:
    """The settings with the model to be used. source, target: codes of languages, where they are asked for. text: the
    beginning of what is to be translated, or none of it where that cannot be waited for.

    Raises UsageError if a named model translates something else, NotFoundError if none that came with tfcli fits.
    """
    settings = resolved.settings
    if not is_open(resolved):
        if source or target:
            _check(read_bundle(locate(settings.model)), settings.model, source, target)
        return settings
    if source or target:
        return replace(settings, model=_find(settings.model, source, target))
    letters = count_letters(mark(text, PATTERNS).rest)
    if letters and foreign(letters, read_bundle(locate(settings.model)).config.source):
        for bundle in _models(settings.model):
            if not foreign(letters, bundle.config.source):
                return replace(settings, model=bundle.folder.name)
    return settings


def peek(records: Iterable[Record]) -> tuple[str, Iterator[Record]]:
    """(the first text that is not blank, all records)."""
    records, seen = iter(records), []
    for record in records:
        seen.append(record)
        if record.text.strip():
            break
    return seen[-1].text if seen else "", chain(seen, records)


def _find(default: str, source: str | None, target: str | None) -> str:
    for bundle in _models(default):
        if _fits(bundle, source, target):
            return bundle.folder.name
    wanted = f"from {source}" if source and not target else f"to {target}" if not source else f"{source} → {target}"
    raise NotFoundError(
        f"no model that came with tfcli translates {wanted}", "name one   -m MODEL; tfcli list shows what is here"
    )


def _models(default: str) -> list[Bundle]:
    """Those that came with tfcli, the default first."""
    folders = sorted(shipped(), key=lambda folder: (folder.name != default, folder.name))
    return [read_bundle(folder) for folder in folders]


def _fits(bundle: Bundle, source: str | None, target: str | None) -> bool:
    pairs = (source, bundle.config.source), (target, bundle.config.target)
    return all(wanted is None or find_language(wanted).code == find_language(own).code for wanted, own in pairs)


def _check(bundle: Bundle, name: str, source: str | None, target: str | None) -> None:
    if not _fits(bundle, source, target):
        config = bundle.config
        asked = f"{source or config.source} → {target or config.target}"
        raise UsageError(f'the model "{name}" translates {config.source} → {config.target}, not {asked}')
