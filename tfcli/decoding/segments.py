"""A text on its way through a translator: its segments, what the model reads of each, and what they become together."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tfcli.decoding.hypothesis import Hypothesis
from tfcli.decoding.translation import Flag
from tfcli.text.glossary import Found
from tfcli.text.languages import Language
from tfcli.text.lines import one_line
from tfcli.text.protect import Marked, Protected, keeps_tags
from tfcli.text.verify import Losses

_CLOSING = "，。！？；：、,.!?;:%)]}」』）》〉】〕］｝”’…"
_OPENING = "([{「『（《〈【〔［｛“‘"
_PUNCTUATION = re.compile(r"(\A[\s，。！？；：、,.!?;:]+|[\s，。！？；：、,.!?;:]+\Z)")
_NARROW = str.maketrans("，。！？；：、（）", ",.!?;:,()")


@dataclass(slots=True)
class Reading:
    """What the model reads at once, and its answer. ids: of protected.text. replaced: what is behind placeholders
    beside the protected spans. unknown_tokens: so many of the ids. is_cut: the text was longer than what the model
    reads. prefixed: the answer begins with the forced prefix. masked: the answer, with sentinels. others: further
    hypotheses and answers, if they were asked for, the best first."""

    protected: Protected
    ids: list[int]
    replaced: tuple[Found, ...] = ()
    unknown_tokens: int = 0
    is_cut: bool = False
    prefixed: bool = False
    hypothesis: Hypothesis | None = None
    masked: str = ""
    others: list[tuple[Hypothesis, str]] = field(default_factory=list)

    def answer(self) -> tuple[str, bool]:
        """The answer with its spans put back, and whether every span was there once."""
        return self.protected.restore(self.masked)


@dataclass(slots=True)
class Segment:
    """One sentence, or as much of it as a model reads at once, with a mark for each protected span.

    before, core, after: spans that say nothing about the sentence, the sentence, and such spans again. is_hard: it was
    cut inside a word. reading: None if there is nothing to translate in it. parts: text between marks with its reading,
    and marks without, once it was translated around its spans. losses: what is missing in the answer even so.
    """

    before: str
    core: str
    after: str
    is_hard: bool = False
    reading: Reading | None = None
    parts: list[tuple[str, Reading | None]] = field(default_factory=list)
    losses: Losses = field(default_factory=Losses)

    @property
    def readings(self) -> list[Reading]:
        """What the model read for what became of this segment."""
        if self.parts:
            return [reading for _, reading in self.parts if reading]
        return [self.reading] if self.reading else []


@dataclass(slots=True)
class Job:
    """A text on its way. source: as it came in. marked: with a mark for each protected span."""

    source: str
    marked: Marked
    segments: list[Segment]
    flags: set[Flag]

    @property
    def readings(self) -> list[Reading]:
        return [reading for segment in self.segments for reading in segment.readings]


def keeps_spans(marked: Marked, segment: Segment, reading: Reading) -> bool:
    """Whether every protected span of a segment came out once, also those in plain sight, and tags in their order."""
    answer, is_complete = reading.answer()
    spans = marked.spans_of(segment.core)
    wanted = {span.text for span in spans if span.kind}
    counted = all(answer.count(text) == marked.plain(segment.core).count(text) for text in wanted)
    return is_complete and counted and keeps_tags(spans, answer)


def join(job: Job, source: Language, target: Language) -> str:
    """What became of a text: its segments, spaced as the target language is."""
    texts = [_write(job.marked, segment, source, target) for segment in job.segments]
    if not job.readings:
        return one_line("".join(texts))
    return target.join(text.strip() for text in map(one_line, texts))


def _write(marked: Marked, segment: Segment, source: Language, target: Language) -> str:
    if not segment.readings:
        return marked.plain(segment.before + segment.core + segment.after)
    if segment.parts:
        pieces = list(_around(marked, segment.parts, target))
    else:
        pieces = [(segment.core, segment.reading.answer()[0].strip())]
    pieces = [*_edge(marked, segment.before), *pieces, *_edge(marked, segment.after)]
    is_looser = target.spaced and not source.spaced
    text = ""
    for (left, _), (right, written) in zip([("", ""), *pieces], pieces, strict=False):
        text += _space(marked, left, right, text, written, is_looser) + written
    return text


def _edge(marked: Marked, edge: str) -> Iterator[tuple[str, str]]:
    """Parts of a text with what is written for them."""
    for part in marked.around(edge):
        yield part, marked.plain(part) if marked.is_mark(part) else ""


def _around(marked: Marked, parts: Sequence[tuple[str, Reading | None]], target: Language) -> Iterator[tuple[str, str]]:
    for part, reading in parts:
        if reading:  # a part of a sentence is none by itself
            yield part, reading.answer()[0].strip().rstrip(".。")
        else:
            plain = marked.plain(part).strip()
            yield part, plain.translate(_NARROW) if target.spaced and not marked.is_mark(part) else plain


def _space(marked: Marked, left: str, right: str, before: str, after: str, is_looser: bool) -> str:
    """What is written between two parts: a space where the source has one, and, where only the target has spaces
    between words, around spans, but for punctuation, the inside of tags and tags that have none."""
    if not before or not after or before[-1].isspace() or after[0].isspace():
        return ""
    if left[-1:].isspace() or right[:1].isspace():
        return " "
    if not is_looser or before[-1] in _OPENING or (after[0] in _CLOSING and not marked.is_mark(right)):
        return ""
    lefts, rights = marked.spans_of(left), marked.spans_of(right)
    if not any(span.kind == "tag" for span in (*lefts, *rights)):
        return " "
    begins = any(span.is_opening for span in rights) and not any(span.is_opening for span in lefts)
    ends = any(span.is_closing for span in lefts) and not any(span.kind == "tag" for span in rights)
    return " " if begins or ends else ""


def split_around(marked: Marked, segment: Segment, read: Callable[[str], Reading | None]) -> None:
    """Lets a segment be translated around its spans, which then cannot get lost."""
    pieces = [piece for part in marked.around(segment.core) for piece in _PUNCTUATION.split(part) if piece]
    segment.parts = [(piece, None if marked.is_mark(piece) else read(piece)) for piece in pieces]
    if segment.reading.prefixed and segment.readings:
        segment.readings[0].prefixed = True
