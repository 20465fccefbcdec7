"""Objectives that reward sentences the model has written: what is written, what it is worth, and its gradient."""

import pytest
import torch
from objectives import V, gradients, log_p, make, make_batch, some_batch

from tfcli.config import BOS, EOS, PAD, RewardConfig
from tfcli.data.batch import Batch
from tfcli.training.loss import smoothed_cross_entropy, token_nll
from tfcli.training.objectives import OBJECTIVES
from tfcli.training.objectives.sampling import Sample, choose, evaluating, write
from tfcli.training.reward import Reward, spell


@pytest.fixture
def batch():
    return some_batch()


# Sentences that the model writes itself


def test_token_nll_is_cross_entropy_and_so_is_its_gradient():
    hidden_ND = torch.randn(700, 6, requires_grad=True)  # more than one chunk
    weight_VD, labels_N = torch.randn(V, 6, requires_grad=True), torch.randint(V, (700,))
    total, _ = smoothed_cross_entropy(hidden_ND, weight_VD, labels_N, 0.0)
    expected = torch.autograd.grad(total, (hidden_ND, weight_VD))
    nll_N = token_nll(hidden_ND, weight_VD, labels_N)
    for a, b in zip(torch.autograd.grad(nll_N.sum(), (hidden_ND, weight_VD)), expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(nll_N.sum(), total)
    assert token_nll(hidden_ND[:0], weight_VD, labels_N[:0]).shape == (0,)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_written_sentence_begins_as_told_ends_with_its_eos_and_costs_what_it_says(temperature, batch):
    objective = make("sequence_reward")
    memory, given_B = objective.model.encode(batch.src_BS), torch.tensor([3, 2, 0])
    sample = write(objective.model, memory, batch.labels_BT, given_B, temperature)
    assert (sample.ids_BT[~sample.real_BT] == PAD).all()
    nll_BT = sample.nll(objective.model, memory)
    for b, (row, given) in enumerate(zip(sample.rows(), given_B.tolist(), strict=True)):
        assert row[:given] == batch.labels_BT[b, :given].tolist()
        assert EOS not in row[:-1] and (row[-1] == EOS or len(row) == sample.ids_BT.size(1))
        logits_TV = objective.model(batch.src_BS[b : b + 1], torch.tensor([[BOS, *row[:-1]]]))[0]
        expected_T = -logits_TV.log_softmax(-1)[range(len(row)), row]
        torch.testing.assert_close(nll_BT[b, : len(row)], expected_T, rtol=1e-4, atol=1e-4)
        assert (nll_BT[b, len(row) :] == 0).all()
        if not temperature:
            assert logits_TV.argmax(-1)[given:].tolist() == row[given:]


def test_what_is_drawn_has_the_probability_it_is_given():
    logits_V = torch.tensor([0.0, 1.0, 2.0, -torch.inf])
    counts_V = torch.bincount(choose(logits_V.expand(20_000, 4), 2.0), minlength=4)
    expected_V = (logits_V / 2).softmax(-1)
    assert ((counts_V / 20_000 - expected_V).abs() < 0.03).all()  # eight standard deviations
    assert counts_V[3] == 0


def test_a_model_is_as_it_was_after_it_was_evaluated():
    model = make("teacher_forcing").model
    model.decoder.eval()
    with pytest.raises(ZeroDivisionError), evaluating(model.train()):
        assert not model.training
        raise ZeroDivisionError
    assert model.training and model.decoder.training


@pytest.mark.parametrize("metric", ["chrf", "bleu"])
def test_rewards_are_between_zero_and_one_and_the_best_is_the_reference(metric):
    reward = Reward(metric)
    same, near, far = reward([[7, 8, 9, 10, EOS], [7, 8, 9, 11, EOS], [EOS]], [[7, 8, 9, 10, EOS]] * 3)
    assert same == pytest.approx(1) and far == 0 < near < same
    read = Reward(metric, {1: "The cat sat.", 2: "The cat sits.", 3: ""}.__getitem__)
    assert read([1, 2, 3], [1, 1, 1])[::2] == [pytest.approx(1), 0]
    assert spell([BOS, 7, 9, EOS, PAD]).split() == [spell([7]), spell([9])]


# Sequence reward


def all_sentences(words: list[int], longest: int) -> list[list[int]]:
    """Everything a model can write in so many steps: ended by EOS, or broken off."""
    open_ends, done = [[]], []
    for _ in range(longest):
        longer = [[*row, word] for row in open_ends for word in words]
        done += [row for row in longer if row[-1] == EOS]
        open_ends = [row for row in longer if row[-1] != EOS]
    return done + open_ends


@pytest.mark.parametrize("baseline", [0.0, 0.7])
def test_the_expected_gradient_is_that_of_the_expected_reward_whatever_the_baseline(baseline):
    sentences = all_sentences(list(range(6)), 2)
    rewards_B = torch.rand(len(sentences))
    ids_BT = torch.tensor([[*row, *[PAD] * (2 - len(row))] for row in sentences])
    lengths_B1 = torch.tensor([[len(row)] for row in sentences])
    sample = Sample(ids_BT, torch.arange(2) < lengths_B1)
    objective = make("sequence_reward", vocab_size=6)
    one = make_batch(([4, 5], [5]))
    many = Batch(*(side.expand(len(sentences), -1) for side in (one.src_BS, one.tgt_BT, one.labels_BT)))
    p_B = (-sample.nll(objective.model, objective.model.encode(many.src_BS)).sum(1)).exp()
    assert p_B.sum().item() == pytest.approx(1, abs=1e-5)
    expected = torch.autograd.grad(-(p_B * rewards_B).sum(), list(objective.parameters()))
    # The mean over what might be drawn: each sentence once, as often as it would be.
    objective._draw = lambda batch, given_B: (sample, (rewards_B - baseline) * p_B.detach())
    for found, wanted in zip(gradients(objective, many), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-5)


def test_nothing_is_learned_where_everything_is_equally_good(batch):
    objective = make("sequence_reward", lambda hypotheses, references: [0.3] * len(hypotheses))
    assert all((gradient == 0).all() for gradient in gradients(objective, batch))


@pytest.mark.parametrize("better", [True, False])
def test_reward_moves_probability_to_what_beats_the_greedy_translation(better):
    objective = make("sequence_reward")
    drawn = Sample(torch.tensor([[6, 7, EOS]]), torch.ones(1, 3, dtype=torch.bool))
    objective._draw = lambda batch, given_B: (drawn, torch.tensor([0.2 if better else -0.2]))
    before = log_p(objective, [5], [6, 7]).item()
    gradients(objective, make_batch(([5], [8])))
    torch.optim.SGD(objective.parameters(), lr=1e-3).step()
    assert (log_p(objective, [5], [6, 7]).item() > before) == better


def test_the_part_of_its_own_grows_from_the_end_of_the_sentence(batch):
    objective = make("sequence_reward", reward=RewardConfig(start=0.0, end=1.0))
    lengths_B, given, real_draw = (batch.labels_BT != PAD).sum(1), [], objective._draw
    objective._draw = lambda batch, given_B: (given.append(given_B), real_draw(batch, given_B))[1]
    for objective.progress in (1e-6, 0.5, 1.0):
        objective(batch)
    assert [row.tolist() for row in given] == [(lengths_B - 1).tolist(), (lengths_B // 2).tolist(), [0, 0, 0]]


def test_the_self_critical_baseline_is_the_greedy_translation(batch):
    """A model that is certain draws what it would choose, and then there is nothing to gain."""
    objective = make("sequence_reward", by_length)
    with torch.no_grad():
        objective.model.embedding.weight.mul_(1e4)
    assert (objective._draw(batch, torch.zeros(3, dtype=torch.long))[1] == 0).all()


# Minimum risk


REFERENCE, OTHER, THIRD = [6], [7, 8], [9, 10, 11]


def by_length(hypotheses, references) -> list[float]:
    return [len(hypothesis) / 10 for hypothesis in hypotheses]


def among(*candidates: list[int], judge=by_length, sharpness=0.005):
    """(an objective, its one sentence) as if these translations had been drawn; the first is the reference."""
    objective = make("minimum_risk", judge, reward=RewardConfig(sharpness=sharpness))
    width = max(map(len, candidates)) + 1
    ids_BT = torch.tensor([[*row, EOS, *[PAD] * (width - len(row) - 1)] for row in candidates])
    objective._draw = lambda batch: Sample(ids_BT[None], (ids_BT != PAD)[None])
    return objective, make_batch(([5], candidates[0]))


@pytest.mark.parametrize("sharpness", [1e-6, 0.005, 1.0])
def test_risk_is_the_mean_under_sharpened_probabilities(sharpness):
    objective, one = among(REFERENCE, OTHER, THIRD, sharpness=sharpness)
    scores_C = torch.stack([log_p(objective, [5], tgt) for tgt in (REFERENCE, OTHER, THIRD)])
    risk = (scores_C * sharpness).softmax(0) @ (1 - torch.tensor([0.2, 0.3, 0.4]))
    loss, nll = objective(one)
    assert loss.item() * sharpness == pytest.approx(risk.item(), abs=1e-5)
    assert nll.item() == pytest.approx(-scores_C[0].item(), abs=1e-4)
    expected = torch.autograd.grad(risk / sharpness, list(objective.parameters()))
    for found, wanted in zip(gradients(objective, one), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-2, atol=1e-3)


def test_without_sharpness_every_candidate_counts_the_same_and_once():
    for candidates in ((REFERENCE, OTHER), (REFERENCE, OTHER, OTHER), (REFERENCE, OTHER, REFERENCE, OTHER)):
        objective, one = among(*candidates, sharpness=1e-6)
        assert objective(one)[0].item() * 1e-6 == pytest.approx(1 - (0.2 + 0.3) / 2, abs=1e-3)


@pytest.mark.parametrize("candidates", [(REFERENCE, OTHER), (OTHER, REFERENCE)])
def test_probability_moves_to_the_better_candidate(candidates):
    objective, one = among(*candidates)

    def lead() -> float:
        return (log_p(objective, [5], OTHER) - log_p(objective, [5], REFERENCE)).item()

    before = lead()
    gradients(objective, one)
    torch.optim.SGD(objective.parameters(), lr=1e-3).step()
    assert lead() > before


def test_candidates_of_equal_worth_leave_probabilities_alone():
    objective, one = among(REFERENCE, OTHER, THIRD, judge=lambda hypotheses, references: [0.3] * len(hypotheses))
    largest = max(gradient.abs().max() for gradient in gradients(objective, one))
    teacher = OBJECTIVES["teacher_forcing"](objective.model, objective.config).train()
    assert largest < 1e-3 * max(gradient.abs().max() for gradient in gradients(teacher, one))


def test_the_candidates_of_a_sentence_stand_behind_its_reference(batch):
    drawn = make("minimum_risk", reward=RewardConfig(candidates=3))._draw(batch)
    assert drawn.ids_BT.shape[:2] == (3, 4)
    references = Sample(drawn.ids_BT[:, 0], drawn.real_BT[:, 0]).rows()
    assert references == Sample(batch.labels_BT, batch.labels_BT != PAD).rows()
