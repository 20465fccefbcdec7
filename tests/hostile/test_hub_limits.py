"""A Hub that is slow, endless or inflated, or that sends the token elsewhere: each ends in time, with a sentence."""

import gzip
import json
import re
from itertools import repeat
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hub_processes import MODEL, Servant, files_of
from hub_server import TOKEN, Hub, oid_of
from test_hub_pull import assert_one_line

LIMITS = {"CALL_SECONDS": 1.0, "WINDOW_SECONDS": 1.0, "WINDOW_BYTES": 1000}
ASKED = {"info": r"GET /api/models/[^?]*/revision/", "listing": "GET .*/tree/", "weights": "GET /[0-9a-f]{64}"}
SENT = {"yaml": "POST .*validate", "preupload": "POST .*/preupload/", "batch": "POST .*objects/batch"}
SENT |= {"upload": "PUT ", "verify": "POST .*/verify", "commit": "POST .*/commit/"}


@pytest.fixture(scope="module")
def hub():
    with Hub() as running:
        yield running


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def servant(hub, place):
    with Servant(hub, place / "home", LIMITS) as running:
        yield running


@pytest.fixture(scope="module")
def folder(place) -> str:
    (place / "model").mkdir()
    for name, data in MODEL.items():
        (place / "model" / name).write_bytes(data)
    return str(place / "model")


def slow_head(answer) -> None:
    answer.head_pace = 0.05


def slow_body(answer) -> None:
    answer.body_pace = 0.05


def slow_chunks(answer) -> None:
    """The length of a chunk that never comes."""
    answer.headers, answer.body_pace, answer.parts = (
        {**answer.headers, "Transfer-Encoding": "chunked"},
        0.05,
        repeat(b"0"),
    )


def endless(answer) -> None:
    answer.parts = repeat(b" " * 65_536)


def longer(answer) -> None:
    answer.parts = [b"".join(answer.parts) + bytes(5 << 20)]


def inflated(answer) -> None:
    answer.headers, answer.parts = {**answer.headers, "Content-Encoding": "gzip"}, [gzip.compress(bytes(64 << 20))]


def busy(answer) -> None:
    answer.status, answer.headers = 503, {**answer.headers, "Retry-After": "9" * 5000}


KINDS = [slow_head, slow_body, slow_chunks, endless, longer, inflated, busy]


def spoil(hub: Hub, pattern: str, change) -> None:
    def tamper(handler, answer):
        if re.match(pattern, f"{handler.command} {handler.path}"):
            change(answer)
        return answer

    hub.tamper = tamper


LIGHT = [slow_body, endless, inflated, busy]


@pytest.mark.parametrize(
    "change", [kind if kind in LIGHT else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]
)
def test_what_is_asked_for_ends_in_time_and_within_bounds(hub, servant, place, change):
    for what, pattern in ASKED.items():
        name = f"eve/{change.__name__}-{what}"
        hub.add(name, MODEL)
        spoil(hub, pattern, change)
        assert_one_line(servant.run("pull", name, limit=60), 7)
    cache = place / "home" / "hub"
    assert sum(path.stat().st_size for path in cache.rglob("*") if not path.is_symlink()) < 10 << 20


@pytest.mark.parametrize("change", [endless, *(pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS)])
def test_what_is_sent_ends_in_time_and_within_bounds(hub, servant, folder, change):
    for what, pattern in SENT.items():
        name = f"eve/{change.__name__}-{what}"
        hub.add(name, {})
        hub.large.clear()
        spoil(hub, pattern, change)
        ended = servant.run("push", folder, name, "--yes", "-q", limit=60)
        harmless = 0 if change not in (slow_head, inflated, busy) else 7  # a body that is empty, or that nobody reads
        assert ended.returncode in (7, harmless), (what, ended.stderr)


def test_a_slow_line_is_no_reason_to_give_up(hub, servant):
    """The weights take longer than any call, but keep coming."""
    hub.add("eve/steady", MODEL)
    data = MODEL["model.safetensors"]
    size = len(data) // 25

    def tamper(handler, answer):
        if handler.path.endswith(oid_of("model.safetensors", data)):
            answer.parts, answer.part_pace = [data[i : i + size] for i in range(0, len(data), size)], 0.1
        return answer

    hub.tamper = tamper
    ended = servant.run("pull", "eve/steady")
    assert ended.returncode == 0, ended.stderr
    assert files_of(Path(ended.stdout.rstrip("\n"))) == MODEL


def test_pages_without_end_and_without_entries_end(hub, servant):
    hub.add("eve/pages", MODEL)
    hub.log.clear()

    def next_page(answer) -> None:
        answer.parts = [b"[]"]
        answer.headers = {**answer.headers, "Link": f'<{hub.url}/api/models/eve/pages/tree/main>; rel="next"'}

    spoil(hub, ASKED["listing"], next_page)
    assert_one_line(servant.run("pull", "eve/pages"), 7)
    assert len(hub.log) < 300


def elsewhere(hub: Hub) -> list[str]:
    """The Hub under another name, and another server."""
    return [hub.url.replace("127.0.0.1", "localhost"), hub.cdn]


def assert_no_token_elsewhere(hub: Hub) -> None:
    home = urlsplit(hub.url).netloc
    assert {token for host, token in hub.seen_tokens if host != home} == {None}, (
        "somebody else was asked, without a token"
    )
    assert (home, f"Bearer {TOKEN}") in hub.seen_tokens


@pytest.mark.parametrize("way", ["next", "xet", "redirect"])
def test_no_other_server_learns_the_token_of_a_pull(hub, servant, way):
    for i, address in enumerate(elsewhere(hub)):
        hub.add(name := f"eve/{way}{i}", MODEL)
        hub.seen_tokens.clear()
        there = f"{address}/api/models/{name}/tree/main"

        def change(answer, there=there) -> None:
            if way == "redirect":
                answer.status, answer.headers = 307, {**answer.headers, "Location": there}
            else:
                rel = {"next": "next", "xet": "xet-auth"}[way]
                answer.headers = {**answer.headers, "Link": f'<{there}>; rel="{rel}"', "X-Xet-Hash": "f" * 64}

        spoil(hub, r"GET .*/tree/[0-9a-f]{40}" if way != "xet" else "GET .*/resolve/", change)
        servant.run("pull", name)
        if way != "xet":
            assert_no_token_elsewhere(hub)
        assert not [token for host, token in hub.seen_tokens if token and host != urlsplit(hub.url).netloc]


@pytest.mark.parametrize("action", ["upload", "verify"])
def test_no_other_server_learns_the_token_of_a_push(hub, servant, folder, action):
    for i, address in enumerate(elsewhere(hub)):
        hub.add(name := f"eve/{action}{i}", {})
        hub.large.clear()
        hub.seen_tokens.clear()

        def change(answer, address=address) -> None:
            batch = json.loads(answer.parts[0])
            for wish in batch["objects"]:
                wish["actions"][action]["href"] = f"{address}/{wish['oid'] if action == 'upload' else 'verify'}"
            answer.parts = [json.dumps(batch).encode()]

        spoil(hub, SENT["batch"], change)
        servant.run("push", folder, name, "--yes", "-q")
        assert_no_token_elsewhere(hub)
