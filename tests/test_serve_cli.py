"""`tfcli serve` as a process: a real client, a stop in the middle of work, and what is wrong at the start."""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
from contextlib import contextmanager
from http.client import HTTPResponse

import pytest
from commands import run
from libretranslatepy import LibreTranslateAPI

from tfcli.decoding.translator import Translator

TEXT = "他昨天去了北京。"


@contextmanager
def serving(*arguments: str):
    """(address, process) of a server on a free port; its stderr is read up to the address."""
    command = [sys.executable, "-m", "tfcli", "serve", "--port", "0", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            line = process.stderr.readline()
            yield re.search(r"http://\S+", line)[0], process
        finally:
            process.kill()


@pytest.fixture
def own_models(bare, monkeypatch):
    """A process that imports from the checkout, as this one does, whatever folder it starts in."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))


def test_a_real_client(own_models, tiny_bundle):
    with serving("--api-key", "secret") as (url, _):
        client = LibreTranslateAPI(url, "secret")
        assert client.translate(TEXT, "zh", "en") == Translator(tiny_bundle).translate([TEXT])[0]
        assert client.detect(TEXT) == [{"confidence": 100, "language": "zh"}]
        assert {"code": "zh", "name": "Chinese", "targets": ["zh", "en"]} in client.languages()
        with pytest.raises(urllib.error.HTTPError) as refused:
            LibreTranslateAPI(url, "guessed").translate(TEXT, "zh", "en")
        assert refused.value.code == 403 and "error" in json.load(refused.value)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to send")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_loses_no_request_that_was_taken_on(own_models, tiny_bundle, number):
    texts = [f"{TEXT}{i}" for i in range(400)]
    wanted = Translator(tiny_bundle).translate(texts)
    with serving() as (url, process):
        accepted = [post(url, {"q": texts, "source": "zh", "target": "en"}) for _ in range(4)]
        process.send_signal(number)
        assert [json.load(answer)["translatedText"] for answer in map(read_answer, accepted)] == [wanted] * 4
        rest = process.stderr.read()
        assert process.wait() == 0 and rest == "stopped\n"


def post(url: str, fields: dict) -> socket.socket:
    """A connection on which the server has said that it takes the request, which is then sent."""
    body = json.dumps(fields).encode()
    place = url.removeprefix("http://")
    connection = socket.create_connection(place.split(":"), timeout=120)
    head = f"POST /translate HTTP/1.1\r\nHost: {place}\r\nContent-Type: application/json\r\n"
    connection.sendall(f"{head}Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode())
    assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
    connection.sendall(body)
    return connection


def read_answer(connection: socket.socket) -> io.BytesIO:
    with connection:
        answer = HTTPResponse(connection)
        answer.begin()
        assert answer.status == 200
        return io.BytesIO(answer.read())


def test_an_address_for_other_machines_needs_a_key(bare, tmp_path):
    ended = run("serve", "--host", "0.0.0.0", "--port", "0")
    assert ended.code == 2 and "0.0.0.0 can be reached by other machines" in ended.err and "--api-key" in ended.err
    (tmp_path / "key").write_text("\n")
    assert run("serve", "--port", "0", "--api-key", "@key").code == 2
    assert run("serve", "--port", "0", "--api-key", "@none").code == 5
    for host in ("no such host", "203.0.113.1"):
        ended = run("serve", "--host", host, "--port", "0")
        assert ended.code == 2 and "address" in ended.err and len(ended.err.splitlines()) == 2


def test_a_port_in_use(bare):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("serve", "--port", str(port))
    assert ended.code == 9 and f"port {port} of 127.0.0.1 is in use" in ended.err
    assert len(ended.err.splitlines()) == 2


def test_a_missing_extra(bare, monkeypatch):
    monkeypatch.delitem(sys.modules, "tfcli.serve.server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    ended = run("serve")
    assert ended.code == 5 and "serving needs uvicorn" in ended.err and "tfcli[serve]" in ended.err


def test_a_model_that_is_not_there(bare):
    ended = run("serve", "--port", "0", "-m", "nothing")
    assert ended.code == 5 and 'no model "nothing"' in ended.err
