"""What many tests need: a model small enough to be committed, and its parts."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tfcli.bundle import Bundle, read_bundle

# A busy machine is not a failure; and what a test does in one second it need not do for ten.
settings.register_profile("tfcli", deadline=None, max_examples=60)
settings.load_profile("tfcli")

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # a shell's background job: the programs of the tests must hear it
    signal.signal(signal.SIGINT, signal.default_int_handler)

TINY = Path(__file__).parent / "data" / "tiny"


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_tests(tmp_path_factory):
    """Converted models are kept for the run of the tests, and not with this user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def tiny_bundle() -> Bundle:
    """The frozen bundle of tests/data/tiny: zh to en, thirty sentences, d_model 32, at most 48 tokens."""
    return read_bundle(TINY)


@pytest.fixture(scope="session")
def tiny_tokenizer(tiny_bundle):
    return tiny_bundle.tokenizer()


@pytest.fixture(scope="session")
def tiny_model(tiny_bundle):
    """In float32 and evaluation mode; shared by all tests, so do not change it."""
    return tiny_bundle.load_model()


@pytest.fixture
def tiny_copy(tmp_path) -> Path:
    """A folder with the tiny bundle, to be damaged."""
    return shutil.copytree(TINY, tmp_path / "tiny")


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """An empty folder, the tiny model by default, and no settings of this machine."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("TFCLI_", "HF_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("TFCLI_MODEL", str(TINY))
    monkeypatch.setenv("TFCLI_THREADS", "1")
