"""Segments translated: what has no marks in it as a whole, the rest sentence by sentence, its marks moved."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tfcli.documents.atoms import from_placeholders, to_placeholders
from tfcli.documents.linking import WordLinks, place_links
from tfcli.documents.moving import Aligned, move_marks
from tfcli.documents.segment import Mark, Segment, Span, has_text
from tfcli.documents.words import joint, trim
from tfcli.text.split import split

_MARKS = re.compile("[。｡！？；：….!?;:]")
_ABBREVIATION = re.compile(r"\b(?:etc|inc|ltd|co|corp|jr|sr|st|vs|no)\.\Z", re.I)

Translate = Callable[[Sequence[str]], Sequence[str]]
"""Texts to their translations, one for each."""

Align = Callable[[str, str], WordLinks]
"""A sentence and its translation, both as the model has them, to the links between their words."""


@dataclass(slots=True)
class _Sentence:
    """source[start:end] of a segment. asked: as it goes to the model, empty if there is nothing to translate."""

    span: Span
    asked: str
    answer: str = ""


@dataclass(slots=True)
class _Job:
    segment: Segment
    sentences: list[_Sentence] = field(default_factory=list)


def translate_segments(segments: Sequence[Segment], translate: Translate, align: Align) -> list[Segment]:
    """The translations of segments, with their marks, in order.

    A sentence comes back as it is if its translation is blank. Links are asked for only where a mark begins, ends or
    stands inside of a sentence.
    """
    jobs = [_prepare(segment) for segment in segments]
    asked = [sentence for job in jobs for sentence in job.sentences if sentence.asked]
    for sentence, answer in zip(asked, translate([sentence.asked for sentence in asked]), strict=True):
        sentence.answer = without_new_stop(sentence.asked, answer.strip())
    return [_finish(job, align) for job in jobs]


def without_new_stop(source: str, answer: str) -> str:
    """A translation without the full stop that its source does not have: headings, cells and menus have none, and a
    model adds one to whatever it takes for a sentence."""
    is_new = answer[-1:] in (".", "。") and answer.count(answer[-1]) == 1 and not _MARKS.search(source)
    return answer[:-1] if is_new and not _ABBREVIATION.search(answer) else answer


def _prepare(segment: Segment) -> _Job:
    return _Job(segment, [_sentence(segment.text, span) for span in _find_sentences(segment)])


def _find_sentences(segment: Segment) -> Iterator[Span]:
    """Where the sentences are, without white space around them. A text without marks is one: it may be split better by
    who translates it."""
    text = segment.text
    whole = trim(text, (0, len(text)))
    if not any(_is_inside(mark, whole) for mark in segment.marks):
        if whole[0] < whole[1]:
            yield whole
        return
    at = 0
    for part in split(text):
        start, end = trim(text, (at, at + len(part)))
        at += len(part)
        if start < end:
            yield start, end


def _sentence(text: str, span: Span) -> _Sentence:
    words = text[slice(*span)]
    return _Sentence(span, to_placeholders(words) if has_text(words) else "", words)


def _is_inside(mark: Mark, span: Span) -> bool:
    """Whether a mark needs to know what became of the words of a sentence."""
    start, end = span
    if mark.is_atom:
        return start <= mark.start < end
    return start < mark.start < end or start < mark.end < end


def _finish(job: _Job, align: Align) -> Segment:
    source = job.segment.text
    if not job.sentences:
        return job.segment
    target, end, was_kept = source[: job.sentences[0].span[0]], job.sentences[0].span[0], True
    aligned: list[Aligned] = []
    for sentence in job.sentences:
        words = source[slice(*sentence.span)]
        answer = from_placeholders(words, sentence.answer) if sentence.asked and sentence.answer else words
        between = source[end : sentence.span[0]]
        target += between if was_kept and answer == words else joint(target, answer)
        place = len(target), len(target) + len(answer)
        target += answer
        end, was_kept = sentence.span[1], answer == words
        links = ()
        if answer != words and any(_cuts(mark, sentence.span) for mark in job.segment.marks):
            links = place_links(align(sentence.asked, sentence.answer), words, answer)
        moved = [
            ((a + sentence.span[0], b + sentence.span[0]), (c + place[0], d + place[0])) for (a, b), (c, d) in links
        ]
        aligned.append(Aligned(sentence.span, place, tuple(moved)))
    target += source[job.sentences[-1].span[1] :]
    if target == source:
        return job.segment
    return move_marks(job.segment, target, aligned)


def _cuts(mark: Mark, span: Span) -> bool:
    return not mark.is_atom and _is_inside(mark, span)
