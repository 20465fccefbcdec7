"""Subtitles: what pysubs2 reads in them, times, styles and names, stays; sentences run over cues; lines are short."""

import re
from dataclasses import replace

import pysubs2
import pytest
from document_samples import SAMPLES
from hypothesis import given
from hypothesis import strategies as st

from tfcli.documents import open_document
from tfcli.documents.cues import LINE, cut_places, group_cues, width, wrap_places
from tfcli.documents.reading import Reading

KINDS = ["srt", "vtt", "ass"]
WORDS = st.lists(st.sampled_from(["a", "word", "another,", "sentence.", "字", "文，", "？", "incomprehensibilities"]))
TEXTS = WORDS.map(" ".join)


def opened(kind: str, text: str):
    return open_document(kind, text.encode(), Reading(f"x.{kind}"))


def read(text: str, kind: str) -> list[tuple]:
    """What pysubs2 finds: times, styles, names."""
    lines = pysubs2.SSAFile.from_string(text, kind, keep_unknown_html_tags=True)
    return [(line.start, line.end, line.style, line.name, line.type) for line in lines]


@pytest.mark.parametrize("kind", KINDS)
@given(words=TEXTS)
def test_times_and_styles_stay(kind, words):
    document = opened(kind, SAMPLES[kind])
    changed = [replace(segment, text=f"{segment.text} {words}".strip()) for segment in document.segments]
    written = document.render(changed).decode()
    assert read(written, kind) == read(SAMPLES[kind], kind)
    tags = re.compile(r"\{[^}]*\}|</?[^>]*>")
    assert set(tags.findall(written)) == set(tags.findall(SAMPLES[kind]))


@pytest.mark.parametrize("kind", KINDS)
def test_everything_but_the_words_stays(kind):
    document = opened(kind, SAMPLES[kind])
    written = document.render([replace(segment, text="w", marks=()) for segment in document.segments]).decode()
    kept = [
        line
        for line in SAMPLES[kind].split("\n")
        if re.search(r"-->|NOTE|STYLE|::cue|^\d+$|Comment|Style|^;|\\p1", line)
    ]
    assert kept and all(line in written for line in kept)


def test_a_sentence_over_two_cues_is_one():
    document = opened("srt", SAMPLES["srt"])
    sentence = "如果你明天有时间的话，我们可以一起去公园散步。"
    (place,) = [i for i, segment in enumerate(document.segments) if segment.text == sentence]
    segments = list(document.segments)
    segments[place] = replace(segments[place], text="If you have time tomorrow, we can walk together in the park.")
    cues = pysubs2.SSAFile.from_string(document.render(segments).decode())
    assert [cue.plaintext for cue in cues[2:4]] == ["If you have time tomorrow,", "we can walk together in the park."]


def test_two_who_speak_in_one_cue_have_a_line_each():
    document = opened("srt", SAMPLES["srt"])
    changed = [replace(segment, text="A B C", marks=()) for segment in document.segments]
    assert "- A B C\n- <i>A B C</i>" in document.render(changed).decode()


def test_cues_without_any_marks_are_not_joined():
    times = [(float(i), i + 1.0) for i in range(4)]
    assert group_cues(["我们走", "去哪里", "公园", "好"], times, [True] * 4) == [[0], [1], [2], [3]]
    assert group_cues(["我们走，", "去哪里？", "公园", "好。"], times, [True] * 4) == [[0, 1], [2, 3]]


def test_a_pause_ends_a_sentence_and_four_cues_are_the_most():
    assert group_cues(["我们，", "走。"], [(0, 1), (9, 10)], [True] * 2) == [[0], [1]]
    assert group_cues(["啊，"] * 6, [(i, i + 1) for i in range(6)], [True] * 6) == [[0, 1, 2, 3], [4, 5]]


@given(TEXTS)
def test_lines_are_short_and_lose_nothing(text):
    edges = [0, *wrap_places(text), len(text)]
    lines = [text[start:end] for start, end in zip(edges, edges[1:], strict=False)]
    assert "".join(lines) == text and edges == sorted(edges)
    for line in lines:
        assert width(line.strip()) <= LINE
    if width(text) <= 2 * LINE - 22 and not re.search("[字文？]", text):  # 22: a word more or less
        assert len(lines) <= 2


@given(TEXTS, st.lists(st.integers(1, 50), min_size=1, max_size=4))
def test_a_translation_is_cut_into_as_many_parts_as_there_were_cues(text, shares):
    places = cut_places(text, shares)
    assert len(places) == len(shares) - 1 and places == sorted(places) and all(0 <= at <= len(text) for at in places)


@given(st.lists(st.sampled_from(["word", "another,", "go"]), min_size=8), st.integers(2, 4))
def test_no_cue_is_left_without_words(words, cues):
    text = " ".join(words)
    places = [0, *cut_places(text, [10] * cues), len(text)]
    assert all(text[start:end].strip() for start, end in zip(places, places[1:], strict=False))
