"""Lines in, lines out: tfcli as its users have it, and scripts around the libraries that others translate with.

All have the weights of the bundle, but transformers, which has its shapes; all search greedily.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.decoding_sides import marian
from tfcli.bundle import Bundle
from tfcli.conversion.export import export
from tfcli.decoding.translator import Translator

Translate = Callable[[list[str]], list[str]]

BATCH_TOKENS = 1024
_BATCH_SENTENCES = 64

SCRIPT = """
import sys
import ctranslate2, sentencepiece
folder, source, target, most = sys.argv[1:]
translator = ctranslate2.Translator(folder)
cutter = sentencepiece.SentencePieceProcessor(folder + "/tokenizer.model")
lines = open(source, encoding="utf-8").read().splitlines()
pieces = cutter.encode(lines, out_type=str)
most = {"max_input_length": int(most), "max_decoding_length": int(most)}
results = translator.translate_batch(pieces, beam_size=1, max_batch_size=32, **most)
open(target, "w", encoding="utf-8").writelines(cutter.decode(one.hypotheses[0]) + "\\n" for one in results)
"""
"""A program that translates one file and ends."""


def tfcli(engine: str, dtype: str) -> Callable[[Bundle, int], Translate]:
    def prepare(bundle: Bundle, threads: int) -> Translate:
        return Translator(bundle, "cpu", dtype, threads, engine).translate

    return prepare


def tuned(bundle: Bundle, threads: int) -> Translate:
    """CTranslate2 with all that its documentation advises: int8, a worker of one thread for each core, lines sorted by
    length, batches bounded by tokens."""
    translator, cutter = _load(bundle, compute_type="int8", inter_threads=threads, intra_threads=1)
    most = bundle.config.model.max_length - 1
    sizes = dict(max_batch_size=BATCH_TOKENS, batch_type="tokens", max_input_length=most, max_decoding_length=most)

    def translate(lines: list[str]) -> list[str]:
        pieces = cutter.encode(lines, out_type=str)
        found = translator.translate_batch(pieces, beam_size=1, **sizes)
        return cutter.decode([result.hypotheses[0] for result in found])

    return translate


def plain(bundle: Bundle, threads: int) -> Translate:
    """CTranslate2 as it comes: its own threads, and batches of 32 lines in the order of the file."""
    translator, cutter = _load(bundle)
    most = bundle.config.model.max_length - 1

    def translate(lines: list[str]) -> list[str]:
        found: list[str] = []
        for start in range(0, len(lines), 32):
            pieces = cutter.encode(lines[start : start + 32], out_type=str)
            results = translator.translate_batch(pieces, beam_size=1, max_input_length=most, max_decoding_length=most)
            found += [cutter.decode(result.hypotheses[0]) for result in results]
        return found

    return translate


def transformers(bundle: Bundle, threads: int) -> Translate:
    """`generate` in sorted batches. It takes as many steps as the translations of the bundle's model need."""
    decode, translator = marian(bundle, threads), Translator(bundle, threads=threads)
    most = bundle.config.model.max_length - 1
    steps: dict[str, int] = {}

    def translate(lines: list[str]) -> list[str]:
        if not steps:  # in the round that warms up
            steps.update((one.source, one.target_tokens + 1) for one in translator.translate_detailed(lines))
        rows = sorted(zip(translator.tokenizer.encode_batch(lines), lines, strict=True), key=lambda row: -len(row[0]))
        for start in range(0, len(rows), _BATCH_SENTENCES):
            batch = rows[start : start + _BATCH_SENTENCES]
            decode([ids[:most] for ids, _ in batch], [min(steps[line], most) for _, line in batch])
        return []  # of random weights: nobody wants to read them

    return translate


def commands(folder: Path, bundle: Bundle, source: Path) -> dict[str, list[str]]:
    """Whole processes that translate one file, as arguments of Python. folder: the exported model."""
    most, files = str(bundle.config.model.max_length - 1), [str(source), str(source.with_suffix(".out"))]
    ours = ["-q", "--force", "-m", str(bundle.folder), "-i", files[0], "-o", files[1]]
    return {
        "tfcli translate -i": ["-m", "tfcli", "translate", *ours],
        "a script, once for each file": ["-c", SCRIPT, str(folder), *files, most],
    }


def _load(bundle: Bundle, **options):
    import ctranslate2
    import sentencepiece

    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent, "model")
        export(bundle, "int8", folder)
        cutter = sentencepiece.SentencePieceProcessor(str(folder / "tokenizer.model"))
        return ctranslate2.Translator(str(folder), **options), cutter


PIPELINES: dict[str, tuple[str, Callable[[Bundle, int], Translate]]] = {
    "tfcli": ("ctranslate2", tfcli("auto", "auto")),
    "CTranslate2, tuned script": ("ctranslate2", tuned),
    "CTranslate2, plain script": ("ctranslate2", plain),
    "tfcli --engine torch": ("torch", tfcli("torch", "float32")),
    "transformers, generate": ("transformers", transformers),
}
"""For each, the package it needs, and what makes it of a bundle and a number of threads."""
