"""The Hub's own client, with what it leaves out: timeouts, limits to what a server may ask for, retries.

Everything goes through `open_hub` and `asking`. Environment as in the `hf` tool: HF_TOKEN, HF_HOME, HF_ENDPOINT,
HF_HUB_OFFLINE.
"""

import os
import random
import re
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import TypeVar

import httpx2
import huggingface_hub
from huggingface_hub import HfApi
from huggingface_hub.utils._http import default_client_factory  # it alone knows of the offline mode

import tfcli
from tfcli.errors import ConflictError, NetworkError
from tfcli.hub.errors import explain, is_passing

Answer = TypeVar("Answer")

DELAYS = [1.0, 2.0, 4.0, 8.0, 8.0]
"""Seconds before each further try, give or take a quarter."""
_PATIENCE = 20.0
_TIMEOUT = httpx2.Timeout(30.0, connect=10.0)
_LONGEST_WAIT = 60
_MOST_CONFLICTS = 5
_ETAG = re.compile(r'(W/)?"?[A-Za-z0-9._-]{1,128}"?')
_COMMIT = re.compile(r"[0-9a-f]{40}")


def open_hub() -> HfApi:
    """A client that never hangs and believes no header that could lead out of the cache."""
    if not os.environ.get("HF_DEBUG"):
        huggingface_hub.logging.set_verbosity_error()  # it would tell of every try
    huggingface_hub.set_client_factory(_make_client)
    huggingface_hub.close_session()
    return HfApi(library_name="tfcli", library_version=tfcli.__version__)


def asking(question: Callable[[], Answer], about: str, again: bool = True) -> Answer:
    """The answer to a question: what is likely to pass is tried again, unless the library has done so itself for long
    enough; all other failures become a TfcliError. about: the repository. again: whether it may be put twice."""
    started = time.monotonic()
    for delay in [*(DELAYS if again else ()), None]:
        try:
            return question()
        except Exception as error:
            if delay is None or not is_passing(error) or time.monotonic() - started > _PATIENCE:
                raise explain(error, about) from error
            time.sleep(delay * random.uniform(0.75, 1.25))
    raise AssertionError("the last try returns or raises")


def _make_client() -> httpx2.Client:
    """The library's own client with a timeout and more hooks."""
    client = default_client_factory()
    client.timeout = _TIMEOUT
    guard = _Guard()
    hooks = client.event_hooks
    client.event_hooks = {
        "request": [*hooks["request"], guard.check_request],
        "response": [*hooks["response"], guard.check_response],
    }
    return client


class _Guard:
    """Looks at every request and every answer of a client."""

    def __init__(self):
        self.conflicts = 0

    def check_request(self, request: httpx2.Request) -> None:
        if request.url.scheme != "https" and not _is_here(request.url.host):
            raise NetworkError(f'"{request.url.host}" is asked for without encryption', "use an https address")

    def check_response(self, response: httpx2.Response) -> None:
        headers = response.headers
        for name, form in (("etag", _ETAG), ("x-linked-etag", _ETAG), ("x-repo-commit", _COMMIT)):
            if (value := headers.get(name)) is not None and (not form.fullmatch(value) or ".." in value):
                raise NetworkError(f"{response.url.host} sent a header that cannot be right: {name}")
        if response.status_code == 429 and (seconds := _asked_to_wait(headers)) > _LONGEST_WAIT:
            raise NetworkError(f"{response.url.host} is busy", f"try again in {seconds:,} s")
        if response.status_code == 409:
            self.conflicts += 1
            if self.conflicts > _MOST_CONFLICTS:
                raise ConflictError(f"{response.url.host} keeps reporting a conflict", "try again in a few minutes")


def _asked_to_wait(headers: httpx2.Headers) -> int:
    found = re.search(r"\bt=(\d+)", headers.get("ratelimit", "")) or re.match(r"(\d+)", headers.get("retry-after", ""))
    return int(found[1]) if found else 0


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
