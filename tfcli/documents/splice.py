"""A document as the text of its file with slots in it: what no segment stands for stays as it is, to the byte."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tfcli.documents.encoding import Decoded
from tfcli.documents.segment import Segment, walk


@dataclass(frozen=True, slots=True)
class Slot:
    """text[start:end] of a file. write: a segment as it stands in the file; used where the segment has changed."""

    start: int
    end: int
    segment: Segment
    write: Callable[[Segment], str]


class Spliced:
    """A document whose slots follow each other without overlap. Unchanged segments keep their own spelling, so a
    document that is not translated is the same document."""

    def __init__(self, decoded: Decoded, slots: Sequence[Slot]):
        self._decoded = decoded
        self._slots = sorted(slots, key=lambda slot: slot.start)
        for one, next_one in pairwise(self._slots):
            assert one.end <= next_one.start
        self.segments = [slot.segment for slot in self._slots]

    def render(self, segments: Sequence[Segment]) -> bytes:
        """The file with these segments in the place of its own, one for each, in order."""
        text, at, parts = self._decoded.text, 0, []
        for slot, segment in zip(self._slots, segments, strict=True):
            unchanged = segment == slot.segment
            parts += [text[at : slot.start], text[slot.start : slot.end] if unchanged else slot.write(segment)]
            at = slot.end
        return self._decoded.encode("".join([*parts, text[at:]]))


def write_escaped(escape: Callable[[str], str]) -> Callable[[Segment], str]:
    """A writer that escapes the text and leaves the marks."""

    def write(segment: Segment) -> str:
        return "".join(escape(text) if kind == "text" else text for kind, text, _ in walk(segment))

    return write
