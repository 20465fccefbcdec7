"""What no server may do, whatever it answers: keep us waiting, fill memory or disk, learn a token that is not its own.

The one place that every request to the Hub and every byte of an answer passes.
"""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_address

import httpx2
from huggingface_hub import is_offline_mode
from huggingface_hub.errors import OfflineModeIsEnabled

from tfcli.errors import ConflictError, NetworkError

TIMEOUT = httpx2.Timeout(30.0, connect=10.0)
"""Of a silent server."""
CALL_SECONDS = 120.0
"""From a question to the end of its answer, further tries included. A file that comes or goes has longer, as long as
WINDOW_BYTES of it pass in every WINDOW_SECONDS."""
WINDOW_SECONDS, WINDOW_BYTES = 30.0, 128 << 10
_ANSWER_BYTES = 4 << 20
_MOST_REQUESTS = 200
_MOST_REDIRECTS = 10
_LONGEST_WAIT = 60
_MOST_CONFLICTS = 5
_MOST_BYTES = "most_bytes"
RETRIED = {408, 425, 429, 500, 502, 503, 504}
"""Answers after which the same question may well be answered a moment later."""


class Guard:
    """Watches over a client of a Hub. endpoint: the address of the Hub, the only one that a token is for."""

    def __init__(self, endpoint: str):
        try:
            self.home = httpx2.URL(endpoint)
        except httpx2.InvalidURL as error:
            raise NetworkError(f'the address of the Hub, "{endpoint}", is none', "see HF_ENDPOINT") from error
        self.is_late = False
        self._streams: list = []
        self._begin()

    def make_client(self) -> httpx2.Client:
        hooks = {"request": [self._check_request], "response": [self._check_response]}
        # A compressed answer may be a thousand times as long as what comes over the line.
        plain = {"Accept-Encoding": "identity"}
        return httpx2.Client(
            event_hooks=hooks, headers=plain, timeout=TIMEOUT, follow_redirects=True, max_redirects=_MOST_REDIRECTS
        )

    @contextlib.contextmanager
    def call(self) -> Iterator[None]:
        """The block ends in time, with an exception if need be; then `is_late`. Not from two threads at once."""
        self._begin()
        done = threading.Event()
        threading.Thread(target=self._cut_when_late, args=(done,), daemon=True).start()
        try:
            yield
        finally:
            done.set()

    def progress(self, count: int) -> None:
        """So many bytes of a file have passed."""
        self._passed += count
        if self._passed >= WINDOW_BYTES:
            self._passed = 0
            self._extend(WINDOW_SECONDS)

    def sent(self, count: int) -> None:
        """A body of so many bytes is on its way. What the Hub does with a large one has the time of another call."""
        if count >= WINDOW_BYTES:
            self._extend(CALL_SECONDS)

    def too_late(self) -> NetworkError:
        return NetworkError(f"{self.home.host} is too slow", "try again later, or from another network")

    def _extend(self, seconds: float) -> None:
        self._end = max(self._end, time.monotonic() + seconds)

    def _begin(self) -> None:
        self.is_late = False
        self._end = time.monotonic() + CALL_SECONDS
        self._passed = self._requests = self._conflicts = 0

    def _cut_when_late(self, done: threading.Event) -> None:
        """Timeouts of a client start anew with each byte, so that one byte a second could go on for ever."""
        while (left := self._end - time.monotonic()) > 0:
            if done.wait(left):
                return
        if done.is_set():
            return
        self.is_late = True
        for stream in self._streams:
            with contextlib.suppress(OSError):
                # It wakes whoever reads from the socket, which closing it would not do.
                socket.socket.shutdown(stream.get_extra_info("socket"), socket.SHUT_RDWR)

    def _trace(self, event: str, facts: dict) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._streams.append(facts["return_value"])
            if self.is_late:
                raise self.too_late()

    def _check_request(self, request: httpx2.Request) -> None:
        if is_offline_mode():
            raise OfflineModeIsEnabled("offline mode is on")
        if self.is_late:
            raise self.too_late()
        self._requests += 1
        if self._requests > _MOST_REQUESTS:
            raise NetworkError(f"{self.home.host} needs more than {_MOST_REQUESTS} requests for one answer")
        url = request.url
        if url.scheme != "https" and not (_is_here(url.host) and _is_here(self.home.host)):
            raise NetworkError(f'"{url.host}" is asked for without encryption', "use an https address")
        if _origin(url) != _origin(self.home):
            for name in ("authorization", "cookie"):
                request.headers.pop(name, None)
        request.extensions = {**request.extensions, "trace": self._trace}
        request.stream = _Sent(request.stream, self)

    def _check_response(self, response: httpx2.Response) -> None:
        headers, host = response.headers, response.url.host
        if headers.get("content-encoding", "identity") != "identity":
            raise NetworkError(f"{host} sent a compressed answer, which was not asked for")
        left = max(0, min(_LONGEST_WAIT, self._end - time.monotonic()))
        if response.status_code in RETRIED and (seconds := _asked_to_wait(response)) > left:
            raise NetworkError(f"{host} is busy", f"try again in {seconds:,} s")
        if response.status_code == 409:
            self._conflicts += 1
            if self._conflicts > _MOST_CONFLICTS:
                raise ConflictError(f"{host} keeps reporting a conflict", "try again in a few minutes")
        is_file = response.status_code in (200, 206)
        most = response.request.extensions.get(_MOST_BYTES, _ANSWER_BYTES) if is_file else _ANSWER_BYTES
        response.stream = _Received(response.stream, host, most)


def at_most(count: int) -> dict[str, int]:
    """The extensions of a request whose answer may be a file of so many bytes."""
    return {_MOST_BYTES: count}


class _Sent(httpx2.SyncByteStream):
    """A body on its way out."""

    def __init__(self, stream: httpx2.SyncByteStream, guard: Guard):
        self.stream, self.guard = stream, guard

    def __iter__(self) -> Iterator[bytes]:
        count = 0
        for part in self.stream:
            yield part
            count += len(part)
            self.guard.progress(len(part))
        self.guard.sent(count)

    def close(self) -> None:
        self.stream.close()


class _Received(httpx2.SyncByteStream):
    """A body on its way in."""

    def __init__(self, stream: httpx2.SyncByteStream, host: str, most: int):
        self.stream, self.host, self.most = stream, host, most

    def __iter__(self) -> Iterator[bytes]:
        count = 0
        for part in self.stream:
            count += len(part)
            if count > self.most:
                raise NetworkError(f"{self.host} sends more than the {self.most:,} bytes that this answer may have")
            yield part

    def close(self) -> None:
        self.stream.close()


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"https": 443, "http": 80}.get(url.scheme)


def _asked_to_wait(response: httpx2.Response) -> int:
    """Seconds that the library would wait before it asks again. Of a number, so many digits as patience can count."""
    limit, after = (response.headers.get(name, "") for name in ("ratelimit", "retry-after"))
    found = re.search(r"\bt *= *([0-9]{1,9})", limit) if response.status_code == 429 else None
    found = found or re.match(r"\s*([0-9]{1,9})", after)
    return int(found[1]) if found else 0


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
