"""`tfcli translate` with documents: one output for each, found by name and by content, done ones left alone."""

import gzip
import lzma
import os
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard
from commands import run
from document_samples import SAMPLES
from made_docx import FILES, archive

from tfcli.documents import open_document
from tfcli.documents.reading import Reading

pytestmark = pytest.mark.usefixtures("bare")

LINES = "你好\n再见！今天天气很好。\n谢谢你的帮助。\n"


def write(name: str, text: str | bytes) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def files(folder: str) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", ["srt", "vtt", "ass", "md", "html", "po", "csv"])
def test_each_kind_is_translated_and_is_still_of_its_kind(kind):
    write(f"a.{kind}", SAMPLES[kind])
    columns = ["--column", "文字"] if kind == "csv" else []
    ended = run("translate", "-i", f"a.{kind}", "-o", f"b.{kind}", *columns)
    assert ended.code == 0, ended.err
    data = Path(f"b.{kind}").read_bytes()
    assert data != SAMPLES[kind].encode()
    reading = Reading("b", columns=("文字",) if columns else ())
    before, after = (open_document(kind, text, reading) for text in (SAMPLES[kind].encode(), data))
    if kind in ("md", "html", "csv"):
        marks = [
            [[mark.before for mark in segment.marks] for segment in document.segments] for document in (before, after)
        ]
        assert len(before.segments) >= len(after.segments) and all(map(set, marks[1])) <= all(map(set, marks[0]))
    assert run("translate", "-i", f"a.{kind}", *columns).out == data


def test_a_word_document_is_translated():
    write("a.docx", archive(FILES))
    assert run("translate", "-i", "a.docx", "-o", "b.docx").code == 0
    assert len(open_document("docx", Path("b.docx").read_bytes(), Reading("b")).segments) > 5


def test_one_output_for_each_input_and_done_ones_are_left_alone():
    for name in ("a.srt", "b.zh.srt"):
        write(name, SAMPLES["srt"])
    write("c.md", SAMPLES["md"])
    write("news.zh", LINES)
    sources = ["a.srt", "b.zh.srt", "c.md", "news.zh"]
    assert run("translate", "-O", "out", "-i", sources[0], *sources[1:]).code == 0  # as a shell writes -i *
    assert files("out") == ["a.en.srt", "b.en.srt", "c.en.md", "news.en"]
    before = {name: os.stat(f"out/{name}").st_mtime_ns for name in files("out")}
    os.unlink("out/c.en.md")
    again = run("translate", "-O", "out", *sources)
    assert again.code == 0 and "3 files done already" in again.err
    assert {name for name in files("out") if os.stat(f"out/{name}").st_mtime_ns != before[name]} == {"c.en.md"}
    forced = run("translate", "-O", "out", *sources, "--force")
    assert forced.code == 0 and os.stat("out/a.en.srt").st_mtime_ns != before["a.en.srt"]


def test_lines_of_a_text_stay_lines():
    write("news.zh", b"\xef\xbb\xbf" + "你好\r\n\r\n再见\r\n".encode())
    assert run("translate", "-O", "out", "news.zh").code == 0
    data = Path("out/news.en").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") and data.count(b"\r\n") == 3 and data.endswith(b"\r\n")


def test_folders_with_all_that_is_in_them():
    for name in ("docs/a.md", "docs/deep/b.html", "docs/.hidden/c.md", "docs/d.png", "docs/e.txt"):
        write(name, SAMPLES.get(name.rpartition(".")[2], LINES))
    refused = run("translate", "-i", "docs", "-O", "out")
    assert refused.code == 2 and "--recursive" in refused.err
    for _ in range(2):  # the outputs are no documents of the second run
        assert run("translate", "--recursive", "-i", "docs", "-O", "docs").code == 0
    assert files("docs") == sorted(
        [*("a.md", "a.en.md", "deep/b.html", "deep/b.en.html", ".hidden/c.md", "d.png", "e.txt", "e.en.txt")]
    )


