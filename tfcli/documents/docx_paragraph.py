"""A paragraph of a Word document as segments with marks, and back.

Its content is a row of items: stretches of text in some format, the beginnings and ends of what holds runs (links,
insertions, content controls), and everything else, which is kept as it is. Tabs and line breaks part two segments.
"""

import copy
import re
from collections import Counter
from collections.abc import Sequence

from lxml import etree

from tfcli.documents.collecting import Collector
from tfcli.documents.docx_items import PROPERTIES, Item, emptied, local_name, read_items
from tfcli.documents.segment import Segment, has_text, walk

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_KEY = re.compile(r"<(/?)([fhk])(\d*)>")


def find_paragraphs(root: etree._Element) -> list["Paragraph"]:
    """The paragraphs with something to translate, in the order of the document."""
    found = (Paragraph(element) for element in root.iter(f"{{{_W}}}p", f"{{{_STRICT}}}p"))
    return [paragraph for paragraph in found if paragraph.segments]


class Paragraph:
    """A w:p element; segments: what to translate in it."""

    def __init__(self, element: etree._Element):
        self._element = element
        self._namespace = etree.QName(element).namespace
        self._kept: list[Item] = []
        self._formats: list[etree._Element | None] = []
        self._format_keys: dict[bytes, int] = {}
        self._rows: list[tuple[list[Item], int | None, int]] = []  # items, place in segments, format of most of it
        self.segments: list[Segment] = []
        row: list[Item] = []
        for item in [*read_items(element), Item("part")]:
            row.append(item)
            if item.kind == "part":
                self._add(row)
                row = []

    def _add(self, row: list[Item]) -> None:
        if not has_text("".join(item.text for item in row)):
            self._rows.append((row, None, 0))
            return
        *inside, part = row
        lengths = Counter()
        for item in inside:
            lengths[self._format_key(item.format)] += len(item.text)
        base = lengths.most_common(1)[0][0]
        self._rows.append((inside, len(self.segments), base))
        self.segments.append(self._collect(inside, base))
        self._rows.append(([part], None, 0))

    def _collect(self, items: Sequence[Item], base: int) -> Segment:
        collector, current = Collector(), base
        for item in items:
            wanted = self._format_key(item.format) if item.kind == "text" else base
            # A format goes on over what is only kept, but not over the edge of a link.
            if current != base and wanted != current and item.kind != "keep":
                collector.close("format", "</f>")
                current = base
            if item.kind == "text":
                if wanted != current:
                    collector.open("format", f"<f{wanted}>")
                    current = wanted
                collector.add_text(item.text)
            elif item.kind == "open":
                collector.open("holder", f"<h{self._keep(item)}>")
            elif item.kind == "close":
                collector.close("holder", "</h>")
            else:
                collector.add_point(f"<k{self._keep(item)}>")
        if current != base:
            collector.close("format", "</f>")
        return collector.finish()

    def _keep(self, item: Item) -> int:
        self._kept.append(item)
        return len(self._kept) - 1

    def _format_key(self, format: etree._Element | None) -> int:
        spelled = b"" if format is None else etree.tostring(format, method="c14n", with_tail=False)
        if spelled not in self._format_keys:
            self._format_keys[spelled] = len(self._formats)
            self._formats.append(format)
        return self._format_keys[spelled]

    def rebuild(self, segments: Sequence[Segment]) -> None:
        """Gives the paragraph these segments, one for each of its own, in the place of those; once."""
        for child in list(self._element):
            if local_name(child) != "pPr":
                self._element.remove(child)
        self._within = [self._element]
        for items, place, base in self._rows:
            if place is None:
                for item in items:
                    self._put(item)
            else:
                self._put_segment(segments[place], base)

    def _put(self, item: Item) -> None:
        match item.kind:
            case "text":
                self._put_text(item.text, item.format)
            case "close":
                if len(self._within) > 1:
                    self._within.pop()
            case "open":
                holder = emptied(item.element, PROPERTIES)
                self._within[-1].append(holder)
                self._within.append(holder)
            case _ if item.run is not None:
                run = emptied(item.run, {"rPr"})
                run.append(item.element)
                self._within[-1].append(run)
            case _ if item.element is not None:
                item.element.tail = None
                self._within[-1].append(item.element)

    def _put_segment(self, segment: Segment, base: int) -> None:
        formats = [base]
        for kind, text, _ in walk(segment):
            if kind in ("text", "atom"):  # an atom is a character of the text that looks like one
                self._put_text(text, self._formats[formats[-1]])
                continue
            for closing, what, number in _KEY.findall(text):
                if what == "f" and closing:
                    formats.pop()
                elif what == "f":
                    formats.append(int(number))
                else:
                    self._put(Item("close") if closing else self._kept[int(number)])

    def _put_text(self, text: str, format: etree._Element | None) -> None:
        run = etree.SubElement(self._within[-1], f"{{{self._namespace}}}r")
        if format is not None:
            run.append(copy.deepcopy(format))
        words = etree.SubElement(run, f"{{{self._namespace}}}t")
        words.text = _NOT_XML.sub("\ufffd", text)
        words.set(_SPACE, "preserve")
