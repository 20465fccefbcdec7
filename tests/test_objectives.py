"""What a model is trained for: equal to teacher forcing where it should be, and to its equation everywhere else."""

import random

import pytest
import torch
from objectives import ONE_BY_ONE, gradients, make, some_batch

from tfcli.config import BOS, PAD, RewardConfig, SamplingConfig
from tfcli.config.combinations import BASELINES
from tfcli.data.batch import Batch
from tfcli.errors import ModelError
from tfcli.training.objectives import OBJECTIVES, scheduled_sampling
from tfcli.training.schedule import ramp

OWN = [name for name in OBJECTIVES if name.endswith("scheduled_sampling")]


@pytest.fixture
def batch():
    return some_batch()


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_every_objective_begins_as_teacher_forcing_to_the_last_bit(name, batch):
    late = dict(start=0.5, end=0.9)
    objective = make(name, dropout=0.3, progress=0.49, sampling=SamplingConfig(**late), reward=RewardConfig(**late))
    teacher = OBJECTIVES["teacher_forcing"](objective.model, objective.config).train()
    results = []
    for one in (objective, teacher):
        torch.manual_seed(3)
        results.append([*one(batch), *gradients(one, batch), torch.get_rng_state()])
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_validation_loss_is_comparable_between_objectives(name, batch):
    objective = make(name, dropout=0.3).eval()
    teacher = OBJECTIVES["teacher_forcing"](objective.model, objective.config).eval()
    assert torch.equal(objective(batch)[1], teacher(batch)[1])


@pytest.mark.parametrize("name", ONE_BY_ONE)
@pytest.mark.parametrize("progress", [0.0, 0.9, 1.0])
def test_every_parameter_takes_part_so_that_processes_can_agree(name, progress, batch):
    objective = make(name, lambda hypotheses, references: [random.random() for _ in hypotheses], progress=progress)
    was_training = [module.training for module in objective.modules()]
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients(objective, batch))
    assert was_training == [module.training for module in objective.modules()]


@pytest.mark.parametrize("name", ONE_BY_ONE)
@pytest.mark.parametrize("kind", ["transformer", *BASELINES])
def test_a_process_without_a_sentence_takes_part_too(name, kind):
    """The last batch of a corpus can have fewer sentences than there are processes."""
    nothing = Batch(*[torch.zeros(0, 8, dtype=torch.long)] * 3)
    objective = make(name, kind=kind)
    assert objective(nothing)[1].item() == 0
    assert all((gradient == 0).all() for gradient in gradients(objective, nothing))


def test_ramp():
    assert [ramp(progress, 0.2, 0.6) for progress in (0, 0.2, 0.4, 0.6, 1)] == [0, 0, pytest.approx(0.5), 1, 1]
    assert [ramp(progress, 0.3, 0.3) for progress in (0.2, 0.3, 1)] == [0, 1, 1]
    assert ramp(0, 0, 0) == 1


@pytest.mark.parametrize("config", [SamplingConfig, RewardConfig])
def test_what_cannot_be_is_refused(config):
    with pytest.raises(ModelError, match="is after"):
        config(start=0.9, end=0.5)
    with pytest.raises(ModelError, match="between"):
        config(end=1.5)


# Scheduled sampling


def test_what_is_read_at_t_is_the_answer_to_what_stands_before_t(batch):
    objective = make("scheduled_sampling")
    memory, tgt_BT = objective.model.encode(batch.src_BS), batch.tgt_BT
    own_BT = torch.rand(tgt_BT.shape) < 0.5
    mixed_BT = objective.mix(tgt_BT, memory, own_BT)
    assert (mixed_BT[:, 0] == BOS).all()
    for t in range(1, tgt_BT.size(1)):
        answer_B = objective.model.logits(objective.model.decode(tgt_BT[:, :t], memory)[:, -1]).argmax(-1)
        assert torch.equal(mixed_BT[:, t], torch.where(own_BT[:, t], answer_B, tgt_BT[:, t]))


def test_as_many_passes_as_tokens_are_one_token_after_another(batch):
    T = batch.tgt_BT.size(1)
    objective = make("parallel_scheduled_sampling", sampling=SamplingConfig(passes=T))
    model, memory = objective.model, objective.model.encode(batch.src_BS)
    own_BT = torch.rand(batch.tgt_BT.shape) < 0.7
    expected_BT = batch.tgt_BT.clone()
    for t in range(1, T):
        answer_B = model.logits(model.decode(expected_BT[:, :t], memory)[:, -1]).argmax(-1)
        expected_BT[:, t] = torch.where(own_BT[:, t], answer_B, expected_BT[:, t])
    assert torch.equal(objective.mix(batch.tgt_BT, memory, own_BT), expected_BT)


@pytest.mark.parametrize("passes", [1, 2, 9])
def test_a_pass_answers_anew_only_what_still_depends_on_answers(passes, batch, monkeypatch):
    """Else a token that was drawn could change under those that were drawn after it."""
    objective = make("parallel_scheduled_sampling", sampling=SamplingConfig(passes=passes))
    numbers = iter(range(1, passes + 1))
    monkeypatch.setattr(
        scheduled_sampling, "choose_everywhere", lambda *_: torch.full_like(batch.tgt_BT, next(numbers))
    )
    own_BT = torch.ones_like(batch.tgt_BT, dtype=torch.bool)
    mixed_BT = objective.mix(batch.tgt_BT, objective.model.encode(batch.src_BS), own_BT)
    T = batch.tgt_BT.size(1)
    assert mixed_BT[:, 1:].tolist() == [[min(t, passes) for t in range(1, T)]] * len(mixed_BT)


def test_probability_one_reads_only_its_own_and_padding_stays_padding(batch):
    objective = make("scheduled_sampling", sampling=SamplingConfig(probability=1.0, end=0.0))
    seen = []
    objective.answer = lambda tgt_BT, memory, labels_BT: seen.append(tgt_BT)
    objective(batch)
    own_BT = objective.mix(batch.tgt_BT, objective.model.encode(batch.src_BS), batch.tgt_BT != PAD)
    assert torch.equal(seen[0], own_BT)
    assert torch.equal(seen[0][batch.tgt_BT == PAD], batch.tgt_BT[batch.tgt_BT == PAD])
