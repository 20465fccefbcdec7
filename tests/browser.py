"""Chromium without a window, driven over the WebDriver protocol with nothing but the standard library."""

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1200,900"]
_FLAGS += ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
_FLAGS += ["--disable-sync"]


class Browser:
    """One session. url: of the session at the driver."""

    def __init__(self, url: str):
        self.url = url

    def open(self, path: Path) -> None:
        self.visit(path.resolve().as_uri())

    def visit(self, url: str) -> None:
        self._post("url", {"url": url})

    def run(self, script: str, *arguments: object) -> Any:
        """The value that a piece of JavaScript returns."""
        return self._post("execute/sync", {"script": script, "args": arguments})

    def click(self, selector: str) -> None:
        self._post(f"element/{self._find(selector)}/click", {})

    def type(self, selector: str, keys: str) -> None:
        self._post(f"element/{self._find(selector)}/value", {"text": keys})

    def hover(self, selector: str) -> None:
        origin = {_ELEMENT: self._find(selector)}
        move = {"type": "pointerMove", "duration": 0, "origin": origin, "x": 0, "y": 0}
        self._post("actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": [move]}]})

    def press(self, key: str) -> None:
        """A key, to whatever has the focus."""
        strokes = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self._post("actions", {"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]})

    def choose(self, selector: str, value: str) -> None:
        """An option of a select, by clicking it."""
        self.click(f"{selector} option[value='{value}']")

    def text(self, selector: str) -> str:
        return self.run("return document.querySelector(arguments[0]).textContent", selector)

    def emulate(self, **media: object) -> None:
        """`prefers_color_scheme="dark"` or `media="print"`."""
        features = [
            {"name": name.replace("_", "-"), "value": value} for name, value in media.items() if name != "media"
        ]
        params = {"media": media.get("media", ""), "features": features}
        self._post("goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": params})

    def logs(self) -> list[str]:
        """What the console of the browser complained about."""
        return [entry["message"] for entry in self._post("se/log", {"type": "browser"})]

    def screenshot(self) -> bytes:
        return base64.b64decode(_call("GET", f"{self.url}/screenshot"))

    def _find(self, selector: str) -> str:
        return self._post("element", {"using": "css selector", "value": selector})[_ELEMENT]

    def _post(self, command: str, values: dict[str, Any]) -> Any:
        return _call("POST", f"{self.url}/{command}", values)


@contextmanager
def browser(folder: Path):
    """A Browser whose profile lies in `folder`; it ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    driver = subprocess.Popen([DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    root = f"http://127.0.0.1:{port}"
    try:
        _wait(f"{root}/status")
        options = {"binary": CHROMIUM, "args": [*_FLAGS, f"--user-data-dir={folder / 'profile'}"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        session = _call("POST", f"{root}/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        yield Browser(f"{root}/session/{session}")
        _call("DELETE", f"{root}/session/{session}")
    finally:
        driver.terminate()
        driver.wait()


def _wait(url: str) -> None:
    for _ in range(100):
        try:
            return _call("GET", url)
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("chromedriver does not answer")


def _call(method: str, url: str, values: dict[str, Any] | None = None) -> Any:
    data = None if values is None else json.dumps(values).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=120) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        raise AssertionError(json.load(error)["value"]["message"]) from None
