"""`tfcli translate` as a person or a script meets it: text, JSON lines and tables, any bytes, files and terminals."""

import io
import json
import os
import re
import tracemalloc
from types import SimpleNamespace

import pytest
from commands import run
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tfcli.cli import progress
from tfcli.cli import translate as translate_command
from tfcli.decoding.translation import Translation
from tfcli.decoding.translator import Translator
from tfcli.text.lines import read_lines
from tfcli.text.normalize import NORMALIZATIONS, looks_taiwanese

pytestmark = pytest.mark.usefixtures("bare")


SENTENCES = [
    "你好",
    "谢谢你的帮助。",
    "我不知道",
    "",
    "   ",
    "再见！今天天气很好。",
    "<s> ▁ </s>",
    "12345 https://a.b/c",
]


@pytest.fixture(scope="module")
def translator(tiny_bundle):
    return Translator(tiny_bundle)


def test_all_ways_in_give_the_lines_of_the_library(translator, tmp_path):
    expected = "".join(f"{line}\n" for line in translator.translate(SENTENCES)).encode()
    joined = "\n".join(SENTENCES).encode()
    (tmp_path / "in.zh").write_bytes(joined)
    assert run("translate", stdin=joined).out == expected
    assert run("translate", "-", stdin=joined).out == expected
    assert run("translate", *SENTENCES).out == expected
    assert run("translate", "-i", "in.zh").out == expected
    assert run("translate", "-i", "-", stdin=joined + b"\n").out == expected
    assert run("translate", "-i", "in.zh", "-i", "in.zh").out == expected * 2
    assert run("translate", "-i", "in.zh", "-o", "out.en").out == b""
    assert (tmp_path / "out.en").read_bytes() == expected
    assert sorted(os.listdir(tmp_path)) == ["in.zh", "out.en"]


def test_stdin_stands_where_the_dash_stands(translator):
    first, second = translator.translate(["你好", "再见"])
    assert run("translate", "你好", "-", "你好", stdin="再见\n".encode()).text == f"{first}\n{second}\n{first}\n"


@pytest.mark.parametrize(
    "stdin",
    [
        b"",
        b"\n",
        b"\n\n\n",
        "\ufeff你好\r\n再见\r\n".encode(),
        "你好\u2028再见\x85你\x0b\x0c\x1c\r好\n".encode(),
        b"\xff\x00\n\xc4\xe3\xba\xc3",
        b"a\x00b\x1b[31m\nc",
        "很长的一句话，".encode() * 300,
    ],
)
@pytest.mark.parametrize("output_format", ["text", "jsonl", "tsv"])
def test_as_many_lines_out_as_in(stdin, output_format, tmp_path):
    (tmp_path / "in").write_bytes(stdin)
    with open("in", "rb") as stream:
        count = sum(1 for _ in read_lines(stream))
    ended = run("translate", "--format", output_format, stdin=stdin)
    assert ended.code == 0
    assert ended.out.count(b"\n") == len(ended.text.splitlines()) == count


class Parrot:
    """A translator that says what it hears, at once."""

    batch_tokens = 64
    bundle = SimpleNamespace(config=SimpleNamespace(source="any", target="any"))
    engine = SimpleNamespace(device="cpu", threads=1)

    def translate_detailed(self, texts):
        return [Translation(text, text) for text in texts]


