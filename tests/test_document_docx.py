"""Word documents: runs that were split come together, and everything that is no text is where it was."""

import io
import re
import zipfile
from dataclasses import replace

import pytest
from lxml import etree
from made_docx import BODY, FILES, W, archive, document, run

from tfcli.documents import open_document
from tfcli.documents.reading import Reading
from tfcli.errors import DataError


def opened(data: bytes):
    return open_document("docx", data, Reading("x.docx"))


def files(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as made:
        return {name: made.read(name) for name in made.namelist()}


def counted(data: bytes) -> dict[str, int]:
    """How often each element is in a part that is neither a run nor its text."""
    tags = [re.sub(r"\{.*\}", "", element.tag) for element in etree.fromstring(data).iter()]
    return {
        tag: tags.count(tag)
        for tag in sorted({*tags} - {"r", "t", "rPr", "lang", "rFonts", "proofErr", "b", "i", "color"})
    }


def test_a_document_that_is_not_translated_is_the_same_to_the_byte():
    data = archive(FILES)
    document = opened(data)
    assert document.render(document.segments) == data
    document.render([replace(segment, text=segment.text + "X") for segment in document.segments])
    assert document.render(document.segments) == data


def test_text_is_found_wherever_it_stands():
    texts = [segment.text for segment in opened(archive(FILES)).segments]
    assert texts == [
        *["标题", "我喜欢你，看这里。插入的字", "左", "右", "下一行", "第页", "框外的字", "框中的字", "格子", "控件"],
        *["脚注", "页眉"],
    ]


def test_looks_and_links_are_marks_and_the_rest_points():
    segment = opened(archive(FILES)).segments[1]
    assert {segment.text[mark.start : mark.end] for mark in segment.spans} == {
        "喜欢",
        "看这里",
        "看",
        "这里",
        "插入的字",
    }
    assert len(segment.points) == 4  # two ends of a bookmark, a footnote, a deletion


def test_a_translation_is_read_again_as_it_was_written():
    document = opened(archive(FILES))
    changed = [replace(segment, text=segment.text + " & <w:t> \x00 “X”") for segment in document.segments]
    written = document.render(changed)
    again = opened(written)
    assert [segment.text for segment in again.segments] == [
        segment.text.replace("\x00", "\ufffd") for segment in changed
    ]
    for one, other in zip(again.segments, changed, strict=True):
        assert [(mark.start, mark.end) for mark in one.marks] == [(mark.start, mark.end) for mark in other.marks]
    assert document.render(changed) == written


def test_whatever_is_no_text_stays():
    data = archive(FILES)
    document = opened(data)
    before, after = (
        files(data),
        files(
            document.render(
                [replace(s, text="new", marks=s.marks and ()) for s in document.segments[:1]] + document.segments[1:]
            )
        ),
    )
    assert list(before) == list(after)
    assert {name for name in before if before[name] != after[name]} == {"word/document.xml"}
    changed = files(document.render([replace(s, text=s.text + "X") for s in document.segments]))
    assert counted(changed["word/document.xml"]) == counted(before["word/document.xml"])
    assert "三".encode() in changed["word/document.xml"]  # what Word computes


def test_a_look_in_the_middle_of_a_word_survives_and_no_empty_run_is_written():
    data = archive(FILES | {"word/document.xml": document(f"<w:p>{run('红', '<w:b/>')}{run('色的花')}</w:p>")})
    made = opened(data)
    (mark,) = made.segments[0].spans
    moved = replace(made.segments[0], text="red flowers", marks=(replace(mark, start=0, end=3),))
    xml = files(made.render([moved, *made.segments[1:]]))["word/document.xml"].decode()
    runs = re.findall(r"<w:r>(.*?)</w:r>", xml)
    assert [("<w:b/>" in look, re.sub("<.*?>", "", look)) for look in runs] == [(True, "red"), (False, " flowers")]


BOMB = b"<w:p/>" * 2**24
HOSTILE = {
    "no zip": b"PK\x03\x04 and no more",
    "cut": archive(FILES)[:-100],
    "no document": archive({"a.txt": b"x"}),
    "not xml": archive(FILES | {"word/document.xml": b"<w:document>"}),
    "entities": archive(FILES | {"word/document.xml": document(BODY, '<!DOCTYPE x [<!ENTITY a "b">]>')}),
    "outside file": archive(
        FILES | {"word/document.xml": document("&a;", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>')}
    ),
    "deep": archive(FILES | {"word/document.xml": document("<w:p>" * 5000 + "</w:p>" * 5000)}),
    "bomb": archive(FILES | {"word/document.xml": BOMB}),
    "encrypted": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_document_is_refused_in_a_sentence(kind):
    with pytest.raises(DataError) as refused:
        opened(HOSTILE[kind])
    assert (
        "x.docx" in refused.value.message
        and len(refused.value.message) < 200
        and not refused.value.message.endswith(".")
    )


def test_a_file_that_lies_about_its_size_is_refused():
    data = bytearray(archive(FILES))
    at = data.index(b"PK\x01\x02")  # the directory: the uncompressed size of the first file
    data[at + 24 : at + 28] = (2**32 - 2).to_bytes(4, "little")
    with pytest.raises(DataError):
        opened(bytes(data))


def test_a_fuzzed_document_never_fails_with_another_error():
    data = archive(FILES)
    for at in range(0, len(data), 37):
        for byte in b"\x00\xff<&":
            try:
                document = opened(data[:at] + bytes([byte]) + data[at + 1 :])
                document.render([replace(segment, text="X", marks=()) for segment in document.segments])
            except DataError:
                continue


def test_namespaces_of_the_strict_kind_are_known():
    strict = document(BODY).replace(
        b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        b"http://purl.oclc.org/ooxml/wordprocessingml/main",
    )
    assert len(opened(archive(FILES | {"word/document.xml": strict})).segments) == len(opened(archive(FILES)).segments)
    assert W.encode() not in strict
