"""The rules of a search: what may be asked for, what is never said, and what a beam may hand on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.config import BOS, EOS, PAD, UNK
from tfcli.decoding.search import NUM_CONTROL, Candidate, Draft, Search, banned, choose, may_loop, repeated_placeholder
from tfcli.errors import UsageError

PLACEHOLDER = EOS + 1
IDS = st.lists(st.integers(0, 40), max_size=20)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (dict(beam_size=0), "at least 1 wide, not 0"),
        (dict(beam_size=-3), "at least 1 wide, not -3"),
        (dict(num_hypotheses=2), "a beam of 1 finds at most 1 alternative, not 2"),
        (dict(beam_size=4, num_hypotheses=0), "at least 1 alternative, not 0"),
        (dict(beam_size=4, length_penalty=-0.1), "0 to 10, not -0.1"),
        (dict(length_penalty=float("nan")), "0 to 10, not nan"),
        (dict(length_penalty=float("inf")), "0 to 10, not inf"),
        (dict(length_ratio=0.0), "more than 0"),
        (dict(length_ratio=float("nan")), "more than 0"),
        (dict(prefix=(20,) * 9), "the prefix has 9 tokens; a translation may have 9"),
    ],
)
def test_what_cannot_be_searched_for_is_refused(wrong, message):
    with pytest.raises(UsageError, match=message):
        Search(9, **wrong)


@given(
    st.integers(1, 500), st.integers(1, 500), st.floats(0, exclude_min=True), st.lists(st.integers(12, 20), max_size=5)
)
def test_a_limit_leaves_room_and_never_exceeds_the_model(source_tokens, max_length, ratio, prefix):
    if len(prefix) >= max_length:
        return
    search = Search(max_length, length_ratio=ratio, prefix=tuple(prefix))
    limit = search.limit(source_tokens)
    assert len(prefix) < limit <= max_length
    assert limit == max_length or limit >= len(prefix) + 16
    assert limit == max_length or limit <= len(prefix) + 16 + ratio * source_tokens
    assert limit <= search.limit(source_tokens + 1)


@given(IDS)
def test_only_text_the_end_and_placeholders_of_the_source_are_ever_said(src):
    said = set(range(60)) - set(banned(src))
    assert not said & {PAD, UNK, BOS} and EOS in said and said >= set(range(NUM_CONTROL, 60))
    assert said & set(range(EOS + 1, NUM_CONTROL)) == set(src) & set(range(EOS + 1, NUM_CONTROL))


@given(IDS)
def test_a_repeated_placeholder_is_found_where_it_stands(ids):
    place = repeated_placeholder(ids)
    marks = [i for i in ids[:place] if EOS < i < NUM_CONTROL]
    assert len(marks) == len(set(marks))
    assert place is None or ids[place] in marks


def test_hypotheses_are_ranked_by_their_length_as_asked():
    short, long = Candidate([20, EOS], -2.0), Candidate([20, 21, 22, EOS], -3.0)
    for penalty, best in ((0.0, short), (1.0, long)):
        hypotheses = choose([30], Search(9, 2, 2, penalty), [short, long])
        assert [h.ids for h in hypotheses][0] == best.tokens[:-1]
        assert {h.score for h in hypotheses} == {-1.0, -0.75}  # whatever they are ranked by
    assert [h.ids for h in choose([30], Search(9, 2, 1), [short, long])] == [[20, 21, 22]]


def test_what_breaks_a_rule_is_no_choice():
    loop, doubled = [20] * 20, [PLACEHOLDER, 20, PLACEHOLDER, EOS]
    fine = [PLACEHOLDER, 20, EOS]
    found = [Candidate(loop, -1.0), Candidate(doubled, -1.5), Candidate(fine, -9.0)]
    (kept,) = choose([PLACEHOLDER, 30], Search(90, 3, 3), found)
    assert kept.ids == fine[:-1] and kept.finished and not kept.looped
    assert choose([PLACEHOLDER, 30], Search(90, 2, 2), found) == []  # only as many as the beam is wide are looked at


def test_what_meets_its_limit_is_cut_and_counted():
    search = Search(3, beam_size=2)
    (hypothesis,) = choose([30], search, [Candidate([20, 21, 22, 23], -8.0)])
    assert (hypothesis.ids, hypothesis.finished, hypothesis.score) == ([20, 21, 22], False, -2.0)
    (hypothesis,) = choose([30], search, [Candidate([20, 21, 22, EOS], -8.0)])
    assert (hypothesis.ids, hypothesis.finished) == ([20, 21, 22], True)


def test_the_prefix_counts_in_the_length_but_not_in_the_score():
    search = Search(30, 2, 2, prefix=(25,) * 10)
    one, other = Candidate([20, EOS], -2.0), Candidate([20, 21, 22, 23, EOS], -2.2)
    ranks = [search.rank(one.total, 12), search.rank(other.total, 15)]
    hypotheses = choose([30], search, [one, other])
    assert ranks == sorted(ranks) and hypotheses[0].ids == [25] * 10 + [20, 21, 22, 23]
    assert [h.score for h in hypotheses] == [pytest.approx(-0.44), -1.0]


@given(st.lists(st.integers(12, 14), max_size=40), st.integers(1, 30))
def test_a_draft_never_grows_over_its_limit_and_is_done_once(ids, limit):
    draft = Draft([30], limit)
    for token in [*ids, EOS]:
        if draft.done:
            break
        draft.add(token, -1.0)
    hypothesis = draft.hypothesis()
    assert draft.done and len(hypothesis.ids) <= limit and hypothesis.ids == ids[: len(hypothesis.ids)]
    assert hypothesis.finished == (len(hypothesis.ids) == len(ids) <= limit and not hypothesis.looped)
    assert hypothesis.score == -1.0


@given(st.lists(st.integers(20, 22), max_size=40))
def test_what_loops_may_loop(ids):
    draft = Draft([30], 60)
    for token in ids:
        if not draft.done:
            draft.add(token, 0.0)
    assert may_loop(ids) or not draft.looped
