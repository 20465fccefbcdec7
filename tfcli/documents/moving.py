"""Marks of a text moved to its translation, by links between the words of both.

A mark goes to the stretch of the translation that has most of the words linked to it and fewest of the others (the
segment of greatest sum), so that one wrong link does not draw it over half a sentence. No mark is ever lost or made up,
spans stay nested as they were, and every atom stands there once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tfcli.documents.segment import ATOM, Mark, Segment, Span
from tfcli.documents.words import find_words, is_punctuation, scale, trim, widen

Link = tuple[Span, Span]
"""Characters of the source, characters of the translation."""

_OTHER = -0.9
"""What a word costs that is not linked to the mark: one of them between two that are does not part them."""
_ATOM_WEIGHT = 3.0


@dataclass(frozen=True, slots=True)
class Aligned:
    """A sentence of the source, its translation, and the links between their words; all counted in the whole texts.
    Without links the marks inside go to where they stand in the source, in proportion."""

    source: Span
    target: Span
    links: Sequence[Link] = ()


Unit = tuple[Span, float]
"""A stretch of the translation, and how much it belongs to a mark (over 0) or does not (below)."""


def move_marks(source: Segment, target: str, sentences: Sequence[Aligned]) -> Segment:
    """The translation with the marks of the source. target: with the atoms of the source, each once (see atoms.py).
    Raises ValueError if it has others."""
    if sorted(ATOM.findall(source.text)) != sorted(ATOM.findall(target)):
        raise ValueError("the translation has other atoms than the source")
    mover = _Mover(source, target, sentences)
    mover.place_inside(None, (0, len(target)))
    mover.place_points()
    order = {id(mark): place for place, mark in enumerate(source.marks)}
    marks = sorted(mover.placed.items(), key=lambda item: (item[1].start, item[0]))
    assert len(marks) == len(order)
    return Segment(target, tuple(mark for _, mark in marks))


class _Mover:
    """Marks by their place in the source, and where they have been put."""

    def __init__(self, source: Segment, target: str, sentences: Sequence[Aligned]):
        self.source, self.target, self.sentences = source, target, sentences
        self.placed: dict[int, Mark] = {}
        self._windows: dict[int | None, Span] = {None: (0, len(target))}
        self._parents = _find_parents(source)
        self._words = find_words(target)
        for place, mark in enumerate(source.marks):
            if mark.is_atom:
                at = target.index(source.text[mark.start])
                self.placed[place] = replace(mark, start=at, end=at + 1)

    def place_inside(self, parent: int | None, window: Span) -> None:
        """The spans directly inside `parent`, whose own place is `window`, and those inside them."""
        marks = self.source.marks
        children = [i for i, mark in enumerate(marks) if _is_span(mark) and self._parents[i] == parent]
        # Those that stay at an edge come first, then the longest.
        children.sort(key=lambda i: (bool(marks[i].before and marks[i].after), marks[i].start - marks[i].end))
        taken: list[Span] = []
        for i in children:
            span = self._choose(marks[i], parent, window, _gaps(window, taken))
            taken.append(span)
            self._windows[i] = span
            self.placed[i] = replace(marks[i], start=span[0], end=span[1])
            self.place_inside(i, span)

    def _choose(self, mark: Mark, parent: int | None, window: Span, gaps: list[Span]) -> Span:
        inside, text = (mark.start, mark.end), self.source.text
        around = self.source.marks[parent] if parent is not None else Mark(0, len(text), "")
        if trim(text, inside) == trim(text, (around.start, around.end)) and gaps == [window]:
            return window if parent is not None else _pin(mark, trim(self.target, window), window)
        span = (
            self._verbatim(mark, gaps)
            or _best(self._units(inside), gaps, self._middle(inside))
            or self._in_proportion(inside, gaps)
        )
        gap = next(gap for gap in gaps if gap[0] <= span[0] and span[1] <= gap[1])
        span = trim(self.target, widen(self.target, span, gap))
        return _pin(mark, self._without_end_marks(mark, span), window)

    def _verbatim(self, mark: Mark, gaps: list[Span]) -> Span | None:
        """Where the very text of a mark stands in the translation, if it does once: a name, a number, an atom."""
        wanted = self.source.text[mark.start : mark.end].strip()
        if not wanted or self.target.count(wanted) != 1 or self.source.text.count(wanted) != 1:
            return None
        start = self.target.index(wanted)
        span = start, start + len(wanted)
        return span if any(gap[0] <= start and span[1] <= gap[1] for gap in gaps) else None

    def _units(self, inside: Span) -> list[Unit]:
        units: list[Unit] = []
        for sentence in self.sentences:
            covered = trim(self.source.text, sentence.source)
            common = _overlap(covered, inside)
            if common in (0, covered[1] - covered[0]):
                units.append((sentence.target, 1.0 if common else _OTHER))
                continue
            atoms = [at for at in range(*sentence.target) if ATOM.match(self.target[at])]
            for at in atoms:
                is_inside = inside[0] <= self.source.text.index(self.target[at]) < inside[1]
                units.append(((at, at + 1), _ATOM_WEIGHT if is_inside else -_ATOM_WEIGHT))
            for source, target in sentence.links:
                share = _overlap(source, inside) / max(source[1] - source[0], 1)
                units.append((target, 1.0 if share >= 0.5 else _OTHER))
            if not sentence.links:
                units.extend(self._spread(sentence, inside))
        return sorted(units)

    def _spread(self, sentence: Aligned, inside: Span) -> list[Unit]:
        """The words of a sentence without links, which belong to a mark if they stand where it does, in proportion."""
        start, end = (scale(place, sentence.source, sentence.target) for place in inside)
        words = [word for word in self._words if sentence.target[0] <= word[0] and word[1] <= sentence.target[1]]
        return [(word, 1.0 if start <= (word[0] + word[1]) / 2 < end else _OTHER) for word in words]

    def _in_proportion(self, inside: Span, gaps: list[Span]) -> Span:
        """The nearest word to where a mark would be if both texts were alike; nothing at all where none is left."""
        middle = self._middle(inside)
        free = [word for word in self._words if any(gap[0] <= word[0] and word[1] <= gap[1] for gap in gaps)]
        if free:
            return min(free, key=lambda word: abs((word[0] + word[1]) / 2 - middle))
        nearest = min(gaps, key=lambda gap: abs((gap[0] + gap[1]) / 2 - middle))
        return nearest[1], nearest[1]

    def _middle(self, inside: Span) -> float:
        return scale((inside[0] + inside[1]) / 2, (0, len(self.source.text)), (0, len(self.target)))

    def _without_end_marks(self, mark: Mark, span: Span) -> Span:
        """The span without the full stop after it, if the mark in the source had none either."""
        start, end = span
        source = self.source.text[mark.start : mark.end].rstrip()
        if source and not is_punctuation(source[-1]):
            while end - start > 1 and self.target[end - 1] in ".,;:!?。，；：！？、":
                end -= 1
        return trim(self.target, (start, end))

    def place_points(self) -> None:
        """Points follow the word they followed, or stand before the word they stood before, in the order they had."""
        least: dict[int | None, int] = {}
        for i, mark in enumerate(self.source.marks):
            if not mark.is_point:
                continue
            parent = self._parents[i]
            window = self._windows[parent]
            at = min(max(self._find_point(mark.start), window[0], least.get(parent, 0)), window[1])
            for j, other in self.placed.items():  # not inside a span that it was not in
                if _is_span(self.source.marks[j]) and self._parents[j] == parent and other.start < at < other.end:
                    at = other.end
            least[parent] = at
            self.placed[i] = replace(mark, start=at, end=at)

    def _find_point(self, at: int) -> int:
        text = self.source.text
        if not text[:at].strip():
            return 0
        if not text[at:].strip():
            return len(self.target)
        for sentence in self.sentences:
            if at == trim(text, sentence.source)[1]:
                return trim(self.target, sentence.target)[1]
            if sentence.source[0] <= at < sentence.source[1]:
                behind = [link for link in sentence.links if link[0][1] <= at]
                if behind:
                    return widen(self.target, max(behind)[1], sentence.target)[1]
                ahead = [link for link in sentence.links if link[0][0] >= at]
                if ahead:
                    return widen(self.target, min(ahead)[1], sentence.target)[0]
                return self._nearest_edge(scale(at, sentence.source, sentence.target))
        return self._nearest_edge(scale(at, (0, len(text)), (0, len(self.target))))

    def _nearest_edge(self, at: float) -> int:
        edges = [edge for word in self._words for edge in word]
        return min(edges, key=lambda edge: abs(edge - at), default=0)


def _find_parents(segment: Segment) -> list[int | None]:
    """The innermost span around each mark, by its place; None for the segment itself."""
    parents: list[int | None] = []
    for i, mark in enumerate(segment.marks):
        around = [
            j
            for j, other in enumerate(segment.marks[:i])
            if _is_span(other)
            and other.start <= mark.start
            and mark.end <= other.end
            # At the very end of a span a point stands behind it.
            and not (mark.is_point and mark.start == other.end and other.after)
        ]
        parents.append(around[-1] if around else None)
    return parents


def _is_span(mark: Mark) -> bool:
    return not mark.is_atom and not mark.is_point


def _gaps(window: Span, taken: list[Span]) -> list[Span]:
    """What is left of a window, from left to right; at least an empty stretch at its end."""
    gaps, at = [], window[0]
    for start, end in sorted(taken):
        gaps.append((at, start))
        at = max(at, end)
    gaps.append((at, window[1]))
    return [gap for gap in gaps if gap[0] < gap[1]] or [(at, window[1])]


def _best(units: Sequence[Unit], gaps: Sequence[Span], middle: float) -> Span | None:
    """The stretch of greatest sum inside one gap, of equals the one nearest to `middle`; None if none is over 0."""
    best, found = (0.0, 0.0), None
    for low, high in gaps:
        total, start = 0.0, low
        for (left, right), weight in units:
            left, right = max(left, low), min(right, high)
            if left >= right:
                continue
            if total <= 0:
                total, start = 0.0, left
            total += weight
            if total > 0 and (total, -abs((start + right) / 2 - middle)) > best:
                best, found = (total, -abs((start + right) / 2 - middle)), (start, right)
    return found


def _pin(mark: Mark, span: Span, window: Span) -> Span:
    return (span[0] if mark.before else window[0], span[1] if mark.after else window[1])


def _overlap(one: Span, other: Span) -> int:
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))
