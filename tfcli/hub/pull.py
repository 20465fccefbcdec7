"""From a repository on the Hub to a model on this machine: one commit of it, every file verified.

Files lie in the Hub's own cache, where `hf` and other libraries find them too. The config comes last, so that a folder
without one is a pull that was not finished.
"""

from pathlib import Path

from tfcli.bundle import CARD, CONFIG, METRICS, RECIPE, REQUIRED, TOKENIZER, WEIGHTS, read_bundle
from tfcli.errors import ModelError
from tfcli.hub.answers import Commit, find_commit, list_files
from tfcli.hub.client import open_hub
from tfcli.hub.download import fetch
from tfcli.hub.probe import probe
from tfcli.hub.store import Store
from tfcli.pulled import HubName

FILES = {WEIGHTS: 8 << 30, TOKENIZER: 16 << 20, METRICS: 4 << 20, RECIPE: 1 << 20, CARD: 4 << 20, "LICENSE": 1 << 20}
FILES[CONFIG] = 64 << 10
"""What a model may consist of, in the order of downloading, with the most bytes of each."""


def pull(name: HubName, quiet: bool = False) -> Path:
    """The folder of a model of the Hub, in the Hub's cache. Only what is missing or damaged is downloaded.

    Raises ModelError if it is no model of tfcli or cannot be verified, and what `Hub.ask` raises.
    """
    hub = open_hub(quiet)
    commit = find_commit(hub, name)
    store = Store(commit.name)
    if not all(store.has(file) for file in REQUIRED):
        files = list_files(hub, commit.name, FILES)
        _refuse_foreign(commit, set(files))
        for file, most in FILES.items():
            if file in files:
                fetch(hub, commit.name, files[file], most)
        _check(store)
    if not name.is_commit:
        store.remember(name.revision)
    return store.folder


def _refuse_foreign(commit: Commit, files: set[str]) -> None:
    missing = [file for file in REQUIRED if file not in files]
    if missing:
        repo, library = commit.name.repo, commit.library
        what = f"it is a model for {library}" if library and library != "tfcli" else f"it has no {missing[0]}"
        convert = f"tfcli pull {repo} --convert --to DIR"
        hint = f"if it is a Marian model, convert it   {convert}" if library == "transformers" else ""
        raise ModelError(f'"{repo}" is not a model of tfcli: {what}', hint)


def _check(store: Store) -> None:
    """Config, tokenizer and the shapes of the weights fit each other; else the commit counts as not pulled."""
    try:
        bundle = read_bundle(store.folder)
        probe(store.folder / TOKENIZER)
        bundle.tokenizer()
        bundle.load_model()
    except ModelError:
        store.drop(CONFIG)
        raise
