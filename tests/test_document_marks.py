"""Marks moved to a translation: none lost, none made up, spans nested, atoms once each; whatever the model says."""

import re

from hypothesis import given
from hypothesis import strategies as st

from tfcli.documents.atoms import from_placeholders, mend_atoms, to_placeholders
from tfcli.documents.collecting import Collector
from tfcli.documents.moving import Aligned, move_marks
from tfcli.documents.segment import ATOM, Mark, Segment, cut, walk
from tfcli.documents.words import find_words

LETTERS = "一二三。， abc.,"


@st.composite
def segments(draw) -> Segment:
    """Whatever a reader may meet: spans that nest, cross, stay open or are closed twice."""
    collector = Collector()
    for step in draw(st.lists(st.integers(0, 9), max_size=25)):
        name = draw(st.sampled_from("bia"))
        match step:
            case 0 | 1:
                collector.open(name, f"<{name}>")
            case 2 | 3:
                collector.close(name, f"</{name}>")
            case 4:
                collector.add_point("<p/>")
            case 5:
                collector.add_atom("<atom/>")
            case _:
                collector.add_text(draw(st.text(LETTERS, min_size=1, max_size=5)))
    return collector.finish()


@st.composite
def translations(draw, segment: Segment) -> tuple[str, list[Aligned]]:
    """A translation with the atoms of the segment in any order, and links between anything."""
    pieces = draw(
        st.permutations([*ATOM.findall(segment.text), *draw(st.lists(st.text(LETTERS, max_size=6), max_size=6))])
    )
    target = "".join(pieces)
    words, others = find_words(segment.text), find_words(target)
    links = draw(st.lists(st.tuples(st.sampled_from(words), st.sampled_from(others)))) if words and others else []
    return target, [Aligned((0, len(segment.text)), (0, len(target)), tuple(links))]


def written(segment: Segment) -> str:
    return "".join(text for _, text, _ in walk(segment))


def tags(segment: Segment) -> list[str]:
    return sorted(re.findall("<.*?>", written(segment)))


@given(segments())
def test_a_segment_is_well_nested_and_writes_what_was_collected(segment):
    spans = [(mark.start, mark.end) for mark in segment.spans]
    for a, b in spans:
        for c, d in spans:
            assert b <= c or d <= a or (a <= c and d <= b) or (c <= a and b <= d)
    opened = []
    for kind, _, mark in walk(segment):
        if kind == "open":
            opened.append(mark)
        if kind == "close":
            assert opened.pop() is mark
    assert not opened


@given(st.data())
def test_what_is_written_is_what_was_put_in(data):
    collector, put = Collector(), []
    for _ in range(data.draw(st.integers(0, 15))):
        name = data.draw(st.sampled_from("bi"))
        action, text = data.draw(
            st.sampled_from([("open", f"<{name}>"), ("close", f"</{name}>"), ("point", "<p>"), ("text", "字")])
        )
        put.append(text)
        match action:
            case "open" | "close":
                getattr(collector, action)(name, text)
            case "point":
                collector.add_point(text)
            case "text":
                collector.add_text(text)
    assert sorted(written(collector.finish())) == sorted("".join(put))


@given(st.data())
def test_marks_are_never_lost_nor_made_up(data):
    segment = data.draw(segments())
    target, sentences = data.draw(translations(segment))
    moved = move_marks(segment, target, sentences)
    assert moved.text == target
    assert sorted((m.before, m.after, m.is_atom) for m in moved.marks) == sorted(
        (m.before, m.after, m.is_atom) for m in segment.marks
    )
    assert tags(moved) == tags(segment)
    opened = []
    for kind, _, mark in walk(moved):
        assert mark is None or 0 <= mark.start <= mark.end <= len(target)
        if kind == "open":
            opened.append(mark)
        if kind == "close":
            assert opened.pop() is mark
    for mark in moved.marks:
        if mark.is_atom:
            assert ATOM.match(target[mark.start]) and mark.end == mark.start + 1
        elif not mark.is_point:
            assert mark.before or mark.start == 0 or any(o.start == 0 for o in moved.marks)


@given(segments())
def test_a_translation_that_is_the_source_has_the_marks_where_they_were(segment):
    links = tuple((word, word) for word in find_words(segment.text))
    whole = (0, len(segment.text))
    moved = move_marks(segment, segment.text, [Aligned(whole, whole, links)])
    for old in segment.spans:
        if old.before and old.after and segment.text[old.start : old.end].strip(" ,.，。"):
            assert any(
                new.before == old.before and segment.text[new.start : new.end].strip(" ,.，。") for new in moved.spans
            )


@given(st.data())
def test_atoms_are_mended(data):
    segment = data.draw(segments())
    answer = data.draw(st.text(LETTERS + to_placeholders(segment.text) + "\ue005\ue000", max_size=20))
    mended = from_placeholders(segment.text, answer)
    assert sorted(ATOM.findall(mended)) == sorted(ATOM.findall(segment.text))
    assert not any("\ue000" <= char <= "\ue007" for char in mended)
    assert mend_atoms(segment.text, mended) == mended


@given(segments(), st.integers(0, 10))
def test_parts_join_to_the_text_and_each_is_nested(segment, place):
    place = min(place, len(segment.text))
    parts = cut(segment, [place])
    assert "".join(part.text for part in parts) == segment.text
    assert sum(mark.is_atom for part in parts for mark in part.marks) == sum(mark.is_atom for mark in segment.marks)
    assert sum(mark.is_point for part in parts for mark in part.marks) == len(segment.points)


def moved(source: Segment, target: str, links) -> str:
    whole = [Aligned((0, len(source.text)), (0, len(target)), tuple(links))]
    return written(move_marks(source, target, whole))


def test_a_mark_follows_the_links():
    source = Segment("我喜欢红色的花", (Mark(3, 5, "<b>", "</b>"),))
    links = [((0, 1), (0, 1)), ((1, 3), (2, 6)), ((3, 5), (7, 10)), ((6, 7), (11, 18))]
    assert moved(source, "I like red flowers.", links) == "I like <b>red</b> flowers."
    assert moved(source, "Flowers red I like.", [((3, 5), (8, 11)), ((6, 7), (0, 7))]) == "Flowers <b>red</b> I like."


def test_one_wrong_link_does_not_stretch_a_mark():
    source = Segment("我喜欢红色的花", (Mark(3, 5, "<b>", "</b>"),))
    links = [((3, 5), (0, 1)), ((1, 3), (2, 6)), ((1, 3), (7, 10)), ((3, 5), (11, 14)), ((6, 7), (15, 22))]
    assert moved(source, "I like the red flowers.", links) == "I like the <b>red</b> flowers."


def test_a_mark_over_everything_stays_over_everything():
    source = Segment("你好。", (Mark(0, 3, "<b>", "</b>"),))
    assert moved(source, "Hello.", []) == "<b>Hello.</b>"


def test_a_name_is_found_by_itself():
    source = Segment("请打开iPhone设置", (Mark(3, 9, "[", "](x)"),))
    assert moved(source, "Please open the iPhone settings", []) == "Please open the [iPhone](x) settings"


def test_an_end_that_lies_outside_stays_at_the_edge():
    source = Segment("红色的花很好看", (Mark(0, 2, "", "</b>"), Mark(5, 7, "<i>", "")))
    assert moved(source, "Red flowers look nice", [((0, 2), (0, 3)), ((5, 7), (17, 21))]) == (
        "Red</b> flowers look <i>nice"
    )
