"""The way to the Hub: its own client, under our guard, with retries.

Environment as in the `hf` tool: HF_TOKEN, HF_HOME, HF_ENDPOINT, HF_HUB_OFFLINE.
"""

import logging
import os
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import huggingface_hub
from huggingface_hub import HfApi, constants, get_token
from huggingface_hub.utils import disable_progress_bars

import tfcli
from tfcli.errors import AccessError
from tfcli.hub.errors import explain, is_passing
from tfcli.hub.guard import Guard
from tfcli.text.sanitize import hide, redact, safe_tty

Answer = TypeVar("Answer")

DELAYS = [1.0, 2.0, 4.0, 8.0, 8.0]
"""Seconds before each further try, give or take a quarter."""
_PATIENCE = 20.0
_TOKEN = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class Hub:
    """A client that never hangs, and whose guard every byte passes. Ask it by `ask`."""

    api: HfApi
    guard: Guard

    def ask(self, question: Callable[[], Answer], about: str, again: bool = True) -> Answer:
        """The answer to a question: what is likely to pass is tried again, unless the library has done so itself for
        long enough; all other failures become a TfcliError. about: the repository. again: whether it may be put twice.
        """
        started = time.monotonic()
        with self.guard.call():
            for delay in [*(DELAYS if again else ()), None]:
                try:
                    return question()
                except Exception as error:
                    if self.guard.is_late:
                        raise self.guard.too_late() from error
                    if delay is None or not is_passing(error) or time.monotonic() - started > _PATIENCE:
                        raise explain(error, about) from error
                    time.sleep(delay * random.uniform(0.75, 1.25))
        raise AssertionError("the last try returns or raises")


def open_hub(quiet: bool = False) -> Hub:
    """quiet: without progress bars. AccessError for a token that cannot be sent."""
    token = get_token() or ""
    hide(token)
    if token and not _TOKEN.fullmatch(token):
        source = "HF_TOKEN" if os.environ.get("HF_TOKEN") else "the file of hf auth login"
        raise AccessError(f"the token from {source} is none: it has a letter or sign that no token has")
    if os.environ.get("HF_DEBUG"):
        for handler in logging.getLogger("huggingface_hub").handlers:
            handler.addFilter(_make_safe)
    else:
        huggingface_hub.logging.set_verbosity_error()  # it would tell of every try
    if quiet:
        disable_progress_bars()
    # Xet has a client of its own, which no guard of ours watches; the Hub serves all files without it too.
    constants.HF_HUB_DISABLE_XET = True
    guard = Guard(constants.ENDPOINT)
    huggingface_hub.set_client_factory(guard.make_client)
    huggingface_hub.close_session()
    return Hub(HfApi(library_name="tfcli", library_version=tfcli.__version__), guard)


def _make_safe(record: logging.LogRecord) -> bool:
    """What a server says is logged as it came."""
    record.msg, record.args = safe_tty(redact(record.getMessage()), keep_newlines=True), ()
    return True