@pytest.fixture
def parrot(monkeypatch):
    monkeypatch.setattr(translate_command, "load_translator", lambda *arguments: Parrot())


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=30) | st.text("\x85\u2028\r\x0b\x1c\n\ufeffa").map(str.encode), max_size=8))
def test_any_bytes_come_out_in_as_many_lines(parrot, lines):
    stdin = b"\n".join(lines)
    assume(not stdin.startswith((b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd")))  # compressed, and then damaged
    count = len(list(read_lines(io.BytesIO(stdin))))
    for output_format in ("text", "jsonl", "tsv"):
        ended = run("translate", "--format", output_format, stdin=stdin)
        if ended.code == 3:  # an encoding that cannot be told for sure is refused, whole
            assert "not UTF-8" in ended.err and not ended.out
            continue
        assert ended.code == 0 and len(ended.text.splitlines()) == ended.out.count(b"\n") == count


def test_memory_does_not_grow_with_the_file(parrot, tmp_path):
    def peak(lines):
        (tmp_path / "in").write_bytes(b"\xff\n" * lines)  # flagged, all of them
        tracemalloc.start()
        assert run("translate", "-i", "in", "-o", "out", "--force").code == 0
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(3_000)  # the first run imports and compiles
    short = peak(60_000)  # more than what is looked at to find the encoding
    assert peak(180_000) - short < 150_000
    assert (tmp_path / "out").stat().st_size == 180_000 * 4


def test_progress_is_told_now_and_then_off_a_terminal(parrot, monkeypatch):
    monkeypatch.setattr(progress, "_EVERY", 0)
    ended = run("translate", stdin=b"a\n" * 4000)
    assert re.fullmatch(r"(\d,\d+ lines, [\d.]+( k)? lines/s, \d+%\n)+", ended.err)
    assert ended.err.splitlines()[-1].startswith("4,000 lines") and ended.err.endswith("100%\n")
    assert run("translate", "a", "b").err == run("translate", "-q", stdin=b"a\n" * 4000).err == ""


def test_json_carries_what_a_script_needs():
    rows = [json.loads(line) for line in run("translate", "--json", "你好", "").text.splitlines()]
    expected = ["id", "source", "translation", "score", "confidence", "source_tokens", "target_tokens", "flags"]
    assert list(rows[0]) == expected
    assert (rows[0]["id"], rows[0]["source"], rows[1]["id"], rows[1]["translation"]) == (0, "你好", 1, "")
    assert rows[0]["score"] < 0 < rows[0]["target_tokens"]


def test_unknown_json_fields_pass_through(translator):
    fields = {"id": "a-7", "n": 1.5, "deep": {"x": [None, True]}, "odd": "\u2028\x85\x7f\ud800\\u0041", "zh": "你好"}
    stdin = json.dumps(fields).encode() + b"\n\n"
    ended = run("translate", "--input-format", "jsonl", "--field", "zh", "--json", stdin=stdin)
    row, blank = (json.loads(line) for line in ended.out.split(b"\n")[:-1])
    assert fields.items() <= row.items() and row["source"] == "你好" and blank["source"] == ""
    assert row["translation"] == translator.translate(["你好"])[0]
    assert len(ended.text.splitlines()) == 2


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[1]",
        b'"text"',
        b'{"text": 1}',
        b'{"a": "b"}',
        b'{"text": "a", "n": NaN}',
        b"[" * 100_000,
        b'{"n":1e999}',
    ],
)
def test_a_bad_json_line_is_named_and_the_lines_before_are_out(line):
    ended = run("translate", "--input-format", "jsonl", stdin=b'{"text": "a"}\n' + line + b'\n{"text": "c"}\n')
    assert (ended.code, ended.out.count(b"\n")) == (3, 1)
    assert "stdin: line 2" in ended.err


def test_tsv_cells_hold_no_tab(translator):
    source, translation, score, confidence, flags = (
        run("translate", "--format", "tsv", "你\t好\\").text.rstrip("\n").split("\t")
    )
    detailed = translator.translate_detailed(["你\t好\\"])[0]
    assert (source, translation, float(score)) == ("你\\t好\\\\", detailed.translation, round(detailed.score, 4))
    assert (confidence, flags) == ("", ",".join(detailed.flags))


def test_options_reach_the_model(translator, tiny_bundle):
    assert run("translate", "--prefix", "Thank", "你好").text.startswith("Thank")
    short = Translator(tiny_bundle, max_length=2).translate(["谢谢你的帮助。"])[0]
    assert run("translate", "--max-length", "2", "谢谢你的帮助。").text == short + "\n"
    assert short != translator.translate(["谢谢你的帮助。"])[0]
    assert "<b>" in run("translate", "你<b>好").text
    assert "<b>" not in run("translate", "--protect", "none", "你<b>好").text


def test_undecodable_bytes_are_replaced_and_named_or_refused():
    stdin = "你好\n".encode() + b"\n\xc4\xe3\xba\xc3\xca\xc0\xbd\xe7\n\xff\n"
    ended = run("translate", stdin=stdin)
    assert ended.code == 0 and "lines 3, 4 had bytes that are not UTF-8" in ended.err
    strict = run("translate", "--encoding-errors", "strict", stdin=stdin)
    assert (strict.code, strict.out.count(b"\n")) == (3, 2)
    assert "stdin: line 3, byte 1: not UTF-8 (0xC4); looks like GB18030\n  convert it" in strict.err
    argument = run("translate", "--encoding-errors", "strict", os.fsdecode(b"a\xff"))
    assert argument.code == 3 and argument.out == b""


def test_strict_makes_a_flag_an_error_but_not_a_split(translator):
    fine, long = "你好", "再见！今天天气很好。" * 12
    assert translator.translate_detailed([fine])[0].flags == ()
    assert "split" in translator.translate_detailed([long])[0].flags
    assert run("translate", "--strict", fine).code == 0
    ended = run("translate", "--strict", fine, stdin=b"")
    flagged = run("translate", "--strict", stdin=b"\xff\n")
    assert (ended.code, flagged.code, flagged.out.count(b"\n")) == (0, 1, 1)
    assert "1 line flagged" in flagged.err


def test_quiet_says_nothing():
    assert run("translate", "-q", stdin=b"\xff\n").err == ""


def test_an_output_is_not_overwritten_unless_forced(tmp_path):
    (tmp_path / "out").write_text("precious")
    ended = run("translate", "你好", "-o", "out")
    assert ended.code == 2 and "--force" in ended.err
    assert (tmp_path / "out").read_text() == "precious"
    assert run("translate", "你好", "-o", "out", "--force").code == 0
    assert (tmp_path / "out").read_bytes() == run("translate", "你好").out


def test_a_file_can_be_replaced_by_its_own_translation(tmp_path):
    (tmp_path / "text").write_text("你好\n再见\n", encoding="utf-8")
    expected = run("translate", "-i", "text").out
    assert run("translate", "-i", "text", "-o", "text", "--force").code == 0
    assert (tmp_path / "text").read_bytes() == expected


def test_a_link_stays_a_link_and_a_device_a_device(tmp_path):
    (tmp_path / "link").symlink_to("real")
    assert run("translate", "你好", "-o", "link").code == 0
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").is_file()
    assert run("translate", "你好", "-o", os.devnull).code == 0
    assert not os.path.isfile(os.devnull)


def test_what_fails_halfway_has_its_lines_in_a_partial_file(tmp_path):
    ended = run("translate", "--encoding-errors", "strict", "-o", "out", stdin=b"a\n" * 3000 + b"\xff\n")
    (partial,) = os.listdir(tmp_path)
    assert re.fullmatch(r"out\.[0-9a-f]{8}\.partial", partial)
    assert ended.code == 3 and partial in ended.err
    assert (tmp_path / partial).read_bytes().endswith(b"\n")


def test_nothing_a_stranger_wrote_reaches_a_terminal_raw(tmp_path):
    evil = "\x1b]0;title\x07\u202e好\x9b31m"
    name = "\x1b[31mred\ntfcli: all is well.zh"
    (tmp_path / name).write_text(evil, encoding="utf-8")
    for ended in (
        run("translate", "--json", evil, terminal=True),
        run("translate", "--format", "tsv", "-i", name, terminal=True),
        run("translate", "-m", evil, "x", terminal=True),
        run("translate", "-i", evil, terminal=True),
        run("translate", "-i", f"no{name}", terminal=True),
        run("translate", f"--{evil}", terminal=True),
        run(evil, terminal=True),
    ):
        assert "\ntfcli: all is well" not in ended.err
        shown = re.sub(r"\x1b\[[0-9;]*m(tfcli: (?:warning: )?)\x1b\[0m", r"\1", ended.text + ended.err)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", shown), shown


@pytest.mark.parametrize("setting", ["NO_COLOR", "TERM", "--no-color", None])
def test_colour_can_be_switched_off(setting, monkeypatch):
    monkeypatch.setenv("TERM", "dumb" if setting == "TERM" else "xterm")
    if setting == "NO_COLOR":
        monkeypatch.setenv("NO_COLOR", "1")
    extra = ["--no-color"] if setting == "--no-color" else []
    ended = run("translate", "-m", "none", "x", *extra, terminal=True)
    assert ("\x1b" in ended.err) == (setting is None)


def test_words_of_taiwan_are_offered_a_normalization_and_get_it():
    pytest.importorskip("opencc")
    text = "這個軟體很好。\n".encode()
    assert run("translate", stdin=text * 3).err.count("--normalize tw2sp") == 1
    assert "tw2sp" not in run("translate", "--normalize", "tw2sp", stdin=text).err
    assert "tw2sp" not in run("translate", stdin="这个软件很好。\n".encode()).err
    assert NORMALIZATIONS["tw2sp"]()("軟體和滑鼠在捷運站") == "软件和鼠标在捷运站"
    assert NORMALIZATIONS["t2s"]()("軟體") == "软体" and not looks_taiwanese("软体 軟件")
