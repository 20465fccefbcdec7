"""What can go wrong on the way to the Hub, in plain words and with an exit code. Kinds before their bases."""

import os
import urllib.request

import httpx2
from huggingface_hub import constants, get_token
from huggingface_hub import errors as hub

from tfcli.errors import AccessError, ConflictError, ModelError, NetworkError, NotFoundError, TfcliError
from tfcli.hub.guard import RETRIED
from tfcli.text.sanitize import redact

_LOG_IN = "log in with   hf auth login   or set HF_TOKEN"
_LONGEST = 300


def is_passing(error: BaseException) -> bool:
    """Whether the same question may well be answered a moment later."""
    error = _root(error)
    if isinstance(error, hub.OfflineModeIsEnabled | TfcliError | hub.RepositoryNotFoundError):
        return False
    if isinstance(error, hub.HfHubHTTPError):
        return error.response.status_code in RETRIED - {429}
    return isinstance(error, httpx2.TransportError | ConnectionError | TimeoutError)


def explain(error: BaseException, repo: str) -> BaseException:
    """The TfcliError that stands for an error of the client about a repository; what is no matter of the Hub, such as a
    full disk, comes back as it is."""
    error = _root(error)
    url = f"{constants.ENDPOINT}/{repo}"
    match error:
        case TfcliError():
            return error
        case hub.GatedRepoError():
            return AccessError(f'"{repo}" is gated', f"ask for access at   {url}   then {_LOG_IN}")
        case hub.DisabledRepoError():
            return AccessError(f'"{repo}" has been disabled by the Hub')
        case hub.RepositoryNotFoundError():
            source = "HF_TOKEN" if os.environ.get("HF_TOKEN") else "hf auth login"
            known = f"this token (from {source}) cannot read it" if get_token() else f"nobody is logged in; {_LOG_IN}"
            hint = f"it does not exist, or it is private and {known}"
            return NotFoundError(f'the Hub does not show "{repo}" to you', hint)
        case hub.RevisionNotFoundError():
            return NotFoundError(f'"{repo}" has no such revision', f"its branches and tags   {url}/tree/main")
        case hub.RemoteEntryNotFoundError():
            return NotFoundError(f'"{repo}" has no such file', f"its files   {url}/tree/main")
        case hub.OfflineModeIsEnabled():
            return NetworkError("offline mode is on (HF_HUB_OFFLINE)", "unset it to reach the Hub")
        case hub.LocalTokenNotFoundError():
            return AccessError("the Hub wants to know who you are", _LOG_IN)
        case hub.HfHubHTTPError():
            return _by_status(error, repo)
        case httpx2.TransportError() | ConnectionError() | TimeoutError() | hub.LocalEntryNotFoundError():
            return NetworkError(f"the Hub cannot be reached at {constants.ENDPOINT}", _route())
        case ValueError() if str(error).startswith("Invalid metadata in README.md"):
            return ModelError(f"the Hub refuses the card: {_shown(error)}", "change the lines between --- in README.md")
        case ImportError(name="socksio"):
            return NetworkError("the proxy speaks SOCKS, which needs one more package", "pip install socksio")
        case OSError() | MemoryError() | ImportError():
            return error
    # The client takes the types of an answer for granted, so that anything may be raised by one of others.
    return NetworkError(f"{constants.ENDPOINT} does not answer as the Hub does", _route())


def _by_status(error: hub.HfHubHTTPError, repo: str) -> TfcliError:
    status = error.response.status_code
    said = _shown(error.server_message or f"HTTP status {status}")
    if status == 401:
        return AccessError("the Hub does not accept this token", _LOG_IN)
    if status == 403:
        hint = "make one that may   https://huggingface.co/settings/tokens"
        return AccessError(f'this token may not do that with "{repo}"', hint)
    if status == 404:
        return NotFoundError(f'the Hub finds nothing there for "{repo}" ({said})')
    if status in (409, 412):
        return ConflictError(f'"{repo}" has changed in the meantime', "look at what is new there, then try again")
    if status in RETRIED:
        return NetworkError(f"the Hub is busy or out of order ({said})", "try again later")
    return NetworkError(f"the Hub refuses: {said}")


def _shown(words: object) -> str:
    """On one line, and not without end. A token is taken out first, of which half would remain."""
    return " ".join(redact(str(words)).split())[:_LONGEST]


def _root(error: BaseException) -> BaseException:
    """The error that others only wrap."""
    wrapping = RuntimeError, hub.LocalEntryNotFoundError, hub.RevisionResolutionError
    while isinstance(error, wrapping) and error.__cause__ is not None:
        error = error.__cause__
    return error


def _route() -> str:
    """Which way requests go."""
    proxies = {kind: address for kind, address in sorted(urllib.request.getproxies().items()) if kind != "no"}
    ways = ", ".join(f"{kind} by the proxy {address.rpartition('@')[2]}" for kind, address in proxies.items())
    return f"requests go   {ways}" if ways else "is this machine online?"
