"""The page in a real browser: it draws, answers to mouse and keyboard, and runs nothing that a token says."""

import re
import subprocess
import sys

import numpy as np
import pytest
from browser import CHROMIUM, DRIVER, browser
from made_maps import HEADS, LAYERS, hostile_tokens, made_map

from tfcli.attention_maps.view import View
from tfcli.attention_maps.words import merge_words

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs Chromium and its driver")

SOURCE, TARGET = ["▁", "好久", "不见"], ["▁Long", "▁time", "▁no"]
MAP = made_map(SOURCE, TARGET)
CELLS = "return [...document.querySelectorAll('td')].map(cell => cell.textContent)"
OWN = {"table", "thead", "tbody", "tr", "th", "td", "span", "svg", "path", "text", "div", "button"}
OWN |= {"canvas", "small"}
DOWN, RIGHT, HOME, TAB = "\ue015", "\ue014", "\ue011", "\ue004"


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("browser")) as tab:
        yield tab


@pytest.fixture
def page(tab, tmp_path):
    """A function that opens the page of a map."""

    def open_page(whole=MAP, **view):
        path = tmp_path / "map.html"
        path.write_bytes(whole.render("html", **view))
        tab.emulate(prefers_color_scheme="light")
        tab.open(path)
        return tab

    return open_page


def numbers(values) -> list[str]:
    return [f"{value:.2f}" for value in values.ravel()]


def test_it_shows_what_is_picked(page):
    tab = page()
    weights = MAP.cross.weights_LHQM
    assert tab.run(CELLS) == numbers(weights[1].mean(0))  # the layer that aligns best, the mean of its heads
    tab.choose("#layer", "1")
    tab.choose("#head", "3")
    assert tab.run(CELLS) == numbers(weights[0, 2])
    tab.choose("#head", "max")
    assert tab.run(CELLS) == numbers(weights[0].max(0))
    tab.choose("#layer", "mean")
    assert tab.run(CELLS) == numbers(weights.mean(0).max(0))
    tab.choose("#kind", "encoder")
    tab.choose("#head", "mean")
    tab.choose("#stage", "scores")
    shown, expected = np.array(tab.run(CELLS), dtype=float), MAP.encoder.scores_LHQM.mean((0, 1)).ravel()
    np.testing.assert_allclose(shown, expected, atol=0.051)
    tab.choose("#kind", "decoder")
    tab.choose("#stage", "weights")
    assert tab.run(CELLS).count("·") == 6  # four tokens, each hides from those before it
    assert tab.text("#sentence").endswith("▁Long▁time▁no") and tab.logs() == []


def test_the_view_says_what_comes_first(page):
    tab = page(kind="decoder", layer="1", head="2")
    assert tab.run("return [...document.querySelectorAll('select')].map(s => s.value)") == [
        *("decoder", "1", "2", "weights", "heat")
    ]
    tab = page(layer="all", head="all")
    assert tab.run("return document.querySelector('#view').value") == "grid"
    tab = page(merge_words(MAP))
    assert tab.run("return [...document.querySelectorAll('#stage option')].length") == 1


def test_mouse_and_keys_read_the_numbers(page):
    tab = page()
    values = MAP.cross.weights_LHQM[1].mean(0)
    tab.hover("tbody tr:nth-child(2) td:nth-of-type(3)")
    assert tab.text("#reading") == f"␣time ← 不见: {values[1, 2]:.4f}"
    assert tab.run("return [...document.querySelectorAll('th.lit')].map(t => t.textContent)") == ["不见", "␣time"]
    tab.run("document.querySelector('#view').focus()")
    tab.press(TAB)
    for key, place in ((DOWN, (1, 0)), (RIGHT, (1, 1)), (RIGHT, (1, 2)), (DOWN, (2, 2)), (HOME, (2, 0))):
        tab.press(key)
        assert tab.text("#reading").endswith(f"{values[place]:.4f}")
    assert tab.run("return document.querySelectorAll('td[tabindex=\"0\"]').length") == 1


def test_lines(page):
    tab = page(layer="1", head="1")
    tab.choose("#view", "lines")
    weights = MAP.cross.weights_LHQM[0, 0]
    assert tab.run("return document.querySelectorAll('path').length") == (weights / weights.max() >= 0.03).sum()
    tab.hover("svg text:nth-of-type(6)")  # after four keys, the second query
    best = weights[1].argmax()
    assert tab.text("#reading") == f"␣time ← {['␣', '好久', '不见', '</s>'][best]}: {weights[1].max():.4f}"
    assert tab.run("return document.querySelectorAll('path.lit').length") == (weights[1] / weights.max() >= 0.03).sum()


def test_the_grid_opens_a_head(page):
    tab = page()
    tab.choose("#view", "grid")
    assert tab.run("return document.querySelectorAll('.grid canvas').length") == LAYERS * HEADS
    tab.click(".grid button:nth-child(2)")
    assert tab.run(CELLS) == numbers(MAP.cross.weights_LHQM[0, 1])


def test_dark_and_light_and_print(page):
    tab = page()
    background = "return getComputedStyle(document.documentElement).backgroundColor"
    cells = "return [...document.querySelectorAll('td')].map(cell => getComputedStyle(cell).backgroundColor)"
    light, light_cells = tab.run(background), tab.run(cells)
    tab.emulate(prefers_color_scheme="dark")
    assert tab.run(background) != light and tab.run(cells) != light_cells
    assert len(set(light_cells)) > 5
    tab.emulate(media="print", prefers_color_scheme="dark")
    assert (tab.run(background), tab.run(cells)) == (light, light_cells)
    assert tab.run("return getComputedStyle(document.querySelector('#controls')).display") == "none"
    assert tab.run("return getComputedStyle(document.querySelector('#shown')).display") == "block"


def test_tokens_run_nothing(page):
    tab = page(made_map(hostile_tokens(40, 8), hostile_tokens(30, 9), text="".join(hostile_tokens(5, 10))))
    for view in ("lines", "grid", "heat"):
        for kind in ("encoder", "decoder", "cross"):
            tab.choose("#kind", kind)
            tab.choose("#view", view)
            found = tab.run("return [...document.querySelectorAll('main *')].map(e => e.tagName.toLowerCase())")
            assert set(found) <= OWN
    shown = tab.run("return [...document.querySelectorAll('thead th span')].map(s => s.textContent)")
    tokens = [token.replace("▁", "␣") for token in (*hostile_tokens(40, 8), "</s>")]
    assert shown == tokens and tab.logs() == []
    assert tab.run("return document.scripts.length") == 2
    fetched = tab.run("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert fetched == []


def test_the_page_of_the_command_opens(tab, tmp_path, tiny_bundle):
    path = tmp_path / "map.html"
    command = [sys.executable, "-m", "tfcli", "attention", "好久不见", "-m", str(tiny_bundle.folder), "-o", str(path)]
    subprocess.run(command, check=True)
    tab.open(path)
    assert re.match("好久不见 → ", tab.text("#sentence")) and len(tab.run(CELLS)) > 3
    assert View().kind == tab.run("return document.querySelector('#kind').value")
