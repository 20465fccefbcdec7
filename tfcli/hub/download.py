"""One file of a commit, from the Hub into the cache: exactly the bytes that the Hub lists, or none."""

from pathlib import Path

from huggingface_hub import get_session, hf_hub_url
from huggingface_hub.utils import build_hf_headers, hf_raise_for_status, tqdm

import tfcli
from tfcli.errors import ModelError, TfcliError
from tfcli.hub.answers import RemoteFile
from tfcli.hub.client import Hub
from tfcli.hub.errors import is_passing
from tfcli.hub.guard import WINDOW_BYTES, at_most
from tfcli.hub.store import Incoming, Store
from tfcli.pulled import HubName


def fetch(hub: Hub, name: HubName, file: RemoteFile, most: int) -> Path:
    """The path of a file in the cache, once its bytes are those the Hub lists. A damaged one is fetched once more.
    name: of the commit. most: bytes that are read at all."""
    if file.size > most:
        raise ModelError(f'"{name.repo}": {file.path} has {file.size:,} bytes, more than {most:,} are not read')
    store = Store(name)
    for _ in range(2):
        if not store.holds(file):
            with store.receive(file) as incoming:
                _download(hub, name, incoming)
        if store.holds(file):
            return store.put(file)
    raise ModelError(f'"{name.repo}": {file.path} arrives damaged', "try again later, or from another network")


def _download(hub: Hub, name: HubName, incoming: Incoming) -> None:
    """As many rounds of tries as it needs, as long as each brings something."""
    file = incoming.expected
    with tqdm(total=file.size, desc=file.path, unit="B", unit_scale=True) as bar:
        while True:
            before = incoming.size
            try:
                return hub.ask(lambda: _receive(hub, name, incoming, bar), name.repo)
            except TfcliError as error:
                if not is_passing(error.__cause__ or error) or incoming.size - before < WINDOW_BYTES:
                    raise


def _receive(hub: Hub, name: HubName, incoming: Incoming, bar: tqdm) -> None:
    """What is missing of a file, by one request."""
    file = incoming.expected
    headers = build_hf_headers(library_name="tfcli", library_version=tfcli.__version__)
    if incoming.size:
        headers["Range"] = f"bytes={incoming.size}-"
    url = hf_hub_url(name.repo, file.path, revision=name.revision)
    with get_session().stream("GET", url, headers=headers, extensions=at_most(file.size)) as response:
        hf_raise_for_status(response)
        if incoming.size and not response.headers.get("content-range", "").startswith(f"bytes {incoming.size}-"):
            incoming.restart()
            bar.reset()
        for data in response.iter_raw():
            incoming.write(data)
            hub.guard.progress(len(data))
            bar.update(len(data))
