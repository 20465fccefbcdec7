"""Segments from a document as its reader goes through it: text and marks in, well-nested marks out."""

from dataclasses import dataclass, field, replace

from tfcli.documents.segment import ATOM, Mark, Segment, atom


@dataclass(slots=True)
class _Opened:
    name: str
    place: int  # in the list of marks
    start: int


@dataclass(slots=True)
class Collector:
    """Takes the parts of a segment in the order of the document, and makes the segment of them.

    Whatever a document does (ends that match no beginning, beginnings that never end, spans that cross), the marks of
    the segment are nested, and writing them in order gives what was put in.
    """

    _text: list[str] = field(default_factory=list)
    _length: int = 0
    _marks: list[Mark] = field(default_factory=list)
    _opened: list[_Opened] = field(default_factory=list)
    _atoms: int = 0

    def add_text(self, text: str) -> None:
        """Text for the model. A character of it that would be taken for an atom becomes one that stands for itself."""
        at = 0
        for match in ATOM.finditer(text):
            self._append(text[at : match.start()])
            self.add_atom(match[0])
            at = match.end()
        self._append(text[at:])

    def add_atom(self, written: str) -> None:
        """Something that takes part in the sentence, but is not to be translated."""
        self._marks.append(Mark(self._length, self._length + 1, written, is_atom=True))
        self._append(atom(self._atoms))
        self._atoms += 1

    def add_point(self, written: str) -> None:
        """Something that stands between two characters."""
        self._marks.append(Mark(self._length, self._length, written))

    def open(self, name: str, written: str) -> None:
        """A span begins; it ends where one of this name is closed."""
        self._opened.append(_Opened(name, len(self._marks), self._length))
        self._marks.append(Mark(self._length, self._length, written))

    def close(self, name: str, written: str) -> None:
        """The last open span of this name ends, if there is one."""
        depth = next((i for i in reversed(range(len(self._opened))) if self._opened[i].name == name), None)
        if depth is None:
            # It may close what began before the segment, if that can hold all that came so far.
            if self._opened or not self._length:
                self.add_point(written)
            else:
                self._marks.insert(0, Mark(0, self._length, "", written))
            return
        opened = self._opened[depth]
        del self._opened[depth:]  # what was left open inside stays a point
        mark = self._marks[opened.place]
        if opened.start < self._length:
            self._marks[opened.place] = replace(mark, end=self._length, after=written)
        else:  # nothing in it: one point with all there is
            inside = self._marks[opened.place :]
            self._marks[opened.place :] = [
                replace(mark, before="".join(point.before + point.after for point in inside) + written)
            ]

    def finish(self) -> Segment:
        """The segment; the collector is empty again."""
        for opened in self._opened:
            if opened.start < self._length:
                self._marks[opened.place] = replace(self._marks[opened.place], end=self._length)
        segment = Segment("".join(self._text), tuple(self._marks))
        self.__init__()
        return segment

    def _append(self, text: str) -> None:
        if text:
            self._text.append(text)
            self._length += len(text)
