"""Which way the processes of a run reach each other."""

import contextlib
import os
import socket
import struct
import sys

_SIOCGIFADDR = 0x8915
_DISCARD = 9


def name_interface(size: int) -> None:
    """Tells Gloo the network interface that leads to the main process, if there may be other machines and nobody named
    one. By itself Gloo takes the address that this machine's name has, on many systems 127.0.0.1, where no other
    machine finds it."""
    alone = int(os.environ.get("LOCAL_WORLD_SIZE", 0)) == size
    if not alone and "GLOO_SOCKET_IFNAME" not in os.environ and (name := interface_to(os.environ["MASTER_ADDR"])):
        os.environ["GLOO_SOCKET_IFNAME"] = name


def interface_to(host: str) -> str | None:
    """The network interface by which this machine reaches another; None if it does not, or is no Linux."""
    if sys.platform != "linux":
        return None
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect((host, _DISCARD))  # sends nothing, but chooses the way
        address = probe.getsockname()[0]
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):  # an interface without an address
                answer = fcntl.ioctl(probe, _SIOCGIFADDR, struct.pack("256s", name.encode()))
                if socket.inet_ntoa(answer[20:24]) == address:
                    return name
    return None
