"""How a server on this machine answers, and goes wrong on demand."""

import contextlib
import json
import re
import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from hub_server import Hub


@dataclass
class Answer:
    """What a server sends. parts: of the body, without end if need be. head_pace, body_pace: seconds before
    each byte of them; part_pace: before each part. length: as announced; None: as it is, or unsaid if there is no end.
    """

    status: int
    headers: dict[str, str]
    parts: Iterable[bytes]
    head_pace: float = 0.0
    body_pace: float = 0.0
    part_pace: float = 0.0
    length: str | None = None


@dataclass
class Fault:
    """What goes wrong with requests whose "METHOD path" matches `pattern`, `times` times, after `skip` good ones.

    kind: a status; "reset" and "hang" before any answer; "lost" after the work is done; "cut", "break" and "stall" in
    the middle of a body, "flip" of one of its bytes; "html"; or headers to add.
    """

    pattern: str
    kind: int | str | dict[str, str]
    times: int = 1
    skip: int = 0
    at: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    def strikes(self, request: str) -> bool:
        if self.times <= 0 or not re.search(self.pattern, request):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: "Hub"
    fault: Fault | None

    def log_message(self, *_) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):
            super().handle()

    def _serve(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            self.body = self._chunks()
        self.fault = self.hub.fault(f"{self.command} {unquote(self.path)}")
        self.hub.seen_tokens.append((self.headers.get("Host", ""), self.headers.get("Authorization")))
        kind = self.fault.kind if self.fault else None
        if kind == "hang":
            time.sleep(self.hub.hang_seconds)
        if kind in ("reset", "hang"):
            self._reset()
        elif isinstance(kind, int):
            self.answer(kind, {"error": f"fault {kind}"}, self.fault.headers)
        elif kind == "html":
            self.send(200, b"<html>log in to the hotel network</html>", {"Content-Type": "text/html"})
        else:
            self.work()

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve

    def _chunks(self) -> bytes:
        data = b""
        while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def answer(self, status: int, value, headers: dict[str, str] | None = None) -> None:
        self.send(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})

    def error(self, status: int, code: str) -> None:
        self.answer(status, {"error": code}, {"X-Error-Code": code, "X-Error-Message": code})

    def send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        if self.hub.tamper is not None:
            return self._send_slowly(self.hub.tamper(self, Answer(status, headers, [data])))
        kind = self.fault.kind if self.fault else None
        if kind == "lost":
            return self._reset()
        if kind == "flip":
            at = self.fault.at % max(len(data), 1)
            data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] if data else data
        if isinstance(kind, dict):
            headers = {**headers, **kind}
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "HEAD":
            return None
        if kind in ("cut", "break", "stall"):
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            time.sleep(0.05 if kind != "stall" else self.hub.hang_seconds)
            if kind == "cut":
                self.close_connection = True
                return self.connection.shutdown(socket.SHUT_RDWR)
            return self._reset()
        return self.wfile.write(data)

    def send_file(self, data: bytes, headers: dict[str, str]) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if wanted and self.command == "GET":
            start = int(wanted[1])
            part = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
            self.send(206, data[start:], {**headers, **part})
        else:
            self.send(200, data, headers)

    def _send_slowly(self, answer: Answer) -> None:
        """An answer of which nothing is checked."""
        head = [f"HTTP/1.1 {answer.status} Odd", *(f"{name}: {value}" for name, value in answer.headers.items())]
        if answer.length is None and isinstance(answer.parts, list):
            answer.length = str(sum(map(len, answer.parts)))
        head += [f"Content-Length: {answer.length}"] if answer.length is not None else []
        self.close_connection = True
        self._trickle("\r\n".join([*head, "Connection: close", "", ""]).encode("latin-1", "replace"), answer.head_pace)
        if self.command != "HEAD":
            for part in answer.parts:
                time.sleep(answer.part_pace)
                self._trickle(part, answer.body_pace)

    def _trickle(self, data: bytes, pace: float) -> None:
        for part in [data[i : i + 1] for i in range(len(data))] if pace else [data]:
            time.sleep(pace)
            self.wfile.write(part)
            self.wfile.flush()
