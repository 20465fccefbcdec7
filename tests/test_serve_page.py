"""The page in a real browser: it translates as one types, by the script of the text, and runs nothing of it."""

import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
from browser import CHROMIUM, DRIVER, browser
from starlette.testclient import TestClient

from tfcli.looking import Translator
from tfcli.serve.app import make_app
from tfcli.serve.models import Models
from tfcli.serve.requests import Limits
from tfcli.serve.server import listen, make_server

in_browser = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs Chromium and its driver")

TEXT, HOSTILE = "好久不见", "<img src=x onerror=alert(1)>好<script>alert(1)</script>"
SHOWN = "return document.querySelector('#translation').textContent"
PAST = "return [...document.querySelectorAll('#past button')].map(button => button.firstChild.data)"


@pytest.fixture(scope="module")
def translators(tiny_bundle):
    back = replace(tiny_bundle, config=replace(tiny_bundle.config, source="en", target="zh"))
    return [Translator(tiny_bundle, threads=1), Translator(back, threads=1)]


@contextmanager
def served(translators, key=None):
    """The address of a server in this process."""
    with listen("127.0.0.1", 0) as listening:
        server = make_server(make_app(Models(translators), Limits(characters=100), key))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def url(translators):
    with served(translators) as url:
        yield url


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("browser")) as tab:
        yield tab


@pytest.fixture
def page(tab, url):
    """The page as at a first visit, with its languages there."""
    tab.visit(url)
    tab.run("localStorage.clear()")
    tab.visit(url)
    until(tab, "return document.querySelector('#to').options.length", 2)
    return tab


def until(tab, script, wanted):
    for _ in range(600):
        if (found := tab.run(script)) == wanted:
            return
        time.sleep(0.05)
    raise AssertionError(f"{script} gives {found!r}, not {wanted!r}")


def value(tab, selector):
    return tab.run("return document.querySelector(arguments[0]).value", selector)


@in_browser
def test_it_translates_as_one_types_and_keeps_a_history(page, translators):
    (wanted,) = translators[0].translate([TEXT])
    page.type("#text", TEXT)
    until(page, SHOWN, wanted)
    assert page.text("#detected") == "Chinese" and value(page, "#to") == "en"
    until(page, PAST, [TEXT])
    page.click("#clear")
    until(page, SHOWN, "")
    page.run("document.querySelector('#history').open = true")
    page.click("#past button")
    until(page, SHOWN, wanted)
    page.click("#forget")
    until(page, PAST, [])
    assert page.run("return localStorage.getItem('tfcli.history')") == "[]"
    assert not page.logs()


@in_browser
def test_the_script_decides_the_direction(page, translators):
    page.type("#text", "Long time")
    until(page, SHOWN, translators[1].translate(["Long time"])[0])
    assert value(page, "#to") == "zh" and page.text("#detected") == "English"
    page.click("#swap")
    assert (value(page, "#from"), value(page, "#to")) == ("zh", "en")


@in_browser
def test_a_text_stays_text(page, translators):
    page.choose("#from", "zh")
    page.type("#text", HOSTILE)
    (wanted,) = translators[0].translate([HOSTILE])
    until(page, SHOWN, wanted)
    until(page, PAST, [HOSTILE])
    assert page.run("return document.querySelectorAll('main img, main script, #past img, #past script').length") == 0


@in_browser
def test_what_is_wrong_is_said(page):
    page.type("#text", "好" * 101)
    until(page, "return document.querySelector('#status').className", "wrong")
    assert "longer than 100 characters" in page.text("#status") and page.text("#count") == "101 of 100 characters"


@in_browser
def test_the_keyboard_reaches_everything_and_everything_has_a_name(page):
    page.type("#text", TEXT)
    until(page, "return document.querySelector('#copy').disabled", False)
    reached = []
    page.run("document.body.tabIndex = -1; document.body.focus()")
    for _ in range(9):
        page.press("\ue004")  # Tab
        reached.append(page.run("return document.activeElement.id"))
    assert [name for name in reached if name][:7] == ["from", "swap", "text", "clear", "to", "translation", "copy"]
    unnamed = (
        "return [...document.querySelectorAll('button, select, textarea, [tabindex=\"0\"]')].filter(one => "
        "!(one.textContent.trim() && one.matches('button')) && !one.labels?.length && !one.ariaLabel).length"
    )
    assert page.run(unnamed) == 0


@in_browser
def test_other_translations_are_shown(tab, tiny_bundle):
    wide = Translator(tiny_bundle, threads=1, beam=3, alternatives=3)
    wanted = [other.translation for other in wide.translate_detailed([TEXT])[0].alternatives[1:]]
    with served([wide]) as url:
        tab.visit(url)
        until(tab, "return document.querySelector('#to').options.length", 1)
        tab.type("#text", TEXT)
        until(tab, "return [...document.querySelectorAll('#other-list li')].map(item => item.textContent)", wanted)
        tab.click("#clear")
        until(tab, "return document.querySelector('#others').hidden", True)


@in_browser
def test_a_server_with_a_key_is_given_it(tab, translators):
    with served(translators, "sesame") as url:
        tab.visit(url)
        until(tab, "return document.querySelector('#to').options.length", 2)
        tab.type("#text", TEXT)
        until(tab, "return document.querySelector('#status').textContent", "This server wants a key.")
        tab.type("#key", "sesame")
        until(tab, SHOWN, translators[0].translate([TEXT])[0])


def test_the_page_fetches_nothing_from_elsewhere_and_runs_no_other_script(translators):
    with TestClient(make_app(Models(translators), Limits())) as client:
        for path, kind in (("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")):
            answer = client.get(path)
            assert answer.status_code == 200 and answer.headers["content-type"].startswith(kind)
            assert "//" not in answer.text.replace("  // ", "").replace("\n// ", "\n")
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; script-src 'self';") and "unsafe" not in policy
        assert "<script>" not in client.get("/").text and "style=" not in client.get("/").text
