"""Each way to write all words at once, against its definition: sums over everything, counted out on small cases."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from test_non_autoregressive import make_batch, objective_of, padded, random_ids, random_model

from tfcli.build import build_model
from tfcli.config import EOS, PAD, ModelConfig, TrainingConfig
from tfcli.config.combinations import PARALLEL_KINDS
from tfcli.decoding.parallel import parallel
from tfcli.decoding.search import Search
from tfcli.training.objectives import OBJECTIVES
from tfcli.transformer.non_autoregressive.crf import LinearChainCrf, log_partition, viterbi
from tfcli.transformer.non_autoregressive.ctc import BLANK, collapse
from tfcli.transformer.non_autoregressive.mask_predict import draw_masks

SMALL = dict(vocab_size=6, max_length=8)


@given(st.lists(st.tuples(st.integers(4, 7), st.integers(1, 3), st.integers(0, 2))))
def test_collapse_undoes_every_way_to_fill_the_canvas(words):
    canvas = []
    for number, (word, times, blanks) in enumerate(words):
        must = number > 0 and words[number - 1][0] == word  # else the two would become one
        canvas += [BLANK] * max(blanks, must) + [word] * times
    assert collapse(canvas) == [word for word, _, _ in words]


@pytest.mark.parametrize("labels", [[4], [4, 5], [4, 4], [5, 4, 4], []])
def test_ctc_loss_is_the_sum_over_all_canvases(labels):
    model = random_model("ctc", **SMALL)
    src_BS = torch.tensor([[4, EOS]])
    (canvas,) = model.canvases(src_BS, memory := model.encode(src_BS), 1)
    logprobs_TV = model.logits(model.read(canvas, memory)).float().log_softmax(-1)[0]
    paths = [path for path in itertools.product(range(6), repeat=6) if collapse(list(path)) == labels]
    expected = -logprobs_TV[torch.arange(6), torch.tensor(paths)].sum(1).logsumexp(0)
    loss, nll = objective_of(model)(make_batch([[4], [5, 4]], [labels, [5]]))
    alone, _ = objective_of(model)(make_batch([[5, 4]], [[5]]))
    assert torch.allclose(loss - alone, expected, atol=1e-4) and loss == nll


def test_ctc_passes_over_what_has_no_room():
    loss, _ = objective_of(random_model("ctc", **SMALL))(make_batch([[4]], [[4, 4, 4, 4, 4, 4, 4]]))
    loss.backward()
    assert loss == 0


def test_ctc_never_asks_for_more_places_than_there_are():
    model = random_model("ctc")
    src_BS = padded([[*row, EOS] for row in random_ids(3, 3)] + [[*range(20, 39), EOS]])
    (canvas,) = model.canvases(src_BS, None, 1)
    assert canvas.real_BT.sum(1).tolist() == [6, 9, 12, 32]
    for source in range(20):  # each source token still has a place
        copies_3D = model.embed(src_BS[3, source]) + model.copies.weight
        assert torch.cdist(canvas.x_BTD[3], copies_3D).min() < 1e-6


def chains(scores_TK, steps_TJK):
    """(every chain of candidates, its total)."""
    T, K = scores_TK.shape
    every = torch.tensor(list(itertools.product(range(K), repeat=T)))
    totals = scores_TK[torch.arange(T), every].sum(1)
    for t in range(1, T):
        totals = totals + steps_TJK[t, every[:, t - 1], every[:, t]]
    return every, totals


def random_crf(vocab_size=5, **options):
    crf = LinearChainCrf(vocab_size, rank=2, **options).double()
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.normal_()
    return crf


@pytest.mark.parametrize("length", [1, 2, 4])
def test_partition_and_best_chain_are_those_of_brute_force(length):
    scores, steps = torch.randn(2, 4, 3).double(), torch.randn(2, 4, 3, 3).double()
    real = torch.tensor([[True] * 4, [True] * length + [False] * (4 - length)])
    for row, T in ((0, 4), (1, length)):
        every, totals = chains(scores[row, :T], steps[row, :T])
        assert torch.allclose(log_partition(scores, steps, real)[row], totals.logsumexp(0))
        choice, score = viterbi(scores, steps, real)
        assert torch.allclose(score[row], totals.max()) and choice[row, :T].tolist() == every[totals.argmax()].tolist()


def test_low_rank_transitions_are_the_dense_ones():
    crf = random_crf()
    words = torch.randint(5, (2, 4, 3))
    dense = crf.before.weight @ crf.after.weight.T
    steps = crf._transitions(words)
    for t in range(1, 4):
        assert torch.allclose(steps[:, t], dense[words[:, t - 1, :, None], words[:, t, None, :]].float(), atol=1e-5)
    assert not steps[:, 0].any()


def test_without_transitions_words_are_independent():
    crf = random_crf()
    torch.nn.init.zeros_(crf.before.weight)
    scores, real = torch.randn(2, 4, 5).double(), torch.ones(2, 4, dtype=torch.bool)
    labels = torch.randint(5, (2, 4))
    independent = -scores.log_softmax(-1).gather(2, labels[..., None]).sum((1, 2))
    assert torch.allclose(crf.nll(scores, labels, real), independent)
    words, logprob = crf.decode(scores, real)
    assert torch.equal(words, scores.argmax(-1))
    assert torch.allclose(logprob, scores.log_softmax(-1).max(-1).values.sum(1))


def test_probabilities_of_all_sentences_sum_to_one():
    crf, scores = random_crf(), torch.randn(1, 3, 5).double()
    every = torch.tensor(list(itertools.product(range(5), repeat=3)))
    nll = crf.nll(scores.expand(125, -1, -1), every, torch.ones(125, 3, dtype=torch.bool))
    assert torch.allclose((-nll).exp().sum(), torch.ones(()).double(), atol=1e-5)
    words, logprob = crf.decode(scores, torch.ones(1, 3, dtype=torch.bool))
    assert words[0].tolist() == every[nll.argmin()].tolist() and torch.allclose(logprob, -nll.min(), atol=1e-5)


def test_fewer_candidates_leave_out_what_is_improbable():
    whole, scores = random_crf(), torch.randn(64, 4, 5).double()
    labels, real = torch.randint(5, (64, 4)), torch.ones(64, 4, dtype=torch.bool)
    last = None
    for candidates in (1, 2, 3, 4, 5):
        crf = LinearChainCrf(5, rank=2, candidates=candidates).double()
        crf.load_state_dict(whole.state_dict())
        nll = crf.nll(scores, labels, real)
        assert (nll > -1e-6).all() and (last is None or (nll >= last - 1e-6).all())
        last = nll
    assert torch.allclose(last, whole.nll(scores, labels, real))


def test_a_length_is_as_probable_as_it_is_scored():
    model = random_model("parallel")
    predictor, memory = model.length, model.encode(padded([[20, EOS], [20, 21, EOS]]))
    lengths, logprobs = predictor.most_probable(memory, 5)
    inside = (lengths > 2) & (lengths < 32)
    for column in range(5):
        alone = [memory.select(torch.tensor([row])) for row in (0, 1)]
        nll = torch.stack([predictor.nll(one, lengths[row : row + 1, column]) for row, one in enumerate(alone)])
        assert torch.allclose(nll[inside[:, column]], -logprobs[inside[:, column], column], atol=1e-5)
    assert lengths.min() >= 2 and lengths.max() <= 32
    assert predictor.nll(memory, torch.tensor([400, 400])).isfinite()


def test_masks_cover_one_to_all_words():
    real = torch.tensor([[True] * 4 + [False] * 2] * 4000)
    masked = draw_masks(real)
    assert not masked[~real].any()
    counts = masked.sum(1).bincount(minlength=5)
    assert counts[0] == 0 and len(counts) == 5 and (counts[1:] > 800).all()  # 1,000 each, σ = 27
    assert (masked[:, :4].float().mean(0) - 0.625).abs().max() < 0.05


def test_fertilities_are_the_words_each_source_token_is_worth():
    model = random_model("fertility")
    src_BS = padded([[20, 21, 22, EOS], [23, EOS]])
    canvas = model._copy(src_BS, torch.tensor([[2, 0, 3, 1], [1, 1, 0, 0]]))
    expected = padded([[20, 20, 22, 22, 22, EOS], [23, EOS]])
    assert torch.equal(canvas.real_BT, expected != PAD)
    assert torch.equal(canvas.x_BTD[canvas.real_BT], model.embed(expected)[canvas.real_BT])


def train(kind, rewrite, steps=250):
    """A small model that learns to rewrite random sentences; (the model, sentences it has not seen)."""
    shape = dict(vocab_size=24, d_model=32, d_ff=64, num_heads=2, num_encoder_layers=1, num_decoder_layers=1)
    model = build_model(ModelConfig(kind=kind, dropout=0.0, max_length=32, **shape))
    objective = OBJECTIVES["non_autoregressive"](model, TrainingConfig(label_smoothing=0.0))
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98))
    draw = lambda number: [torch.randint(12, 24, (int(n),)).tolist() for n in torch.randint(2, 7, (number,))]  # noqa: E731
    for step in range(steps):
        sources = draw(32)
        batch = make_batch(sources, list(map(rewrite, sources)))
        loss, _ = objective(batch)
        optimizer.param_groups[0]["lr"] = 1e-2 * min(1, (step + 1) / 20) * (1 - step / steps)
        optimizer.zero_grad()
        (loss / (batch.labels_BT != PAD).sum()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return model.eval(), draw(100)


@pytest.mark.parametrize("kind", PARALLEL_KINDS)
def test_learns_to_copy(kind):
    model, sources = train(kind, lambda ids: ids, steps=400 if kind == "mask_predict" else 250)
    hypotheses = parallel(model, sources, Search(20))
    assert sum(hypothesis.ids == src for hypothesis, src in zip(hypotheses, sources, strict=True)) >= 85


def stutter(ids):
    return [token for one in ids for token in [one] * (1 + one % 2)]


def test_the_aligner_finds_which_word_is_worth_two():
    model, sources = train("fertility", stutter)
    batch = make_batch(sources, list(map(stutter, sources)))
    _, found_BT = model.aligner(model.embedding, batch.src_BS, batch.labels_BT)
    right = total = 0
    for src, found in zip(sources, found_BT, strict=True):
        origins = [place for place, one in enumerate(src) for _ in range(1 + one % 2)]
        right += sum(a == b for a, b in zip(found.tolist(), origins, strict=False))
        total += len(origins)
    assert right > 0.9 * total
    hypotheses = parallel(model, sources, Search(20))
    assert sum(hypothesis.ids == stutter(src) for hypothesis, src in zip(hypotheses, sources, strict=True)) >= 85


@pytest.mark.slow
@pytest.mark.parametrize("kind", PARALLEL_KINDS)
def test_learns_to_reverse(kind):
    model, sources = train(kind, lambda ids: ids[::-1], steps=3000)
    hypotheses = parallel(model, sources, Search(20))
    assert sum(hypothesis.ids == src[::-1] for hypothesis, src in zip(hypotheses, sources, strict=True)) >= 85
