"""The project's own challenge set: well formed, and nothing that the synthetic corpora can make."""

import random
from collections import Counter
from pathlib import Path

import pytest
from challenge_frames import matching, plain

from tfcli.challenge.judging import judge, normalize
from tfcli.challenge.sentences import read_challenge
from tfcli.data.synthetic import SLOTS, SYNTHETIC
from tfcli.data.synthetic.grammar import fill, read_frames

SET = Path(__file__).parent / "data/challenge"


@pytest.fixture(scope="module")
def sentences():
    return read_challenge(str(SET))


def test_is_large_and_of_many_kinds(sentences):
    kinds = Counter(sentence.kind for sentence in sentences)
    assert len(sentences) >= 400 and len(kinds) >= 10 and min(kinds.values()) >= 20
    assert sorted(kinds) == sorted(path.stem for path in SET.glob("*.tsv"))


def test_no_sentence_twice(sentences):
    counts = Counter(plain(sentence.source) for sentence in sentences)
    assert [source for source, count in counts.items() if count > 1] == []


def test_whoever_says_the_first_form_of_everything_is_right(sentences):
    """No form is empty once it is normalized, and none that is wanted is unwanted."""
    for sentence in sentences:
        for forms in sentence.wanted:
            assert all(normalize(form) for form in forms), sentence
        assert judge(sentence, ". ".join(forms[0] for forms in sentence.wanted)).right, sentence
        assert not judge(sentence, "Well.").right, sentence


def test_some_have_a_final_mark_and_some_have_none(sentences):
    marked = sum(sentence.source[-1] in "。！？" for sentence in sentences)
    assert 0.4 < marked / len(sentences) < 0.7


def test_no_frame_makes_a_challenge_sentence(sentences):
    assert [(sentence.source, matching(sentence.source)) for sentence in sentences if matching(sentence.source)] == []


@pytest.mark.parametrize("name", SYNTHETIC)
def test_the_matcher_finds_what_frames_make(name):
    """Else the test above could not fail."""
    rng = random.Random(11)
    drawn = [fill(frame, SLOTS, rng)[0] for frame in read_frames(name)[0]]
    found = [bool(matching(zh)) for zh in drawn]
    assert sum(found) > 0.9 * len(found), [zh for zh, is_found in zip(drawn, found, strict=True) if not is_found]


def test_the_matcher_finds_challenge_sentences_that_would_be_too_near(sentences):
    near = ["我叫周明。", "今天打八五折", "我来自四川绵阳。", "会议室里坐着四十七个人", "现在是七点三刻。"]
    near += ["周明", "百分之六点三", "云南省"]
    assert [sentence for sentence in near if not matching(sentence)] == []
    assert matching("这句话里什么都没有") == []


@pytest.mark.parametrize("count", [2000, pytest.param(100_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", SYNTHETIC)
def test_no_challenge_sentence_is_drawn(name, count, sentences):
    sources, rng = {plain(sentence.source) for sentence in sentences}, random.Random(12)
    assert not [zh for zh, _ in (SYNTHETIC[name](rng) for _ in range(count)) if plain(zh) in sources]
