"""What a model is trained for: equal to teacher forcing where it should be, and to its equation everywhere else."""

import copy
import random

import pytest
import torch

from tfcli.build import build_model
from tfcli.combinations import BASELINES, PARALLEL_OBJECTIVE
from tfcli.config import BOS, EOS, PAD, ModelConfig, RewardConfig, SamplingConfig, TrainingConfig
from tfcli.data.batch import Batch
from tfcli.errors import ModelError
from tfcli.training.loss import smoothed_cross_entropy, token_nll
from tfcli.training.objectives import OBJECTIVES, scheduled_sampling
from tfcli.training.objectives.sampling import Sample, choose, evaluating, write
from tfcli.training.reward import Reward, spell
from tfcli.training.schedule import ramp

V = 15
OWN = [name for name in OBJECTIVES if name.endswith("scheduled_sampling")]
ONE_BY_ONE = [name for name in OBJECTIVES if name != PARALLEL_OBJECTIVE]
REWARDED = ["sequence_reward", "minimum_risk"]


def make(name: str, judge=None, *, kind="transformer", vocab_size=V, dropout=0.0, progress=1.0, **training):
    """An objective in training mode, at the end of its run, around a model that is sure of what it says.
    judge: takes the place of the reward."""
    shape = dict(d_model=8, d_ff=8, num_heads=2, num_encoder_layers=1, num_decoder_layers=1, max_length=24)
    model = build_model(ModelConfig(kind=kind, vocab_size=vocab_size, dropout=dropout, **shape))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.5 * torch.randn_like(parameter))
    objective = OBJECTIVES[name](model, TrainingConfig(objective=name, **training), judge).train()
    objective.progress = progress
    return objective


def make_batch(*pairs: tuple[list[int], list[int]]) -> Batch:
    def padded(rows: list[list[int]]) -> torch.Tensor:
        width = max(map(len, rows)) + 1  # padding in every row
        return torch.tensor([[*row, *[PAD] * (width - len(row))] for row in rows])

    return Batch(
        padded([[*src, EOS] for src, _ in pairs]),
        padded([[BOS, *tgt] for _, tgt in pairs]),
        padded([[*tgt, EOS] for _, tgt in pairs]),
    )


@pytest.fixture
def batch():
    return make_batch(([5, 6, 7], [9, 8, 7, 6, 5]), ([4], [4]), ([10, 11, 12, 13], [14, 14, 4]))


def gradients(objective, batch) -> list[torch.Tensor]:
    objective.zero_grad(set_to_none=True)
    loss, _ = objective(batch)
    loss.backward()
    return [parameter.grad for parameter in objective.parameters()]


def log_p(objective, src: list[int], tgt: list[int]) -> torch.Tensor:
    """log p(tgt, EOS | src), written out."""
    logits_TV = objective.model(torch.tensor([[*src, EOS]]), torch.tensor([[BOS, *tgt]]))[0]
    return logits_TV.log_softmax(-1)[range(len(tgt) + 1), [*tgt, EOS]].sum()


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


# They learn


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
