"""The pages on what is done with a model: training, inference, parallel decoding, efficient attention.

Shapes: S source, T target, V vocabulary.
"""

import math

import numpy as np
import torch

from tfcli.config import UNK
from tfcli.data.batch import Batch
from tfcli.decoding.greedy import greedy
from tfcli.explain.facts import Facts, Table
from tfcli.explain.lesson import Lesson
from tfcli.training.loss import smoothed_cross_entropy
from tfcli.training.objectives.teacher_forcing import TeacherForcing
from tfcli.transformer.attention import KERNELS
from tfcli.transformer.cache import Cache
from tfcli.transformer.non_autoregressive.lengths import Parallel

_SMOOTHING, _BEST = 0.1, 3


def training(lesson: Lesson) -> Facts:
    """What the model would be told if its own translation were the reference."""
    model, labels = lesson.model, torch.tensor(lesson.says)
    logprobs_T = lesson.logprobs(lesson.reads)[torch.arange(len(labels)), labels]
    read, say = lesson.tokens(lesson.reads), lesson.map.target_tokens
    rows = zip(read, say, logprobs_T.exp().tolist(), (-logprobs_T).tolist(), strict=True)
    hidden_TD = model.decode(torch.tensor([lesson.reads]), model.encode(torch.tensor([lesson.src])))[0]
    smoothed, nll = smoothed_cross_entropy(hidden_TD, model.output_weight_VD, labels, _SMOOTHING)
    numbers = {
        "tokens": Table([list(row) for row in rows]),
        "loss": float(nll) / len(labels),
        "perplexity": math.exp(float(nll) / len(labels)),
        "smoothing": _SMOOTHING,
        "smoothed": float(smoothed) / len(labels),
        "vocabulary": model.config.vocab_size,
        "guess": math.log(model.config.vocab_size),
    }
    return Facts(numbers, [TeacherForcing, smoothed_cross_entropy, Batch])


def inference(lesson: Lesson) -> Facts:
    """Step by step: what has been written, and what the model thinks comes next."""
    best, ids = lesson.logprobs(lesson.reads).exp().topk(_BEST)
    rows = []
    for t, read in enumerate(lesson.tokens(lesson.reads)):
        thoughts = zip(best[t].tolist(), lesson.tokens(ids[t].tolist()), strict=True)
        rows.append([t + 1, read, "  ".join(f"{p:.2f} {token}" for p, token in thoughts)])
    numbers = {
        "steps": Table(rows),
        "count": len(rows),
        "translation": lesson.map.target,
        "score": lesson.map.score,
        "probability": math.exp(float(lesson.map.logprobs_T.sum())),
    }
    return Facts(numbers, [greedy, Cache])


def parallel(lesson: Lesson) -> Facts:
    """How sure the model is of each word when it may read the words before it, and when it may not."""
    blind = [lesson.reads[0], *[UNK] * (len(lesson.reads) - 1)]
    labels = torch.tensor(lesson.says)
    seen_T, blind_T = (lesson.logprobs(reads)[torch.arange(len(labels)), labels] for reads in (lesson.reads, blind))
    rows = zip(lesson.map.target_tokens, seen_T.exp().tolist(), blind_T.exp().tolist(), strict=True)
    numbers = {
        "tokens": Table([list(row) for row in rows]),
        "steps": len(lesson.reads),
        "seen": float(seen_T.sum()),
        "blind": float(blind_T.sum()),
    }
    return Facts(numbers, [Parallel])


def efficient(lesson: Lesson) -> Facts:
    """How much of the encoder's attention lies near the query, and what is lost if only that is computed."""
    weights_LHQM = lesson.map.encoder.weights_LHQM
    length = weights_LHQM.shape[-1]
    away_QM = np.abs(np.subtract.outer(np.arange(length), np.arange(length)))
    states_SD, rows = lesson.encode(), []
    for window in [2**i for i in range((length - 2).bit_length() + 1)]:
        share = float((weights_LHQM * (away_QM <= window)).sum(-1).mean())
        local_SD = lesson.encode(lesson.rebuilt(encoder_attention="local", window=window))
        rows.append([window, int((away_QM <= window).sum()), share, float((states_SD - local_SD).abs().max())])
    numbers = {"length": length, "scores": length**2, "windows": Table(rows), "typical": float(states_SD.abs().mean())}
    return Facts(numbers, [KERNELS[name] for name in ("full", "local", "low_rank", "chunked", "linear")])
