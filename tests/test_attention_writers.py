"""Every format reads back to the numbers that went in, and text of strangers stays text in all of them."""

import importlib.util
import io
import json
import os
import re
import struct
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from lxml import etree
from lxml import html as lxml_html
from made_maps import HEADS, LAYERS, hostile_tokens, made_map
from rich.cells import cell_len

from tfcli.attention_maps import WRITERS
from tfcli.attention_maps.ramp import color, ink, parts, shade
from tfcli.attention_maps.terminal import PAINTED, show
from tfcli.attention_maps.text import document, table_cell
from tfcli.attention_maps.view import View
from tfcli.attention_maps.words import merge_words
from tfcli.errors import NotFoundError, UsageError
from tfcli.text.sanitize import parse_cell

MAP = made_map(["▁", "好久", "不见", "了", "吗"], ["▁Long", "▁time", "▁no", "▁see"])
HOSTILE_MAP = made_map(hostile_tokens(12, 1), hostile_tokens(9, 2), text="".join(hostile_tokens(3, 3)))
VIEWS = [
    View(),
    View("decoder", "scores", "1", "2"),
    View("encoder", layer="mean", head="max"),
    View("all", layer="all", head="all"),
]
SINGLE = VIEWS[:3]
PAGE = {"html", "head", "meta", "title", "style", "body", "header", "p", "form", "label", "select", "main", "details"}
PAGE |= {"summary", "noscript", "script"}


def rows_of(data: bytes) -> list[list[str]]:
    return [line.split("\t") for line in data.decode().removesuffix("\n").split("\n")]


def read_cell(cell: str) -> str:
    return parse_cell(cell.removeprefix("'"))


@pytest.mark.parametrize("whole", [MAP, HOSTILE_MAP], ids=["plain", "hostile"])
@pytest.mark.parametrize("view", SINGLE)
def test_tsv(whole, view):
    sheet = view.sheet(whole)
    head, *rows = rows_of(WRITERS["tsv"](whole, view))
    assert tuple(map(read_cell, head[1:])) == sheet.keys
    assert tuple(read_cell(row[0]) for row in rows) == sheet.queries
    np.testing.assert_array_equal(np.array([row[1:] for row in rows], dtype=np.float32), sheet.values_LHQM[0, 0])


@pytest.mark.parametrize("whole", [MAP, HOSTILE_MAP], ids=["plain", "hostile"])
@pytest.mark.parametrize("view", VIEWS)
def test_long(whole, view):
    head, *rows = rows_of(WRITERS["long"](whole, view))
    assert head == ["layer", "head", "target_i", "target", "source_j", "source", "weight", "kind"]
    for sheet in view.sheets(whole):
        own = [row for row in rows if row[7] == sheet.kind]
        values = np.array([row[6] for row in own], dtype=np.float32).reshape(sheet.values_LHQM.shape)
        np.testing.assert_array_equal(values, sheet.values_LHQM)
        for layer, head, i, query, j, key, *_ in own:
            assert layer in sheet.layers and head in sheet.heads
            assert (read_cell(query), read_cell(key)) == (sheet.queries[int(i)], sheet.keys[int(j)])


@pytest.mark.parametrize("token", ["=1", "+", "-x", "@", "＝", "－", "'", "'=1", "a\tb", "\n", "\\t", "\r=", "好", ""])
def test_a_cell_is_no_formula_and_reads_back(token):
    cell = table_cell(token)
    assert not cell.startswith(tuple("=+-@＝＋－＠\t\r\n")) and not set("\t\r\n") & set(cell)
    assert read_cell(cell) == token