def test_a_file_that_fails_costs_no_other():
    write("a.srt", SAMPLES["srt"])
    write("bad.docx", b"PK\x03\x04 no")
    write("c.srt", SAMPLES["srt"])
    stopped = run("translate", "-O", "out", "a.srt", "bad.docx", "c.srt")
    assert stopped.code == 3 and "bad.docx" in stopped.err and files("out") == ["a.en.srt"]
    went_on = run("translate", "-O", "out", "a.srt", "bad.docx", "c.srt", "--keep-going")
    assert went_on.code == 3 and "1 of 3 files" in went_on.err and files("out") == ["a.en.srt", "c.en.srt"]
    gone = run("translate", "-O", "out", "--keep-going", "d.srt", "a.srt")
    assert gone.code == 3 and "d.srt is left out" in gone.err


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["-i", "a.srt", "-i", "b/a.srt"], "--output-dir"),
        (["-O", "out", "a.srt", "b/a.srt"], "both be written"),
        (["-O", "out", "-o", "x", "a.srt"], "not both"),
        (["-O", "out", "-"], "stdin"),
        (["--recursive", "-i", "a.srt"], "--output-dir"),
        (["-O", "out", "--json", "a.srt"], "jsonl"),
        (["-i", "t.csv"], "--column NAME, of   id, 文字"),
        (["-i", "t.csv", "--column", "zwei"], 'no column "zwei"'),
        (["-i", "a.srt", "-o", "t.csv"], "exists already"),
        (["--format", "md", "你好"], "-i FILE"),
        (["t.csv", "-o", "x.en"], "-i t.csv"),
        (["-i", "news.zh", "--encoding", "nonsense"], "nonsense"),
    ],
)
def test_what_is_not_clear_is_asked_for(arguments, words):
    for name in ("a.srt", "b/a.srt"):
        write(name, SAMPLES["srt"])
    write("t.csv", SAMPLES["csv"])
    write("news.zh", LINES)
    ended = run("translate", *arguments)
    assert (ended.code, ended.out) == (2, b"") and words in ended.err and "Traceback" not in ended.err


def test_the_name_of_a_file_as_text_is_said_to_be_one():
    write("news.zh", LINES)
    ended = run("translate", "news.zh")
    assert ended.code == 0 and '"news.zh" is a file' in ended.err


def test_a_document_by_pipe_and_kinds_that_are_named():
    assert run("translate", "--format", "md", stdin="**你好**\n".encode()).text.startswith("**")
    write("wrapped.txt", SAMPLES["paragraphs"])
    whole, lines = (
        run("translate", "-i", "wrapped.txt", "--format", "paragraphs"),
        run("translate", "-i", "wrapped.txt"),
    )
    assert whole.code == lines.code == 0
    assert lines.out.count(b"\n") == SAMPLES["paragraphs"].count("\n")
    write("a.tsv", SAMPLES["tsv"])
    table = run("translate", "-i", "a.tsv", "--column", "文字")
    assert table.text.startswith("id\t文字\n1\t") and table.text.count("\n") == 3
    results = run("translate", "-i", "wrapped.txt", "--format", "tsv")
    assert results.code == 0 and results.out.count(b"\n") == SAMPLES["paragraphs"].count("\n")


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, zstandard.compress])
def test_compressed_input_is_known_by_its_content(pack):
    plain = run("translate", stdin=LINES.encode()).out
    assert run("translate", stdin=pack(LINES.encode())).out == plain
    write("any.name", pack(LINES.encode()))
    assert run("translate", "-i", "any.name").out == plain
    write("a.md.gz", pack(SAMPLES["md"].encode()))
    write("a.md", SAMPLES["md"])
    assert run("translate", "-i", "a.md.gz").out == run("translate", "-i", "a.md").out
    damaged = run("translate", stdin=pack(LINES.encode() * 50)[:-9])
    assert damaged.code == 3 and "the compressed file is damaged" in damaged.err.splitlines()[-1]
    assert run("translate", stdin=pack(LINES.encode()) + pack(LINES.encode())).out == plain * 2


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8-sig", "utf-16-le", "big5"])
def test_encodings_are_found(encoding):
    text = LINES * 5 if encoding != "big5" else "今天天氣很好，我們一起去公園散步。\n" * 5
    plain = run("translate", stdin=text.encode()).out
    found = run("translate", stdin=text.encode(encoding))
    assert found.out == plain and found.code == 0
    write("a.md", text.encode(encoding))
    assert run("translate", "-i", "a.md").code == 0


def test_an_encoding_that_is_not_sure_is_refused_unless_it_is_named():
    data = "你好\n世界\n".encode("gbk")
    refused = run("translate", stdin=data)
    assert refused.code == 3 and refused.out == b"" and refused.err.count("\n") == 2 and "--encoding" in refused.err
    named = run("translate", "--encoding", "gbk", stdin=data)
    assert named.out == run("translate", stdin="你好\n世界\n".encode()).out and named.code == 0


@pytest.mark.parametrize("data", [archive(FILES), b"%PDF-1.7\n" + bytes(range(256)), b"\x89PNG\r\n\x1a\n" + bytes(99)])
def test_what_is_no_text_is_refused_in_two_lines(data):
    write("a.txt", data)
    for ended in (
        run("translate", "-i", "a.txt"),
        run("translate", stdin=data),
        run("translate", "-O", "out", "a.txt"),
    ):
        assert ended.code == 3 and ended.err.count("\n") == 2 and "not text" in ended.err and ended.out == b""


def test_an_unchanged_document_is_read_at_all():
    write("a.md", "12 *3*\n")
    assert run("translate", "-i", "a.md").out == b"12 *3*\n"


def test_light_rooms_do_without_torch():
    modules = "tfcli.documents.translating, tfcli.cli.documents, tfcli.cli.targets"
    program = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
