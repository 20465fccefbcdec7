"""`tfcli attention`: what a person types, what comes back, and how it fails."""

import json

import numpy as np
import pytest
from commands import run
from conftest import TINY

from tfcli.bundle import read_bundle
from tfcli.looking import Translator

MODEL = ("-m", str(TINY))
TEXT = "我喜欢喝茶。"


@pytest.fixture(scope="module")
def whole():
    return Translator(read_bundle(TINY)).attention(TEXT)


def look(*arguments: str, **options):
    return run("attention", *arguments, *MODEL, **options)


def test_off_a_terminal_it_is_tsv_and_on_one_a_table(whole):
    piped, shown = look(TEXT), look(TEXT, terminal=True)
    assert (piped.code, shown.code) == (0, 0)
    assert piped.out == whole.render("tsv")
    first, *rest = shown.text.split("\n")
    assert first.startswith(f"{TEXT} → {whole.target}") and "strongest" in "".join(rest)
    assert look(stdin=TEXT.encode()).out == piped.out == look("-", stdin=f"{TEXT}\n".encode()).out


def test_the_translation_is_that_of_translate(whole):
    assert run("translate", TEXT, *MODEL).text == f"{whole.target}\n"


def test_a_file_says_its_format_by_its_name(tmp_path, whole):
    for name in ("a.html", "a.svg", "a.json", "a.tsv"):
        assert look(TEXT, "-o", str(tmp_path / name)).code == 0
        assert (tmp_path / name).read_bytes() == whole.render(name[2:])
    again = look(TEXT, "-o", str(tmp_path / "a.svg"))
    assert again.code == 2 and "--force" in again.err
    assert look(TEXT, "-o", str(tmp_path / "a.svg"), "--force", "--format", "long").code == 0
    assert (tmp_path / "a.svg").read_bytes() == whole.render("long")
    assert look(TEXT, "-o", str(tmp_path / "a.npz")).code == 0
    arrays = np.load(tmp_path / "a.npz", allow_pickle=False)
    np.testing.assert_array_equal(arrays["cross_weights"], whole.cross.weights_LHQM)


def test_json_holds_what_was_asked_for(whole):
    found = json.loads(look(TEXT, "--json", "--kind", "all", "--layer", "all", "--head", "all").out)
    assert [one["kind"] for one in found["maps"]] == ["cross", "encoder", "decoder"]
    np.testing.assert_array_equal(np.float32(found["maps"][0]["values"]), whole.cross.weights_LHQM)
    assert found["target"] == whole.target


def test_a_given_target_is_scored():
    one, other = (json.loads(look(TEXT, "--json", "--target", text).out) for text in ("I like tea.", "No no no no."))
    assert one["target"] == "I like tea." and one["score"] != other["score"]
    assert sum(one["target_logprobs"]) / len(one["target_logprobs"]) == pytest.approx(one["score"], abs=1e-5)


def test_the_walk_names_its_query_and_ends_at_the_model(whole):
    token = whole.target_tokens[0].removeprefix("▁")
    for wish in ("0", token):
        shown = look(TEXT, "--explain", "--query", wish, "--layer", "1", "--head", "1")
        assert shown.code == 0
        lines = shown.text.split("\n")
        assert "layer 1 · head 1 · query 0" in lines[2]
        ends = [line.partition("=")[2] for line in lines if line.startswith(("sum ", "model "))]
        assert len(ends) == 2 and ends[0] == ends[1]
        assert float(lines[-2].rpartition(" ")[2]) < 1e-4
    assert look(TEXT, "--explain", "--query", "99").code == 2
    assert look(TEXT, "--explain", "--words").code == 2


def test_the_summary_has_a_row_for_every_head(whole):
    heads = sum(attention.weights_LHQM[:, :, 0, 0].size for attention in whole.attentions.values())
    assert len(look(TEXT, "--summary").text.rstrip("\n").split("\n")) == heads + 4
    assert len(json.loads(look(TEXT, "--summary", "--json").out)) == heads


def test_pharaoh_gives_a_line_for_a_line():
    lines = [TEXT, "", "你好吗？", "  ", TEXT * 60, "再见"]
    ended = look("--format", "pharaoh", stdin="\n".join(lines).encode())
    found = ended.text.split("\n")
    assert ended.code == 0 and len(found) == len(lines) + 1
    assert [bool(line) for line in found] == [True, False, True, False, True, True, False]
    pairs = [tuple(map(int, pair.split("-"))) for pair in found[4].split(" ")]
    # Tokens are counted on from part to part: no target token has two links, and they reach far beyond one part.
    assert len({target for _, target in pairs}) == len(pairs)
    assert max(target for _, target in pairs) > max(int(pair.split("-")[1]) for pair in found[0].split()) * 3
    assert found[0] == look(TEXT, "--format", "pharaoh").text.strip()


def test_pharaoh_aligns_given_pairs():
    lines = f"{TEXT}\tI like tea.\n\t\n{TEXT}\t\n"
    ended = look("--format", "pharaoh", "--pairs", "--words", stdin=lines.encode())
    assert ended.code == 0
    links = [tuple(map(int, pair.split("-"))) for pair in ended.text.split("\n")[0].split()]
    assert sorted({target for _, target in links}) == [0, 1, 2, 3]  # I, like, tea, .
    assert ended.text.split("\n")[1:] == ["", "", ""]
    wrong = look("--format", "pharaoh", "--pairs", stdin=f"{lines}x\n".encode())
    assert wrong.code == 3 and "line 4 has no tab" in wrong.err
    strict, loose = (look("--format", "pharaoh", "--threshold", w, TEXT).text.split() for w in ("0.9", "0.01"))
    assert len(strict) < len(loose)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["", "--format", "json"], 3, "no text to look at"),
        ([TEXT, "--max-tokens", "2"], 3, "--max-tokens"),
        ([TEXT, "--layer", "9"], 2, "no layer 9"),
        ([TEXT, "--head", "0"], 2, "heads 1 to"),
        ([TEXT, "--head", "all"], 2, "one matrix"),
        ([TEXT, "--stage", "scores", "--words"], 2, "scores of words"),
        ([TEXT, "--format", "pdf"], 2, "pdf"),
        ([TEXT, "--threshold", "0.5"], 2, "pharaoh"),
        ([TEXT, "--pairs"], 2, "pharaoh"),
        ([TEXT, TEXT], 2, "one sentence"),
        ([TEXT, "-o", "no/such/folder/x.html"], 5, "no folder"),
        ([TEXT * 60], 3, "parts"),
    ],
)
def test_what_goes_wrong_is_said(arguments, code, words):
    ended = look(*arguments)
    assert (ended.code, ended.out) == (code, b"")
    assert ended.err.startswith("tfcli: ") and words in ended.err


def test_pictures_are_not_for_terminals():
    for name in ("png", "npz"):
        ended = look(TEXT, "--format", name, terminal=True)
        assert ended.code == 2 and f"-o map.{name}" in ended.err


@pytest.mark.parametrize("format", ["table", "heat", "tsv", "long", "json", "html", "svg"])
def test_nothing_of_a_stranger_reaches_a_terminal(format):
    text = "你好\x1b]52;c;aGk=\x07\u202e\x9b2J[bold]"
    ended = look(text, "--format", format, "--no-color", terminal=True)
    assert ended.code == 0
    assert not set("\x1b\x07\x9b\u202e") & set(ended.text)
