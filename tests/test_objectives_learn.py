"""Objectives other than teacher forcing teach, each by itself."""

import copy
import random

import pytest
import torch
from objectives import REWARDED, make_batch

from tfcli.build import build_model
from tfcli.config import PAD, ModelConfig, RewardConfig, TrainingConfig
from tfcli.data.batch import Batch
from tfcli.training.objectives import OBJECTIVES
from tfcli.training.objectives.sampling import Sample, evaluating, write

OWN = [name for name in OBJECTIVES if name.endswith("scheduled_sampling")]


def reversed_pairs(count: int) -> Batch:
    """Drawn anew in every test run: what is learned must not hang on luck."""
    words = [random.choices(range(12, 20), k=random.randint(2, 3)) for _ in range(count)]
    return make_batch(*((row, row[::-1]) for row in words))


def train(objective, draw, steps: int, rate: float) -> None:
    optimizer = torch.optim.AdamW(objective.parameters(), lr=rate, betas=(0.9, 0.98))
    for step in range(steps):
        objective.progress = step / steps
        batch = draw()
        loss, _ = objective(batch)
        (loss / (batch.labels_BT != PAD).sum()).backward()
        torch.nn.utils.clip_grad_norm_(objective.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()


def fresh(name: str, **training):
    shape = dict(d_model=32, d_ff=64, num_heads=4, num_encoder_layers=1, num_decoder_layers=1, dropout=0.0)
    model = build_model(ModelConfig(vocab_size=20, max_length=16, **shape))
    return OBJECTIVES[name](model, TrainingConfig(objective=name, label_smoothing=0.0, **training)).train()


def share_right(objective, batch: Batch) -> float:
    """Of the sentences, written greedily."""
    with evaluating(objective.model), torch.no_grad():
        nothing_B = torch.zeros(len(batch.src_BS), dtype=torch.long)
        written = write(objective.model, objective.model.encode(batch.src_BS), batch.labels_BT, nothing_B, 0.0)
    references = Sample(batch.labels_BT, batch.labels_BT != PAD).rows()
    return sum(row == reference for row, reference in zip(written.rows(), references, strict=True)) / len(references)


@pytest.mark.parametrize("name", OWN)
def test_reading_its_own_words_it_learns_to_reverse(name):
    objective = fresh(name)
    train(objective, lambda: reversed_pairs(64), steps=150, rate=5e-3)
    assert share_right(objective, reversed_pairs(100)) > 0.8


@pytest.mark.parametrize("name", REWARDED)
def test_from_rewards_alone_it_learns_the_word_that_is_wanted(name):
    """No reference is ever learned from: in minimum_risk it is one candidate among many, and never the right one."""
    wanted = 15
    objective = fresh(name, reward=RewardConfig(start=0.0, end=0.0, candidates=4))
    objective.reward = lambda hypotheses, references: [float(row[0] == wanted) for row in hypotheses]
    batch = make_batch(*[([12], [13])] * 16)
    train(objective, lambda: batch, steps=60, rate=5e-3)
    sample = Sample(torch.tensor([[wanted]]), torch.ones(1, 1, dtype=torch.bool))
    assert sample.nll(objective.model, objective.model.encode(batch.src_BS[:1])).item() < 0.5


@pytest.mark.slow
@pytest.mark.parametrize("name", REWARDED)
def test_rewards_go_on_where_teacher_forcing_stopped(name):
    reward = RewardConfig(metric="bleu", start=0.0, end=0.0)
    teacher = fresh("teacher_forcing", reward=reward)
    train(teacher, lambda: reversed_pairs(64), steps=45, rate=3e-3)
    dev = reversed_pairs(200)
    objective = OBJECTIVES[name](copy.deepcopy(teacher.model), teacher.config).train()
    train(objective, lambda: reversed_pairs(64), steps=300, rate=1e-3)
    assert 1 - share_right(objective, dev) < 0.9 * (1 - share_right(teacher, dev))
