"""N lines in, N lines out, for any bytes."""

import io
import os
import queue
import random
import re
import subprocess
import threading
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.text.lines import Line, decode_argument, guess_encoding, one_line, read_lines, write_line

SEPARATORS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
HOSTILE = [part.encode() for part in ["\n", "\r\n", "\r", "\0", "\t", "\ufeff", "\ufffd", "好", "\x1b[2J", *SEPARATORS]]
HOSTILE += [b"\xff", b"\x80", b"\xe5\xa5", b"\xe2\x80", b"\xf0\x9f", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"]


def lines_of(raw: bytes, **options) -> list[Line]:
    return list(read_lines(io.BytesIO(raw), **options))


def count_by_bytes(raw: bytes) -> int:
    return raw.count(b"\n") + (not raw.endswith(b"\n") and raw != b"")


def written(texts: list[str]) -> bytes:
    stream = io.BytesIO()
    for text in texts:
        write_line(stream, text)
    return stream.getvalue()


def check_round_trip(raw: bytes) -> None:
    lines = lines_of(raw)
    assert [line.number for line in lines] == list(range(1, count_by_bytes(raw) + 1)), raw
    out = written([line.text for line in lines])
    assert out.count(b"\n") == len(out.decode("utf-8", "strict").splitlines()) == len(lines), raw
    assert [line.text for line in lines_of(b"\n" + out)][1:] == [one_line(line.text) for line in lines], raw
    # What an independent decoder replaces, less what was U+FFFD before, is what was counted.
    decoded = raw.decode("utf-8", "replace").count("\ufffd") - raw.count(b"\xef\xbf\xbd")
    assert sum(line.replaced for line in lines) == decoded, raw
    for line in lines:
        assert (line.byte_offset is None) == (line.replaced == 0) == (line.raw == b""), raw
        if line.replaced:
            line.raw[: line.byte_offset].decode("utf-8", "strict")
            with pytest.raises(UnicodeDecodeError) as caught:
                line.raw.decode("utf-8", "strict")
            assert caught.value.start == line.byte_offset


def test_fuzzed_streams_keep_their_line_count():
    naive = 0
    rng = random.Random(1)
    for _ in range(10_000):
        raw = b"".join(rng.choices(HOSTILE, k=rng.randrange(30)))
        check_round_trip(raw)
        naive += len(raw.decode("utf-8", "replace").splitlines()) != count_by_bytes(raw)
    assert naive > 5_000  # the streams are hostile: reading them the obvious way miscounts


@given(st.binary())
def test_any_bytes(raw):
    check_round_trip(raw)


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]))))
def test_clean_lines_come_back_as_they_are(texts):
    assert [line.text for line in lines_of(b"\xef\xbb\xbf" + written(texts))] == (texts or [""])


@given(st.lists(st.text(st.characters())))
def test_any_strings_are_written_as_one_line_each(texts):
    out = written(texts)
    assert len(out.decode("utf-8", "strict").splitlines()) == out.count(b"\n") == len(texts)
    assert not re.search(b"[\0-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]", out)


@pytest.mark.parametrize(
    ("raw", "texts"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"\n\n", ["", ""]),
        (b"a", ["a"]),
        (b"a\nb", ["a", "b"]),
        (b"a\r\nb\r", ["a", "b"]),
        (b"a\r\r\nb\rc\n", ["a\r", "b\rc"]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n", ["a", "\ufeffb"]),
        (b"\xef\xbb\xbf\xef\xbb\xbfa", ["\ufeffa"]),
        (b"\xef\xbb\xbf", [""]),
        (b"\xef\xbb\xbf\r\n", [""]),
        (b"a\0b\n\0", ["a\ufffdb", "\ufffd"]),
        (b"a\x0bb\x0cc\xc2\x85d\xe2\x80\xa8e\xe2\x80\xa9f\x1cg\n", ["a\x0bb\x0cc\x85d\u2028e\u2029f\x1cg"]),
    ],
)
def test_line_ends(raw, texts):
    assert [line.text for line in lines_of(raw)] == texts
    assert not any(line.replaced or line.cut for line in lines_of(raw))


