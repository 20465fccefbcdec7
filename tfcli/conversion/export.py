"""A bundle as a folder that CTranslate2 loads by itself, with the tokenizer and the card it needs."""

import os
from pathlib import Path

from tfcli.bundle import CARD, TOKENIZER, Bundle
from tfcli.conversion.convert import CONFIG, MODEL, VOCABULARY, Quantization, convert, small_files
from tfcli.disk import replace_folder
from tfcli.pieces import split_sides

SOURCE, TARGET = "source.spm", "target.spm"


def is_export(folder: Path) -> bool:
    """Whether a folder holds what `export` writes."""
    names = set(os.listdir(folder)) if folder.is_dir() else set()
    return {MODEL, CARD, CONFIG, VOCABULARY} <= names and bool(names & {TOKENIZER, SOURCE})


def export(bundle: Bundle, quantization: Quantization, folder: Path) -> list[Path]:
    """Writes the folder, which appears whole or not at all, in the place of one that was there; its files.

    The tokens go by the pieces of the tokenizer, so whoever can cut text into these can use the model. A tokenizer that
    cuts the two languages differently becomes two.
    """
    tokenizer = bundle.tokenizer()
    sides = split_sides(tokenizer.model)
    cuts = {TOKENIZER: sides.source} if tokenizer.is_shared else {SOURCE: sides.source, TARGET: sides.target}
    names = tokenizer.pieces(range(len(tokenizer)))
    files = small_files(names) | {MODEL: convert(bundle, quantization)} | cuts | {CARD: bundle.card().encode()}
    replace_folder(folder, files, (TOKENIZER, SOURCE, TARGET))
    return [folder / name for name in files]