def check_document(found: dict, whole, view: View) -> None:
    assert found["schema"] == "tfcli.attention/1"
    assert (found["source"], found["target"], found["model"]) == (whole.source, whole.target, whole.model)
    assert (tuple(found["source_tokens"]), tuple(found["target_tokens"])) == (whole.source_tokens, whole.target_tokens)
    np.testing.assert_array_equal(np.float32(found["target_logprobs"]), whole.logprobs_T)
    assert found["score"] == pytest.approx(whole.score)
    assert all(0 <= s < len(whole.source_tokens) and 0 <= t < len(whole.target_tokens) for s, t in found["alignment"])
    for one, sheet in zip(found["maps"], view.sheets(whole), strict=True):
        assert (one["kind"], one["stage"]) == (sheet.kind, sheet.stage)
        assert (tuple(one["queries"]), tuple(one["keys"])) == (sheet.queries, sheet.keys)
        assert [str(name) for name in one["layers"] + one["heads"]] == [*sheet.layers, *sheet.heads]
        np.testing.assert_array_equal(np.float32(one["values"]), sheet.values_LHQM)


@pytest.mark.parametrize("whole", [MAP, HOSTILE_MAP], ids=["plain", "hostile"])
@pytest.mark.parametrize("view", VIEWS)
def test_json(whole, view):
    check_document(json.loads(WRITERS["json"](whole, view)), whole, view)


@pytest.mark.parametrize("whole", [MAP, HOSTILE_MAP], ids=["plain", "hostile"])
def test_npz(whole):
    arrays = np.load(io.BytesIO(WRITERS["npz"](whole, View())), allow_pickle=False)
    for kind, attention in whole.attentions.items():
        for field in ("weights_LHQM", "scores_LHQM", "q_LHQK", "k_LHMK", "v_LHMK", "out_LHQK"):
            array = arrays[f"{kind}_{field.partition('_')[0]}"]
            assert array.dtype == np.float32
            np.testing.assert_array_equal(array, getattr(attention, field))
        assert tuple(arrays[f"{kind}_keys"]) == attention.keys
    assert "cross_scores" not in np.load(io.BytesIO(WRITERS["npz"](merge_words(MAP), View())))


def test_pharaoh():
    links = [tuple(map(int, pair.split("-"))) for pair in WRITERS["pharaoh"](MAP, View()).decode().split()]
    weights = MAP.alignment_TS[:4, 1:5]
    assert sorted(links) == sorted((int(row.argmax()) + 1, i) for i, row in enumerate(weights))
    named = WRITERS["pharaoh"](MAP, View(layer="1", head="1", threshold=0.0)).split()
    assert len(named) == 4 * 4  # every token but the lone space and </s>
    for view in (View("encoder"), View(stage="scores"), View(layer="all")):
        with pytest.raises(UsageError):
            WRITERS["pharaoh"](MAP, view)


@pytest.mark.parametrize("whole", [MAP, HOSTILE_MAP], ids=["plain", "hostile"])
def test_html(whole):
    page = lxml_html.document_fromstring(WRITERS["html"](whole, View("decoder", layer="1", head="2")).decode())
    found = json.loads(page.xpath("//script[@id='map']")[0].text)
    everything = document(whole, [s for v in ("weights", "scores") for s in View("all", v, "all", "all").sheets(whole)])
    assert json.dumps(found | {"initial": 0, "habits": 0}) == json.dumps(everything | {"initial": 0, "habits": 0})
    for one in found["maps"]:
        attention = whole[one["kind"]]
        values = attention.weights_LHQM if one["stage"] == "weights" else attention.scores_LHQM
        np.testing.assert_array_equal(np.float32(one["values"]), values)
    assert found["initial"] == {"kind": "decoder", "stage": "weights", "layer": "1", "head": "2", "view": "heat"}
    assert len(found["habits"]) == 3 * LAYERS * HEADS


def skeleton(data: bytes) -> list[tuple[str, dict[str, str], str | None]]:
    """Elements with their attributes, and the text of all but the two places where text of strangers may stand."""
    free = ("title", "map")
    return [
        (str(node.tag), dict(node.attrib), None if node.tag in free or node.get("id") in free else node.text)
        for node in lxml_html.document_fromstring(data.decode()).iter()
    ]