def test_bad_bytes_are_counted_and_located():
    first, second, third = lines_of(b"\xef\xbb\xbfab\xb0c\xff\n\xef\xbf\xbd\n\xe5\xa5\n")
    assert (first.text, first.replaced, first.byte_offset) == ("ab\ufffdc\ufffd", 2, 5)
    assert first.raw[first.byte_offset] == 0xB0
    assert (second.text, second.replaced, second.byte_offset) == ("\ufffd", 0, None)  # typed, not replaced
    assert (third.text, third.replaced, third.byte_offset) == ("\ufffd", 1, 0)


def test_a_line_over_the_limit_is_cut_and_the_next_one_is_whole():
    for size in range(1, 14):
        long, after = lines_of("好好好好\nb\n".encode(), max_bytes=size)
        assert (long.cut, long.replaced) == (size < 12, 0)
        assert long.text == "好好好好"[: size // 3]  # no half character
        assert after == Line(2, "b")
    assert not lines_of(b"abc\n", max_bytes=3)[0].cut
    assert not lines_of(b"abc", max_bytes=3)[0].cut
    assert lines_of(b"abcd", max_bytes=3) == [Line(1, "abc", cut=True)]


class Endless(io.RawIOBase):
    """`left` bytes of "a", made when asked for."""

    def __init__(self, left: int):
        self.left = left

    def readable(self):
        return True

    def readinto(self, buffer):
        count = min(len(buffer), self.left)
        buffer[:count] = b"a" * count
        self.left -= count
        return count


def test_a_line_of_500_mb_takes_little_memory():
    stream = io.BufferedReader(Endless(500_000_000), 2**20)
    tracemalloc.start()
    (line,) = read_lines(stream, max_bytes=2**20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert line.cut and len(line.text) == 2**20
    assert peak < 16 * 2**20


def test_a_pipe_held_open_gives_each_line_as_it_arrives():
    read_end, write_end = os.pipe()
    arrived = queue.Queue()

    def read():
        with open(read_end, "rb") as stream:
            for line in read_lines(stream):
                arrived.put(line.text)

    threading.Thread(target=read, daemon=True).start()
    with open(write_end, "wb", buffering=0) as stream:
        for text in ["一", "two", "", "四"] * 5:
            stream.write(f"{text}\n> ".encode())  # the next line has begun and stays open
            assert arrived.get(timeout=60).removeprefix("> ") == text


def test_wc_agrees(tmp_path):
    path = tmp_path / "out"
    path.write_bytes(written([f"a{separator}b" for separator in SEPARATORS + "\n\r\0"] + ["\r\n", "", "\ud800"]))
    assert subprocess.run(["wc", "-l", path], capture_output=True, check=True).stdout.split()[0] == b"14"


def test_written_text():
    text = "a\nb\r\nc\x1b[0m\td\x85e\u2028f\ud83d\u200d\ufffd"
    assert written([text]).decode() == "a b  c [0m\td e f\ufffd\u200d\ufffd\n"


def test_arguments_of_every_byte():
    for byte in range(1, 256):
        expected = (f"a{chr(byte)}好", 0) if byte < 128 else ("a\ufffd好", 1)
        assert decode_argument(os.fsdecode(b"a" + bytes([byte]) + "好".encode())) == expected


def test_guesses():
    simplified, traditional = "今天天气很好，我们去公园玩吧。", "這是一個測試，看看編碼是否正確。"
    assert guess_encoding(simplified.encode("gb18030")) == "GB18030"
    assert guess_encoding(traditional.encode("big5")) == "Big5"
    assert guess_encoding(simplified.encode("utf-16")) == "UTF-16"
    assert guess_encoding(simplified.encode("utf-32")) == "UTF-32"
    assert guess_encoding("Ärger über naïve cafés".encode("latin-1")) is None
    assert guess_encoding("一个坏字节".encode() + b"\xff") is None
    assert guess_encoding("Ärger".encode("latin-1")) is None
    (line,) = lines_of(simplified.encode("gb18030"))
    assert guess_encoding(line.raw) == "GB18030"
