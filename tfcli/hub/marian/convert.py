"""A Marian model of the Hub, fetched and written as a bundle of tfcli."""

import re
from pathlib import Path

import tfcli
from tfcli.bundle import CARD, CONFIG, FORMAT, TOKENIZER, WEIGHTS, BundleConfig, write_bundle
from tfcli.card import model_card
from tfcli.config.schema import parse_json
from tfcli.errors import ModelError
from tfcli.hub.answers import find_commit, list_files
from tfcli.hub.client import open_hub
from tfcli.hub.download import fetch
from tfcli.hub.marian.config import read_config
from tfcli.hub.marian.vocabulary import read_vocabulary
from tfcli.hub.store import Store
from tfcli.pulled import HubName
from tfcli.text.languages import find_language

SOURCE, TARGET, VOCABULARY = "source.spm", "target.spm", "vocab.json"
PICKLE = "pytorch_model.bin"
TOKENIZER_CONFIG, GENERATION_CONFIG = "tokenizer_config.json", "generation_config.json"
REQUIRED = (WEIGHTS, SOURCE, TARGET, VOCABULARY, TOKENIZER_CONFIG, CONFIG)
FILES = {WEIGHTS: 8 << 30, SOURCE: 16 << 20, TARGET: 16 << 20, VOCABULARY: 16 << 20, CARD: 4 << 20}
FILES |= {TOKENIZER_CONFIG: 64 << 10, GENERATION_CONFIG: 64 << 10, CONFIG: 64 << 10}
"""What is read of a Marian model, with the most bytes of each."""


def pull_marian(name: HubName, to: Path, language: str = "", quiet: bool = False) -> Path:
    """Fetches a Marian model and makes a bundle of it in the new folder `to`, which appears whole or not at all.

    language: the one to write, of a model that writes several, as the model calls it.
    Raises ModelError if the repository holds no Marian model that is understood, and what `Hub.ask` raises.
    """
    hub = open_hub(quiet)
    pinned = find_commit(hub, name).name
    files = list_files(hub, pinned, {*FILES, PICKLE, TOKENIZER})
    _check_files(name, set(files))
    for file, most in FILES.items():
        if file in files:
            fetch(hub, pinned, files[file], most)
    try:
        return convert(Store(pinned).folder, to, pinned, language)
    except ModelError as error:
        raise ModelError(f'cannot convert "{name}": {error.message}', error.hint) from None


def convert(folder: Path, to: Path, origin: HubName, language: str = "") -> Path:
    """From the files of a Marian model to a bundle. origin: where they are from, with the commit."""
    from tfcli.hub.marian.weights import convert_weights, stored_dtype  # it imports torch

    config = read_config(*(_read_json(folder / file) for file in (CONFIG, GENERATION_CONFIG, TOKENIZER_CONFIG)))
    sides = ((folder / file).read_bytes() for file in (SOURCE, TARGET))
    vocabulary = read_vocabulary(*sides, _read_json(folder / VOCABULARY), config, language)
    card = (folder / CARD).read_text("utf-8", "replace") if (folder / CARD).exists() else ""
    with open(folder / WEIGHTS, "rb") as file:
        ours = BundleConfig(
            format=FORMAT,
            source=find_language(config.source_lang).code,
            target=find_language(language or config.target_lang).code,
            model=config.model(len(vocabulary.rows)),
            tokenizer_sha256=vocabulary.tokenizer.sha256,
            dtype=stored_dtype(file),
            library_version=tfcli.__version__,
            license=_license(card),
        )
        state = convert_weights(file, vocabulary, ours.model, config.vocab_size)
    metrics = {"parameters": sum(tensor.numel() for tensor in state.values())}
    return write_bundle(
        to,
        config=ours,
        state=state,
        tokenizer=vocabulary.tokenizer,
        recipe_toml="",
        metrics=metrics,
        card=model_card(ours, None, metrics, origin=origin.repo) + _origin(origin, ours.license, card),
    )


def _check_files(name: HubName, files: set[str]) -> None:
    missing = [file for file in REQUIRED if file not in files]
    if missing == [WEIGHTS] and PICKLE in files:
        raise ModelError(
            f'"{name}" has its weights in {PICKLE} only, a pickle, which can run code and is never read',
            f"a pull request may hold {WEIGHTS}   tfcli pull {name.repo} --revision refs/pr/NUMBER --convert --to DIR",
        )
    if TOKENIZER in files:
        raise ModelError(f'"{name}" needs no converting', f"it is a model of tfcli   tfcli pull {name}")
    if missing:
        raise ModelError(f'"{name}" is not a Marian model: it has no {missing[0]}')


def _read_json(path: Path) -> dict:
    values = parse_json(path.read_bytes(), path.name) if path.exists() else {}
    if not isinstance(values, dict):
        raise ModelError(f"{path.name} is not a table")
    return values


def _split_card(card: str) -> tuple[str, str]:
    """(metadata in YAML, text)."""
    found = re.match(r"---\r?\n(.*?)\r?\n---\r?\n(.*)", card, re.DOTALL)
    return (found[1], found[2]) if found else ("", card)


def _license(card: str) -> str:
    found = re.search(r"^license: *[\"']?([\w.+-]{1,60})[\"']?\s*$", _split_card(card)[0], re.MULTILINE)
    return found[1] if found else ""


def _origin(origin: HubName, license: str, card: str) -> str:
    """What a card adds about a converted model."""
    own = _split_card(card)[1].strip()
    return (
        f"\n## Origin\n\nConverted from `{origin.repo}` on the Hugging Face Hub, commit `{origin.revision}`: the same\n"
        "model, its weights and its vocabulary in another order. Its licence holds on: "
        f"{license or 'not stated there'}.\n" + (f"\nThe card it came with:\n\n{own}\n" if own else "")
    )