def test_ten_thousand_tokens_leave_no_foreign_element_or_attribute_in_the_page():
    plain = skeleton(WRITERS["html"](MAP, View()))
    assert {tag for tag, *_ in plain} == PAGE
    tokens = hostile_tokens(10_000, 4)
    for start in range(0, len(tokens), 500):
        source, target = tokens[start : start + 250], tokens[start + 250 : start + 500]
        # One token carries the others: 250 by 250 numbers would only make the test slow.
        for side in (source, target):
            whole = made_map(["".join(side)], ["\x00".join(side[:3])], text=side[0] + side[1])
            page = WRITERS["html"](whole, View())
            assert skeleton(page) == plain
    whole = made_map(tokens[:40], tokens[40:80])
    page = WRITERS["html"](whole, View())
    assert skeleton(page) == plain
    data = json.loads(lxml_html.document_fromstring(page.decode()).xpath("//script[@id='map']")[0].text)
    assert data["source_tokens"] == [*tokens[:40], "</s>"]


def test_the_page_fetches_nothing():
    page = WRITERS["html"](HOSTILE_MAP, View()).decode()
    policy = re.search('Content-Security-Policy" content="([^"]*)"', page)[1]
    assert "default-src 'none'" in policy.replace("&#x27;", "'") and "unsafe" not in policy
    own = re.sub(r'<script type="application/json".*?</script>|<title>.*?</title>', "", page, flags=re.DOTALL)
    assert not re.search(r"\b(src|href|action|on\w+)\s*=", own) and own.count("http") == 2  # http-equiv, and SVG's name
    assert "innerHTML" not in own and "eval(" not in own


@pytest.mark.parametrize("whole", [MAP, HOSTILE_MAP], ids=["plain", "hostile"])
@pytest.mark.parametrize("view", VIEWS)
def test_svg(whole, view):
    picture = etree.fromstring(WRITERS["svg"](whole, view))
    namespace = "{http://www.w3.org/2000/svg}"
    assert {node.tag.removeprefix(namespace) for node in picture.iter()} <= {"svg", "rect", "g", "text", "title"}
    known = {"x", "y", "width", "height", "fill", "font-size", "font-family", "viewBox", "text-anchor", "transform"}
    assert {name for node in picture.iter() for name in node.attrib} <= known | {"pointer-events", "data-value"}
    inside = [node for node in picture.iter(f"{namespace}rect") if "data-value" in node.attrib]
    values = [np.float32(node.get("data-value")) for node in inside]
    expected = [values for sheet in view.sheets(whole) for _, values in sheet.panels()]
    np.testing.assert_array_equal(values, np.concatenate([values.ravel() for values in expected]))
    width, height = float(picture.get("width")), float(picture.get("height"))
    assert all(float(node.get("x")) < width and float(node.get("y")) < height for node in inside)


def test_png_without_matplotlib_names_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(NotFoundError, match="matplotlib") as caught:
        WRITERS["png"](MAP, View())
    assert "tfcli[plot]" in caught.value.hint


@pytest.mark.skipif(not importlib.util.find_spec("matplotlib"), reason="needs the extra plot")
class TestPng:
    LATIN = made_map(["$a$", "b_{"], ["\x1b[31m", "▁c"])

    def size(self, data: bytes) -> tuple[int, int]:
        assert data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR"
        return struct.unpack(">II", data[16:24])

    def test_its_size_grows_with_the_map(self):
        small = self.size(WRITERS["png"](self.LATIN, View()))
        large = self.size(WRITERS["png"](made_map(["a"] * 20, ["b"] * 20), View()))
        grid = self.size(WRITERS["png"](self.LATIN, View("all", layer="all", head="all")))
        assert 100 < small[0] < large[0] and 100 < small[1] < large[1] and grid[1] > 300

    def test_characters_that_no_font_has_are_named(self, monkeypatch):
        from tfcli.attention_maps import png

        monkeypatch.setattr(png, "_CHINESE", ())
        with pytest.raises(NotFoundError, match="不久好见") as caught:
            WRITERS["png"](made_map(["好久", "不见"], ["a"]), View())
        assert "fonts-noto-cjk" in caught.value.hint and "--format svg" in caught.value.hint
        self.size(WRITERS["png"](made_map(["\U0001f600"], ["a"]), View()))


WIDE = made_map(["喜欢"] * 30, ["▁something"] * 25)


