"""The curves of a run: `tfcli runs`, and the picture a run leaves."""

import json
import re
import xml.etree.ElementTree as ElementTree

import pytest
from commands import run
from runs import short_recipe, train, training

from tfcli.errors import DataError
from tfcli.training.curves import Panel, draw, read_panels, write_svg

SVG = "{http://www.w3.org/2000/svg}"


def _metrics(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_a_run_leaves_its_curves(tmp_path):
    train(training(short_recipe(tmp_path), valid_every=5), tmp_path / "run")
    root = ElementTree.parse(tmp_path / "run" / "curves.svg").getroot()
    validations = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().split("\n") if line]
    validations = [line for line in validations if line["kind"] == "validation"]
    assert len(validations) == 3
    for line in root.iter(f"{SVG}polyline"):
        assert len(line.get("points").split()) == 3


def test_points_stand_where_their_numbers_say(tmp_path):
    points = {0: 1.0, 50: 2.0, 100: 4.0}
    write_svg([Panel("<loss>", {"a & b": points}, 100)], tmp_path / "x.svg")
    root = ElementTree.parse(tmp_path / "x.svg").getroot()
    (line,) = root.iter(f"{SVG}polyline")
    (x0, y0), (x1, y1), (x2, y2) = [tuple(map(float, point.split(","))) for point in line.get("points").split()]
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2) and (y0 - y1) * 2 == pytest.approx(y1 - y2, abs=0.3)
    assert {"<loss>", "a & b", "1", "4"} <= {element.text for element in root.iter(f"{SVG}text")}


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_rising_line_rises_from_corner_to_corner_within_the_width(width):
    lines = draw(Panel("t", {"up": {step: float(step) for step in range(1001)}}, 1000), width)
    assert max(map(len, lines)) == width
    rows = [line.partition("┤")[2] for line in lines if "┤" in line]
    columns = [(row.index("•"), row.rindex("•")) for row in rows]
    assert columns == sorted(columns, reverse=True)
    assert columns[-1][0] == 0 and columns[0][1] == max(map(len, rows)) - 1


def test_a_flat_line_and_a_single_point(tmp_path):
    assert any("•••" in line for line in draw(Panel("t", {"flat": dict.fromkeys(range(99), 3.0)}, 98), 20))
    metrics = _metrics(tmp_path / "m", [{"kind": "step", "step": 50, "loss": 1.0, "learning_rate": 0.1}])
    assert read_panels(metrics) == []


def test_what_was_logged_again_counts_as_it_was_logged_last(tmp_path):
    lines = [{"kind": "step", "step": step, "loss": loss} for step, loss in [(50, 9.0), (100, 8.0), (100, 7.0)]]
    lines.append({"kind": "step", "step": 150, "loss": None})  # not finite
    (panel,) = read_panels(_metrics(tmp_path / "m", lines))
    assert panel.curves == {"training": {50: 9.0, 100: 7.0}}


@pytest.mark.parametrize("line", [b"{", b"[]", b"7", b'{"kind": "step"}', b"\xff", b'{"step": 1}'])
def test_other_lines_are_named(tmp_path, line):
    path = tmp_path / "m"
    path.write_bytes(b'{"kind": "step", "step": 1, "loss": 1}\n' + line + b"\n")
    with pytest.raises(DataError, match="line 2"):
        read_panels(path)


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = run("runs")
    assert (ended.code, ended.out) == (0, b"") and "no runs" in ended.err
    folder = tmp_path / "runs" / "mine"
    folder.mkdir(parents=True)
    scores = {"loss": 2.5, "chrf": 3.0, "best": True}
    lines = [{"kind": "step", "step": s, "loss": 9 / s, "learning_rate": 0.1 * s} for s in (50, 100, 150)]
    lines += [{"kind": "validation", "step": s, "bleu": s / 10, **scores} for s in (60, 120)]
    _metrics(folder / "metrics.jsonl", lines)
    assert re.search(r"runs/mine +step 150 .* loss 2.50 +BLEU 12.0", run("runs").text)
    drawn = run("runs", "runs/mine", "--svg", "x.svg")
    assert [line for line in drawn.text.split("\n") if "•" in line and "┤" not in line] == [
        "loss   • training   o validation",
        "BLEU   • validation",
        "chrF   • validation",
        "learning rate   • training",
    ]
    assert drawn.text.count("step 150") == 4, "all end at the same step, whenever their last point is"
    assert (tmp_path / "x.svg").exists()
    assert run("runs", "elsewhere").code == 5
