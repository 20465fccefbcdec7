"""Bytes as text: found out where it is sure, else refused in two lines; and written as they came."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.documents import open_document
from tfcli.documents.encoding import Decoded, decode
from tfcli.documents.reading import Reading
from tfcli.errors import DataError, TfcliError, UsageError

CHINESE = "他说：“我们明天再去图书馆看书吧。”天气很好，我们一起去公园散步。\n" * 3
TRADITIONAL = "他說：「我們明天再去圖書館看書吧。」天氣很好，我們一起去公園散步。\n" * 3


@pytest.mark.parametrize(
    "text, encoding",
    [
        (CHINESE, "gbk"),
        (CHINESE, "gb18030"),
        (TRADITIONAL, "big5"),
        (CHINESE, "utf-16"),
        (CHINESE, "utf-32"),
        (CHINESE, "utf-8-sig"),
        (CHINESE, "utf-16-le"),
    ],
)
def test_an_encoding_is_found(text, encoding):
    data = text.encode(encoding)
    decoded = decode(data, "x.txt")
    assert decoded.text == text and decoded.encode(decoded.text) == data


@pytest.mark.parametrize(
    "data", ["你好世界".encode("gbk"), "déjà vu".encode("latin-1"), b"\xff\xfe\xff", bytes(range(256))]
)
def test_what_is_not_sure_is_refused_with_the_way_out(data):
    with pytest.raises(DataError) as refused:
        decode(data, "x.txt")
    assert "x.txt" in refused.value.message and "--encoding" in refused.value.hint


def test_what_the_user_says_is_believed():
    data = "你好世界".encode("gbk")
    assert decode(data, "x.txt", "gbk").text == "你好世界"
    assert decode(CHINESE.encode("utf-16"), "x.txt", "utf-16").text == CHINESE
    with pytest.raises(DataError, match="line 1 is not utf-8"):
        decode(data, "x.txt", "utf-8")
    for encoding in ("nonsense", "rot13", "base64"):
        with pytest.raises(UsageError, match=encoding):
            decode(data, "x.txt", encoding)


@pytest.mark.parametrize("magic, kind", [(b"%PDF-1.7", "PDF"), (b"PK\x03\x04", "zip"), (b"\x89PNG\r\n", "picture")])
def test_what_is_no_text_is_named(magic, kind):
    with pytest.raises(DataError, match=kind):
        decode(magic + b"\x00\x01\xff" * 9, "x.txt")


def test_a_page_that_says_what_it_is_need_not_be_sure():
    page = '<meta charset="gbk"><p>你好</p>'.encode("gbk")
    document = open_document("html", page, Reading("x.html"))
    assert document.segments[0].text == "你好" and document.render(document.segments) == page


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1))
def test_utf_8_is_read_as_it_is(text):
    data = text.encode()
    try:
        decoded = decode(data, "x.txt")
    except DataError:
        assert any(data.startswith(magic) for magic in (b"GIF8", b"BZh", b"{\\rtf", b"%PDF-", b"Rar!"))
        return
    assert decoded.bom + decoded.text.encode() == data


@given(st.binary())
def test_any_bytes_are_read_or_refused(data):
    try:
        decoded = decode(data, "x.txt")
    except TfcliError:
        return
    assert decoded.encode(decoded.text) == data


def test_what_an_encoding_cannot_hold_comes_out_in_utf_8():
    assert Decoded("a", "latin-1").encode("你好") == "你好".encode()