@pytest.mark.parametrize("format", ["table", "heat"])
@pytest.mark.parametrize("view", VIEWS)
def test_eighty_columns_without_colour(format, view):
    for whole in (MAP, WIDE, HOSTILE_MAP):
        head, *lines = WRITERS[format](whole, view).decode().split("\n")
        assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs") or char == "\u200d" for char in "".join(lines))
        legends = ("down: ", "across: ")
        assert all(cell_len(line) <= 80 for line in lines if not line.startswith(legends)), whole.source


def test_the_table_keeps_the_digits_and_names_the_strongest():
    text = WRITERS["table"](MAP, View(layer="1", head="1")).decode()
    values = MAP.cross.weights_LHQM[0, 0]
    rows = text.split("\n")[5 : 5 + len(values)]
    for row, query, numbers in zip(rows, MAP.cross.queries, values, strict=True):
        assert row.startswith(show(query))
        assert re.findall(r"\d\.\d\d", row) == [f"{number:.2f}" for number in numbers]
        assert row.endswith(show(MAP.cross.keys[numbers.argmax()]))


def test_a_wide_table_is_folded_and_nothing_is_lost():
    text = WRITERS["table"](WIDE, View(layer="1", head="1")).decode()
    assert len(re.findall(r"\d\.\d\d", text.split("\n", 4)[4])) == WIDE.cross.weights_LHQM[0, 0].size
    assert text.count("-- keys") > 1


def test_a_masked_key_shows_no_number():
    lines = WRITERS["table"](MAP, View("decoder")).decode().split("\n")[5:]
    assert [line.count("·") for line in lines[:5]] == [4, 3, 2, 1, 0]


def test_the_shades_of_a_heat_map():
    values = MAP.cross.weights_LHQM[0, 0]
    lines = WRITERS["heat"](MAP, View(layer="1", head="1")).decode().rstrip("\n").split("\n")[-len(values) :]
    label = max(cell_len(show(query)) for query in MAP.cross.queries)
    for line, row in zip(lines, parts(values, "weights"), strict=True):
        assert line[label + 1 :] == "".join(shade(part) * 2 for part in row).rstrip()


@pytest.mark.parametrize("format", ["table", "heat"])
def test_colour_is_a_background_of_ours_alone(format):
    """In a process of its own: rich remembers how the first terminal wanted a style."""
    program = (
        "import sys, test_attention_writers as t\n"
        f"sys.stdout.buffer.write(t.WRITERS['{format}'](t.HOSTILE_MAP, t.View(color=True)))"
    )
    here = Path(__file__).parent
    wishes = {"COLORTERM": "truecolor", "TERM": "xterm-256color", "PYTHONPATH": str(here.parent)}
    ended = subprocess.run([sys.executable, "-c", program], cwd=here, env=os.environ | wishes, capture_output=True)
    painted = ended.stdout.decode()
    assert "\x1b[" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted).count("\x1b") == 0
    colours = set(re.findall(r"48;2;(\d+;\d+;\d+)", painted))
    values = parts(View().sheet(HOSTILE_MAP).values_LHQM[0, 0], "weights")
    assert colours == {";".join(map(str, color(part))) for part in values.ravel() if part >= PAINTED}


def luminance(rgb) -> float:
    linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def test_digits_can_be_read_on_every_step_of_the_ramp():
    steps = [luminance(color(i / 100)) for i in range(101)]
    assert steps == sorted(steps, reverse=True)
    for i, step in enumerate(steps):
        other = luminance(ink(i / 100))
        assert (max(step, other) + 0.05) / (min(step, other) + 0.05) >= 4.5  # WCAG 2 AA
    shades = [shade(i / 100) for i in range(101)]
    assert "".join(dict.fromkeys(shades)) == " ░▒▓█"


def test_a_map_saves_itself_by_the_name_of_the_file(tmp_path):
    for name in ("a.html", "a.svg", "a.npz", "a.json", "a.tsv"):
        MAP.save(tmp_path / name)
        assert (tmp_path / name).read_bytes() == WRITERS[name[2:]](MAP, View()) or name == "a.npz"
    with pytest.raises(UsageError, match="format"):
        MAP.save(tmp_path / "a.txt")
    assert str(MAP) == WRITERS["table"](MAP, View()).decode().rstrip()
