"""This process among the processes of a run, as torchrun's environment says."""

import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

from tfcli.errors import NetworkError
from tfcli.hardware import choose_device
from tfcli.launch import read_launch
from tfcli.training.network import name_interface

_PATIENCE = timedelta(minutes=30)
"""With the other processes: the main one validates and saves while they wait."""


@dataclass(frozen=True)
class World:
    """rank: number of this process, from 0. size: number of processes."""

    rank: int
    size: int
    device: torch.device

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module with gradients averaged over the processes."""
        if self.size == 1:
            return module
        ids = [self.device.index] if self.device.type == "cuda" else None
        return DistributedDataParallel(module, device_ids=ids)

    def sum(self, *values: float) -> list[float]:
        """Each value summed over the processes: the same numbers everywhere."""
        return self._reduce(values, dist.ReduceOp.SUM)

    def max(self, *values: float) -> list[float]:
        """Each value's maximum over the processes."""
        return self._reduce(values, dist.ReduceOp.MAX)

    def _reduce(self, values: tuple[float, ...], operation: dist.ReduceOp) -> list[float]:
        if self.size == 1:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(tensor, operation)
        return tensor.tolist()

    def gather(self, tensor: Tensor) -> list[Tensor]:
        """The tensors of all processes, equal in shape, in the order of the ranks."""
        if self.size == 1:
            return [tensor]
        tensors = [torch.empty_like(tensor) for _ in range(self.size)]
        dist.all_gather(tensors, tensor)
        return tensors

    def wait(self) -> None:
        """Returns when every process has come here."""
        if self.size > 1:
            dist.barrier()

    def leave(self) -> None:
        if self.size > 1:
            dist.destroy_process_group()


def join_world(device: str) -> World:
    """device: auto, cpu, cuda, cuda:N or mps. With torchrun every process takes its own GPU. Raises UsageError for a
    device that is not here, NetworkError if the processes do not find each other."""
    launch = read_launch()
    rank, size = launch.rank, launch.world
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if size > 1:
        # Optimizers import this, and what it defines would hold a group that is there already: the threads of the group
        # would outlive leave(), and now and then abort the process at its exit.
        import_module("torch._dynamo")
        if device == "cuda":
            device = f"cuda:{launch.local_rank}"
    choose_device(device)
    if size > 1:
        if device.startswith("cuda"):
            torch.cuda.set_device(device)
        name_interface(size)
        try:
            store, rank, size = next(rendezvous("env://", timeout=_PATIENCE))
            dist.init_process_group(
                "nccl" if device.startswith("cuda") else "gloo",
                store=_own_keys(store, rank, size),
                rank=rank,
                world_size=size,
                timeout=_PATIENCE,
            )
        except (RuntimeError, ValueError) as error:
            raise NetworkError(
                f"process {rank} cannot reach the others: {str(error).strip().splitlines()[0][:200]}",
                "name the network interface that leads to them   GLOO_SOCKET_IFNAME=eth0 torchrun ...",
            ) from error
    return World(rank, size, torch.device(device))


def _own_keys(store: dist.Store, rank: int, size: int) -> dist.Store:
    """The part of the store that belongs to the processes of this start.

    torchrun keeps one store over all restarts, with the addresses of processes that are gone: who connects to those
    waits for ever, <https://github.com/pytorch/pytorch/issues/135712>. Its count of restarts is that of one machine. So
    the main process hands its own mark to every mark it finds, again if that one turns out to be of a process that is
    gone, until all have thanked it.
    """
    mark = secrets.token_hex(8)
    if rank > 0:
        store.set(f"mark-of-{rank}", mark)
        main = store.get(f"answer-to-{mark}").decode()
        store.set(f"thanks-{main}-{rank}", "")
        return dist.PrefixStore(main, store)
    deadline = time.monotonic() + _PATIENCE.total_seconds()
    while missing := [other for other in range(1, size) if not store.check([f"thanks-{mark}-{other}"])]:
        for other in missing:
            if store.check([f"mark-of-{other}"]):
                store.set(f"answer-to-{store.get(f'mark-of-{other}').decode()}", mark)
        if time.monotonic() > deadline:
            raise TimeoutError(f"of {size} processes, those of rank {missing} never came")
        time.sleep(0.01)
    return dist.PrefixStore(mark, store)
