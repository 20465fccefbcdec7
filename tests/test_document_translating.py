"""Segments through a translator: every sentence once, in its place, with its marks and atoms, whatever comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_document_marks import segments

from tfcli.documents import open_document
from tfcli.documents.linking import WordLinks, find_places, place_links
from tfcli.documents.reading import Reading
from tfcli.documents.segment import ATOM, Mark, Segment, walk
from tfcli.documents.translating import translate_segments, without_new_stop
from tfcli.documents.words import find_words


def no_links(source: str, target: str) -> WordLinks:
    return WordLinks([], [], [])


def word_by_word(source: str, target: str) -> WordLinks:
    words = [source[start:end] for start, end in find_words(source)]
    others = [target[start:end] for start, end in find_words(target)]
    return WordLinks(words, others, [(i, i) for i in range(min(len(words), len(others)))])


def written(segment: Segment) -> str:
    return "".join(text for _, text, _ in walk(segment))


@given(st.lists(segments(), max_size=4), st.randoms(use_true_random=False), st.sampled_from([no_links, word_by_word]))
def test_marks_and_atoms_survive_any_translator(given_segments, chance, align):
    def translate(texts):
        return ["".join(chance.sample(text, len(text))) + "X" * chance.randint(0, 3) for text in texts]

    results = translate_segments(given_segments, translate, align)
    assert len(results) == len(given_segments)
    for old, new in zip(given_segments, results, strict=True):
        assert sorted(ATOM.findall(new.text)) == sorted(ATOM.findall(old.text))
        assert sorted((m.before, m.after) for m in new.marks) == sorted((m.before, m.after) for m in old.marks)


@given(st.lists(segments(), max_size=4))
def test_a_translator_that_changes_nothing_changes_nothing(given_segments):
    assert translate_segments(given_segments, list, word_by_word) == given_segments


@given(st.lists(segments(), max_size=4), st.sampled_from(["", "  ", "\ue000\ue001"]))
def test_a_translator_that_says_nothing_loses_no_mark(given_segments, answer):
    for old, new in zip(
        given_segments, translate_segments(given_segments, lambda t: [answer] * len(t), no_links), strict=True
    ):
        assert sorted(m.before for m in new.marks) == sorted(m.before for m in old.marks)


def test_only_a_sentence_that_a_mark_cuts_is_aligned():
    asked = []

    def align(source, target):
        asked.append(source)
        return no_links(source, target)

    segment = Segment("你好。我走了。再见。", (Mark(0, 3, "<b>", "</b>"), Mark(3, 4, "<i>", "</i>")))
    (result,) = translate_segments(
        [segment],
        lambda texts: [{"你好。": "Hello.", "我走了。": "I left.", "再见。": "Bye."}[t] for t in texts],
        align,
    )
    assert asked == ["我走了。"]
    assert written(result) == "<b>Hello.</b> <i>I</i> left. Bye."


def test_a_text_without_marks_goes_as_a_whole():
    asked = []

    def translate(texts):
        asked.extend(texts)
        return ["Hello. Bye."] * len(texts)

    assert translate_segments([Segment(" 你好。再见。 ")], translate, no_links) == [Segment(" Hello. Bye. ")]
    assert asked == ["你好。再见。"]


def test_sentences_are_joined_as_the_target_language_does():
    marks = (Mark(0, 1, "<b>", "</b>"),)
    (result,) = translate_segments([Segment("I go. You stay.", marks)], lambda texts: ["我走。", "你留。"], no_links)
    assert result.text == "我走。你留。"


@pytest.mark.parametrize(
    "source, answer, expected",
    [
        ("图书馆", "The library.", "The library"),
        ("Settings", "设置。", "设置"),
        ("我走了。", "I left.", "I left."),
        ("你好！再见", "Hello! Bye.", "Hello! Bye."),
        ("水果等", "Fruit, etc.", "Fruit, etc."),
        ("美国", "The U.S.", "The U.S."),
        ("等等", "Wait...", "Wait..."),
        ("好", ".", ""),
    ],
)
def test_a_full_stop_that_the_source_has_not_is_left_out(source, answer, expected):
    assert without_new_stop(source, answer) == expected


def test_words_are_found_whatever_a_tokenizer_did_to_them():
    assert find_places(["▁Ｈello", "ＷＯＲＬＤ", "没有", "!"], "Hello world!") == [(0, 5), (6, 11), None, (11, 12)]
    links = WordLinks(["你好", "世界"], ["▁Hello", "▁world"], [(0, 0), (1, 1)])
    assert place_links(links, "你好，世界", "Hello, world") == [((0, 2), (0, 5)), ((3, 5), (7, 12))]


@pytest.mark.parametrize(
    "kind, text, expected",
    [
        ("md", "我**喜欢**书。\n", "I **like** books.\n"),
        ("html", "<p>我<b>喜欢</b>书。</p>", "<p>I <b>like</b> books.</p>"),
        ("po", 'msgid "我<b>喜欢</b>书。"\nmsgstr ""\n', 'msgid "我<b>喜欢</b>书。"\nmsgstr "I <b>like</b> books."\n'),
    ],
)
def test_a_mark_in_a_document_moves_with_its_word(kind, text, expected):
    document = open_document(kind, text.encode(), Reading(f"x.{kind}"))

    def align(source, target):
        return WordLinks(["我", "喜欢", "书", "。"], ["I", "like", "books", "."], [(0, 0), (1, 1), (2, 2), (3, 3)])

    translated = translate_segments(document.segments, lambda texts: ["I like books."], align)
    assert document.render(translated).decode() == expected


@pytest.mark.parametrize("text", ["**你好，**世界", "世界**“你好”**吧", "a*字*b"])
def test_emphasis_that_markdown_would_not_read_is_written_as_html(text):
    made = open_document("md", b"**a** b\n", Reading("x.md"))
    parts = text.replace("**", "*").split("*")
    words = "".join(parts)
    segment = Segment(words, (Mark(len(parts[0]), len(parts[0]) + len(parts[1]), "**", "**"),))
    again = open_document("md", made.render([segment]), Reading("x.md"))
    assert again.segments[0].text == words and [(m.start, m.end) for m in again.segments[0].marks] == [
        (m.start, m.end) for m in segment.marks
    ]
