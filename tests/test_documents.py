"""Documents: unchanged segments give the same document, changed ones are read again as they were written."""

from dataclasses import replace

import pytest
from document_samples import SAMPLES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfcli.documents import FORMATS, find_format, open_document
from tfcli.documents.reading import Reading
from tfcli.documents.segment import ATOM, Segment
from tfcli.errors import DataError

# What each kind has a meaning for, to be thrown together.
PARTS = {
    "md": list("#*_`[]()<>|-~\\&;!$^:\"'. \n\n")
    + ["字", "文。", "a ", "](x)", "**", "- ", "> ", "|-|-|\n", "[^1]", "1. ", "    "],
    "html": list("<>/&;\"'=! \n-")
    + ["字", "文。", "<b>", "</b>", "<i>", "<p>", "<!--", "-->", "<br>", "&amp;", "<code>", "</code>"],
    "srt": [
        "1\n",
        "00:00:01,000 --> 00:00:02,000\n",
        "字",
        "，",
        "。",
        "<i>",
        "</i>",
        "{\\an8}",
        "- ",
        "\n",
        "\n\n",
        " ",
        "<",
    ],
    "vtt": ["00:01.000 --> 00:02.000\n", "字", "，", "&amp;", "<i>", "</i>", "<v A>", "- ", "\n", "\n\n", "NOTE a\n"],
    "ass": ["Dialogue: 0:00:01.00,0:00:02.00,", "Comment: 1,2,", "字", "，", "{\\i1}", "{\\i0}", "\\N", "\n", " ", "{"],
    "po": ['msgid "字"\n', 'msgstr ""\n', 'msgstr "a"\n', "#, fuzzy\n", "\n", "# 注\n", 'msgctxt "c"\n', '"续\\n"\n'],
    "csv": ["字", ",", '"', "\n", " ", "a", "\r\n", '""'],
    "tsv": ["字", "\t", '"', "\n", " ", "a"],
    "paragraphs": ["字" * 20, "文。", "\n", "\n\n", "- ", "　　", " ", "\t", "word ", "\x0b", "\u2028"],
}
PARTS["text"] = PARTS["paragraphs"]
HEADS = {"vtt": "WEBVTT\n\n", "ass": "[Events]\nFormat: Start, End, Text\n", "po": 'msgid ""\nmsgstr ""\n\n'}
HEADS |= {"csv": "a,b\n", "tsv": "a\tb\n", "srt": "1\n00:00:00,000 --> 00:00:01,000\n"}
KINDS = sorted(SAMPLES)
ONE_TO_ONE = ["md", "html", "csv", "tsv", "text"]
"""Kinds that do not cut or wrap a translation."""


def reading(kind: str) -> Reading:
    return Reading(f"x.{kind}", columns=("2",) if kind == "csv" else ("1", "2") if kind == "tsv" else ())


def opened(kind: str, text: str | bytes):
    return open_document(kind, text.encode() if isinstance(text, str) else text, reading(kind))


def documents(kind: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(PARTS[kind]), max_size=30).map(lambda parts: HEADS.get(kind, "") + "".join(parts))


def longer(segments: list[Segment], words: str) -> list[Segment]:
    return [replace(segment, text=segment.text + words) for segment in segments]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_document_that_is_not_translated_is_the_same_to_the_byte(kind, line_end, encoding):
    data = SAMPLES[kind].replace("\n", line_end).encode(encoding)
    asked = replace(reading(kind), encoding="gb18030" if encoding == "gb18030" else None)
    document = open_document(kind, data, asked)
    assert document.segments and document.render(document.segments) == data
    assert document.render(longer(document.segments, "X")) != data
    assert document.render(document.segments) == data


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_so_is_any_text(kind, data):
    text = data.draw(documents(kind))
    try:
        document = opened(kind, text)
    except DataError:
        return
    assert document.render(document.segments) == text.encode()


@pytest.mark.parametrize("kind", ONE_TO_ONE)
@pytest.mark.parametrize("words", ["字", " & <b> *x* _y_ `z` # | \"q\", 'a'", "1. - [a](b) \\ $x$ ~~"])
def test_a_translation_is_read_again_as_it_was_written(kind, words):
    document = opened(kind, SAMPLES[kind])
    changed = longer(document.segments, words)
    assert opened(kind, document.render(changed)).segments == changed


@pytest.mark.parametrize("kind", ["html", "md", "csv", "text"])
@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data())
def test_so_is_one_of_any_text(kind, data):
    try:
        document = opened(kind, data.draw(documents(kind)))
    except DataError:
        return
    changed = longer(document.segments, data.draw(st.sampled_from(["字", "字*x*字", "字<b>", "字|"])))
    again = opened(kind, document.render(changed))
    assert [segment.text for segment in again.segments] == [segment.text for segment in changed]


@pytest.mark.parametrize(
    "kind, expected",
    {
        "md": [
            "第一 章",
            "更深的引文",
            "四",
            "乙|丙",
            "第三格",
            "你好世界",
            "脚注文字",
            "又一行 粗尾",
            "公式 @ 和 b 链接，删除的字。",
        ],
        "html": ["标题 & 一", '描述 "一"', "我喜欢你，看这里。", "页", "图", "甲", "乙", "前@后 x", "中文换行 中文字"],
        "po": ["你有 @ 个文件在 @", "一个", "@ 个", "多行", '第二行 "x"'],
        "csv": ['你好, "世界"', "第二行", "再见", 'a"b字'],
        "tsv": ["你好", '"引号', "id", "文字"],
    }.items(),
)
def test_what_a_reader_reads_is_found(kind, expected):
    texts = [ATOM.sub("@", segment.text) for segment in opened(kind, SAMPLES[kind]).segments]
    assert set(expected) <= set(texts)


@pytest.mark.parametrize("kind", ["md", "html"])
def test_code_and_what_only_machines_read_are_not(kind):
    texts = " ".join(segment.text for segment in opened(kind, SAMPLES[kind]).segments)
    assert not any(word in texts for word in ("代码", "不译", "注释", "rm", "print", "title:", "http"))


def test_a_kind_is_known_by_the_name_of_its_file():
    assert [find_format(name) for name in ("a.SRT", "b.md.gz", "c.html", "d.txt", "e")] == [
        "srt",
        "md",
        "html",
        None,
        None,
    ]
    assert set(KINDS) | {"docx"} == set(FORMATS)
