"""What a paragraph of a Word document holds, from left to right."""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from lxml import etree

_HOLDERS = {"hyperlink", "ins", "moveTo", "smartTag", "sdt", "sdtContent", "fldSimple", "customXml", "dir", "bdo"}
_DROPPED = {"proofErr", "lastRenderedPageBreak", "softHyphen"}
_PARTING = {"tab", "br", "cr", "ptab"}
PROPERTIES = {"sdtPr", "sdtEndPr", "smartTagPr", "customXmlPr"}
_OWN_LANGUAGE = {"lang", "noProof"}
_FIELD_LINK = re.compile(r"\s*HYPERLINK\b")

Kind = Literal["text", "open", "close", "keep", "part"]


@dataclass(frozen=True, slots=True)
class Item:
    """text, format: of a stretch of text. element: what is kept, or holds other items; run: the run it stood in."""

    kind: Kind
    text: str = ""
    format: etree._Element | None = None
    element: etree._Element | None = None
    run: etree._Element | None = None


def local_name(element: etree._Element) -> str:
    """The name of an element without its namespace; empty for a comment."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def read_items(paragraph: etree._Element) -> list[Item]:
    return _join_fields([item for child in paragraph for item in _child_items(child)])


def _child_items(element: etree._Element) -> Iterator[Item]:
    name = local_name(element)
    if name == "r":
        yield from _run_items(element)
    elif name in _HOLDERS:
        yield Item("open", element=element)
        for child in element:
            if local_name(child) not in PROPERTIES:
                yield from _child_items(child)
        yield Item("close")
    elif name not in _DROPPED and name != "pPr":
        yield Item("keep", element=element)


def _run_items(run: etree._Element) -> Iterator[Item]:
    """The parts of a run, each of which can stand in a run of its own."""
    format = next((_without_language(child) for child in run if local_name(child) == "rPr"), None)
    for child in run:
        name = local_name(child)
        if name == "t" or name == "noBreakHyphen":
            yield Item("text", child.text or "" if name == "t" else "\u2011", format, child, run)
        elif name != "rPr" and name not in _DROPPED:
            yield Item("part" if name in _PARTING else "keep", element=child, run=run)


def _join_fields(items: list[Item]) -> list[Item]:
    """A computed field, such as a page number, is kept with its text; that of a link written as a field is text."""
    joined: list[Item] = []
    depth, inside = 0, False
    for i, item in enumerate(items):
        kind = _field_kind(item)
        if kind == "begin":
            depth += 1
            inside = inside or (depth == 1 and _is_computed(items[i:]))
        joined.append(replace(item, kind="keep", text="") if inside and item.kind == "text" else item)
        if kind == "end":
            depth = max(depth - 1, 0)
            inside = inside and depth > 0
    return joined


def _is_computed(items: list[Item]) -> bool:
    """Whether the field that begins here ends in this paragraph and is no link."""
    depth, code = 0, ""
    for item in items:
        kind = _field_kind(item)
        depth += (kind == "begin") - (kind == "end")
        if depth == 1 and item.element is not None and local_name(item.element) == "instrText":
            code += item.element.text or ""
        if depth == 0:
            return not _FIELD_LINK.match(code)
    return False


def _field_kind(item: Item) -> str:
    if item.element is None or local_name(item.element) != "fldChar":
        return ""
    return item.element.get(f"{{{etree.QName(item.element).namespace}}}fldCharType", "")


def emptied(element: etree._Element, kept: set[str]) -> etree._Element:
    """A copy of an element without what it holds, but for what says how."""
    emptied = etree.Element(element.tag, element.attrib, nsmap=element.nsmap)
    for child in element:
        if local_name(child) in kept:
            emptied.append(copy.deepcopy(child))
    return emptied


def _without_language(format: etree._Element) -> etree._Element:
    """A format without what only says in which language the text was."""
    cleaned = copy.deepcopy(format)
    cleaned.tail = None
    for child in list(cleaned):
        name = local_name(child)
        if name == "rFonts":
            child.attrib.pop(f"{{{etree.QName(child).namespace}}}hint", None)
        if name in _OWN_LANGUAGE or (name == "rFonts" and not child.attrib):
            cleaned.remove(child)
    return cleaned
