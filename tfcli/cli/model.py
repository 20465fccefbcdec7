"""From settings to a loaded model."""

import sys
from typing import TYPE_CHECKING

from tfcli.cli import console
from tfcli.errors import UsageError
from tfcli.pulled import parse_hub_name
from tfcli.settings import Settings
from tfcli.text.glossary import read_glossaries

if TYPE_CHECKING:
    from tfcli import looking
    from tfcli.decoding.translator import Translator


def at_revision(model: str | None, revision: str | None) -> str | None:
    """The name of a pulled model at a revision; UsageError if it is no such name, or has one already."""
    if revision is None:
        return model
    if model is None or parse_hub_name(model) is None or "@" in model:
        raise UsageError("--revision is for a model of the Hub", "name it   -m owner/name")
    return f"{model}@{revision}"


def load_translator(
    settings: Settings, prefix: str = "", alternatives: int = 1, kind: "type[Translator] | None" = None
) -> "Translator":
    """The model of these settings, ready to translate. kind: a Translator that can do more."""
    from tfcli.bundle import locate, read_bundle
    from tfcli.decoding.translator import Translator

    from_model = {"max_length": settings.max_length, "length_ratio": settings.length_ratio}
    translator = (kind or Translator)(
        read_bundle(locate(settings.model)),
        device=settings.device,
        dtype=settings.dtype,
        threads=settings.threads,
        engine=settings.engine,
        batch_tokens=settings.batch_tokens,
        split=settings.split == "auto",
        normalize=settings.normalize,
        protect=settings.protect,
        glossary=read_glossaries(settings.glossary),
        flag_below=settings.flag_below,
        beam=settings.beam,
        length_penalty=settings.length_penalty,
        alternatives=alternatives,
        prefix=prefix,
        **{name: value for name, value in from_model.items() if value is not None},
    )
    if console.mode.verbose:
        console.note(f"engine: {translator.choice.name} ({translator.engine.dtype}), {translator.choice.reason}")
    if console.is_terminal(sys.stderr):
        for note in translator.engine.notes:
            console.note(note)
    for warning in translator.engine.warnings:
        console.warn(warning)
    return translator


def load_looking(settings: Settings, prefix: str = "") -> "looking.Translator":
    """The model of these settings, ready to translate and to be looked at."""
    from tfcli import looking

    with console.signals_held():
        return load_translator(settings, prefix, kind=looking.Translator)


def describe(translator: "Translator") -> str:
    """What translates what, on one line."""
    config, engine = translator.bundle.config, translator.engine
    where = f"cpu, {console.count(engine.threads, 'thread')}" if engine.device == "cpu" else engine.device
    where += f", {translator.choice.name} {engine.dtype}"
    where += f", beam {translator.search.beam_size}" if translator.search.beam_size > 1 else ""
    return f"{config.source} → {config.target}  {translator.bundle.folder.name} ({where})"
