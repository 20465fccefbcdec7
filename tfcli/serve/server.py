"""A socket that listens, and the server on it, which ends when everything it took on is answered."""

import ipaddress
import socket

import uvicorn
from starlette.applications import Starlette

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1", "[::1]")
_PATIENCE = 30
"""Seconds for the last answers. A second Ctrl-C does not wait for them."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0: one that is free. OSError if there is no such address here or the port is taken."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return socket.create_server(address[:2], family=family, backlog=1024)


def is_local(listening: socket.socket) -> bool:
    """Whether only this machine can reach it."""
    return ipaddress.ip_address(listening.getsockname()[0]).is_loopback


def make_server(app: Starlette) -> uvicorn.Server:
    """Logs nothing of a request; server.run(sockets=[...]) runs until a signal."""
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=_PATIENCE,
        h11_max_incomplete_event_size=1 << 16,
    )
    return uvicorn.Server(config)
