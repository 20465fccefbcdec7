"""Names on the Hub, and where its cache lies: as the Hub's own client has it."""

import json
import subprocess
import sys

import pytest

from tfcli.cli.app import main
from tfcli.pulled import HubName, hub_cache, hub_home, parse_hub_name

PLACES = [
    {},
    {"HF_HOME": "/a/home"},
    {"HF_HOME": "~/home"},
    {"HF_HOME": "$PLACE/home"},
    {"XDG_CACHE_HOME": "/a/xdg"},
    {"HF_HUB_CACHE": "/a/cache"},
    {"HUGGINGFACE_HUB_CACHE": "/an/old/cache"},
    {
        "HF_HUB_CACHE": "~/cache",
        "HF_HOME": "/a/home",
        "XDG_CACHE_HOME": "/a/xdg",
        "HUGGINGFACE_HUB_CACHE": "/an/old/cache",
    },
]


@pytest.fixture(params=PLACES, ids=" ".join)
def place(request, bare, monkeypatch):
    for name in ("XDG_CACHE_HOME", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/a/person")
    monkeypatch.setenv("PLACE", "/a/place")
    for name, value in request.param.items():
        monkeypatch.setenv(name, value)


def test_the_cache_lies_where_the_client_has_it_and_where_doctor_looks(place, capfdbinary):
    program = "from huggingface_hub import constants as c; print(c.HF_HUB_CACHE); print(c.HF_HOME)"
    theirs = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert [str(hub_cache()), str(hub_home())] == theirs.split()
    assert main(["doctor", "--json"]) == 0
    assert json.loads(capfdbinary.readouterr().out)["Hub cache"].startswith(f"{hub_cache()} (")


GOOD = ["a/b", "alice/toy@main", "alice/toy@refs/pr/3", f"a_b/c.d-e@{'0' * 40}", "-/x@v1.0"]
BAD = [
    "a",
    "a/b/c",
    "a/..",
    "../b",
    "a/b@",
    "a/b@../x",
    "a--b/c",
    "a/b@/x",
    "a/b@x/",
    "a/b@x//y",
    "a/b@.x",
    "-/x\n",
    "a/b@x\n",
]
BAD += ["", "@", "/", "a/b@@", "ä/b", "a/" + "b" * 100, "a/b@" + "x" * 300, "a/b\0", "a/b@x\0"]


def test_names_come_back_as_they_were_written():
    for text in GOOD:
        assert str(parse_hub_name(text)) == text.removesuffix("@main")
    for text in BAD:
        assert parse_hub_name(text) is None, text


def test_a_store_lies_in_the_cache():
    for text in GOOD:
        name = parse_hub_name(text)
        assert name.store.parent == hub_cache() and (name.store / name.revision).resolve().is_relative_to(
            name.store.resolve()
        )
    assert HubName("a/b").revision == "main"
