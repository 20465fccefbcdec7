"""This process among those of one start, as torchrun's environment says."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from tfcli.errors import UsageError


@dataclass(frozen=True)
class Launch:
    """rank: number of this process, from 0. world: how many there are, on_this_machine so many of them. local_rank:
    number on this machine, from 0."""

    rank: int = 0
    world: int = 1
    on_this_machine: int = 1
    local_rank: int = 0


def read_launch(environ: Mapping[str, str] = os.environ) -> Launch:
    """Alone if WORLD_SIZE is not set. UsageError for numbers that torchrun never sets."""
    world = _number(environ, "WORLD_SIZE", 1, 1)
    if world == 1:
        return Launch()
    if missing := [name for name in ("RANK", "MASTER_ADDR", "MASTER_PORT") if name not in environ]:
        raise UsageError(
            f"WORLD_SIZE is {world}, but {missing[0]} is not set: nobody knows of the other processes",
            "start several processes by torchrun, or this one alone   env -u WORLD_SIZE tfcli ...",
        )
    here = _number(environ, "LOCAL_WORLD_SIZE", world, 1)
    launch = Launch(_number(environ, "RANK", 0), world, here, _number(environ, "LOCAL_RANK", 0))
    if launch.rank >= world:
        raise UsageError(f"RANK is {launch.rank}, but of {world} processes the last is number {world - 1}")
    return launch


def _number(environ: Mapping[str, str], name: str, default: int, least: int = 0) -> int:
    text = environ.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 7 and int(text) >= least):
        raise UsageError(f'{name} is "{text[:40]}", not a number of processes', f"unset it   env -u {name} tfcli ...")
    return int(text)
