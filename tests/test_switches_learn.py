"""Every switch of the Transformer learns. Tasks and seeds are drawn anew each time, on purpose."""

import random
from typing import get_args

import pytest
import torch
from test_baselines import to_batch

from tfcli.build import build_model
from tfcli.config import Cross, Kernel, ModelConfig, Norm, Positions, TrainingConfig
from tfcli.decoding.greedy import greedy
from tfcli.decoding.search import Search
from tfcli.training.objectives import OBJECTIVES

WORDS = range(12, 24)
SHAPE = dict(vocab_size=24, d_model=32, d_ff=64, num_heads=4, dropout=0.0, max_length=32)
SMALL = dict(rank=4, chunk=2, window=2, num_features=32, max_distance=8)
TASKS = {"reverse": lambda ids: ids[::-1], "copy": lambda ids: ids, "sort": sorted}


def share_learned(task: str, steps: int = 400, **switches) -> float:
    """Of new sentences of two to six words, those that are rewritten without a mistake."""
    torch.manual_seed(random.getrandbits(32))
    layers = dict(num_encoder_layers=2, num_decoder_layers=2)
    model = build_model(ModelConfig(**{**SHAPE, **SMALL, **layers, **switches}))
    objective = OBJECTIVES["teacher_forcing"](model, TrainingConfig(label_smoothing=0.0)).train()
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98))
    for step in range(steps):
        batch = to_batch(draw(task, 64))
        optimizer.param_groups[0]["lr"] = 5e-3 * min(1, (step + 1) / 40) * (1 - step / steps)
        optimizer.zero_grad()
        (objective(batch)[0] / (batch.labels_BT != 0).sum()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    pairs = draw(task, 200)
    found = greedy(model.eval(), [src for src, _ in pairs], Search(16))
    return sum(hypothesis.ids == tgt for hypothesis, (_, tgt) in zip(found, pairs, strict=True)) / len(pairs)


def draw(task: str, count: int) -> list[tuple[list[int], list[int]]]:
    rows = [random.choices(WORDS, k=random.randint(2, 6)) for _ in range(count)]
    return [(row, list(TASKS[task](row))) for row in rows]


SWITCHES = [
    *({"positions": name} for name in get_args(Positions) if name != "none"),
    *({"norm": name} for name in get_args(Norm)),
    {"residual": "post"},
    *({"encoder_attention": name} for name in get_args(Kernel)),
    *({"decoder_attention": name} for name in ("local", "sparse", "chunked", "linear", "performer")),
    *({"cross_attention": name} for name in get_args(Cross)),
    {"num_heads": 1},
    {"activation": "gelu"},
    {"activation": "silu"},
    {"output_bias": True},
]


@pytest.mark.slow
@pytest.mark.parametrize("switches", SWITCHES, ids=lambda switches: "-".join(map(str, *switches.items())))
def test_a_switch_learns_to_reverse(switches):
    assert share_learned("reverse", steps=800, **switches) > 0.85


def test_order_free_work_needs_no_positions_and_other_work_does():
    shape = dict(steps=300, positions="none", num_encoder_layers=1, num_decoder_layers=1)
    assert share_learned("sort", **shape) > 0.7
    assert share_learned("reverse", **shape) < 0.5
