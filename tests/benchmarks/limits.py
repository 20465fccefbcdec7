"""How far decoding is from what the processor can do: operations and bytes of a token against its measured rates."""

import os
from collections.abc import Sequence

import numpy as np

from tests.benchmarks.pipelines import BATCH_TOKENS
from tests.benchmarks.report import table
from tests.benchmarks.side_by_side import best, timed
from tfcli.bundle import Bundle
from tfcli.config import ModelConfig
from tfcli.decoding.translation import Translation
from tfcli.decoding.translator import Translator

_ROUNDS = 5
_COPIED = 1 << 26  # bytes: more than the caches hold
_ROWS = 512


def print_limits(bundle: Bundle, lines: list[str]) -> None:
    """One thread, int8. What the rates do not explain is named by a profile."""
    translator = Translator(bundle, "cpu", threads=1)
    ids = sorted(filter(None, translator.tokenizer.encode_batch(lines)), key=len, reverse=True)
    translated = translator.translate_detailed(lines)
    times = best([timed(lambda: translator.engine.translate(ids, translator.search)) for _ in range(_ROUNDS)])
    whole = best([timed(lambda: translator.translate_detailed(lines)) for _ in range(_ROUNDS)])
    source, target = (sum(map(len, ids)) + len(ids), sum(one.target_tokens + 1 for one in translated))
    encoded, decoded = count_operations(bundle.config.model)
    operations = source * encoded + target * decoded
    steps = _count_steps(translated)
    moved = steps * decoded / 2  # each weight of the decoder is a byte, read once for a step of a batch
    arithmetic, copying = operations / _int8_rate(bundle.config.model.d_model), moved / _copy_rate()
    rows = [
        ["operations", f"{operations / 1e9:,.1f} G", f"{arithmetic:.3f} s", f"{arithmetic / whole.cpu:.0%}"],
        ["weights read", f"{moved / 1e9:,.2f} GB", f"{copying:.3f} s", f"{copying / whole.cpu:.0%}"],
        ["the engine", "", f"{times.cpu:.3f} s", f"{times.cpu / whole.cpu:.0%}"],
        ["all", "", f"{whole.cpu:.3f} s", "100%"],
    ]
    print("Limits, one thread, matrices only:")
    print(f"a source token takes {encoded / 1e6:.1f} M operations, a target token {decoded / 1e6:.1f} M")
    print(table(["", "", "CPU time at the best rate", "of all"], rows), "\n")
    _print_profile(translator, lines)


def count_operations(model: ModelConfig) -> tuple[int, int]:
    """(of a source token, of a target token): multiplications and additions of the matrices, without attention itself,
    whose share is small in short sentences."""
    D, F = model.d_model, model.d_ff
    encoder = model.num_encoder_layers * (4 * D * D + 2 * D * F) + model.num_decoder_layers * 2 * D * D
    decoder = model.num_decoder_layers * (6 * D * D + 2 * D * F) + D * model.vocab_size
    return 2 * encoder, 2 * decoder


def _count_steps(translated: Sequence[Translation]) -> int:
    """How often the weights of the decoder are read: once for each token of the longest translation of a batch."""
    rows, steps = sorted(translated, key=lambda one: -one.source_tokens), 0
    while rows:
        count = max(BATCH_TOKENS // (rows[0].source_tokens + 1), 1)
        steps += max(one.target_tokens + 1 for one in rows[:count])
        rows = rows[count:]
    return steps


def _int8_rate(d_model: int) -> float:
    """Operations a second of PyTorch's int8 product, which oneDNN computes, on one thread."""
    import torch

    torch.set_num_threads(1)
    left, right = (torch.ones(_ROWS, 4 * d_model, dtype=torch.int8) for _ in range(2))
    seconds = best([timed(lambda: torch._int_mm(left, right.T)) for _ in range(_ROUNDS)]).wall
    return 2 * _ROWS * _ROWS * 4 * d_model / seconds


def _copy_rate() -> float:
    """Bytes a second that one core reads, while it writes as many."""
    data = np.ones(_COPIED, np.uint8)
    return _COPIED / best([timed(data.copy) for _ in range(_ROUNDS)]).wall


def _print_profile(translator: Translator, lines: list[str]) -> None:
    import cProfile
    import pstats

    profile = cProfile.Profile()
    profile.runcall(translator.translate_detailed, lines)
    found = pstats.Stats(profile).stats.items()
    total = sum(own for _, (_, _, own, _, _) in found)
    rows = sorted(((own, place) for place, (_, _, own, _, _) in found), reverse=True)[:12]
    print("Where the time of Python goes while CTranslate2 works beside it (waiting for it is `result`):")
    names = [f"{os.path.basename(file)} {name}" for _, (file, _, name) in rows]
    print(table(["", "of all"], [[name, f"{own / total:.1%}"] for name, (own, _) in zip(names, rows, strict=True)]))
