"""What this machine does well, and how to let it."""

import ctypes
import os
import resource
import sys
from collections.abc import Callable

import torch

from tfcli.config import TrainingConfig
from tfcli.errors import UsageError
from tfcli.launch import read_launch

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
KERNELS_KEPT = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"


def keep_freed_memory() -> None:
    """Makes glibc keep freed blocks of up to 64 MiB, and oneDNN few of its compiled kernels. To be called before
    anything is computed.

    Every step allocates the same tensors; fresh pages for them would cost time. Where the C library is another, this
    part does nothing. oneDNN compiles a kernel for each shape of a matrix product, a megabyte or two, and keeps 1,024
    of them: batches have that many shapes, so a run would grow by gigabytes over its first hours. Of 32, no longer; to
    compile some again costs a few percent.
    """
    os.environ.setdefault(KERNELS_KEPT, "32")
    if mallopt := _glibc("mallopt"):
        mallopt(_M_MMAP_THRESHOLD, 1 << 26)
        mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)


def return_freed_memory() -> None:
    """Hands what is kept back after all. Batches of many shapes leave holes between the blocks in use, more of them
    every hour. To fetch a gigabyte of fresh pages afterwards takes part of a second: now and then, that is little."""
    if malloc_trim := _glibc("malloc_trim"):
        malloc_trim(0)


def _glibc(name: str) -> Callable[..., int] | None:
    """A function of the C library, if that is glibc."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None


def peak_memory(device: torch.device) -> float:
    """MiB this process has used at most, on its GPU if it computes on one."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def precision_of(config: TrainingConfig, device: torch.device) -> torch.dtype:
    """What matrices are multiplied in."""
    return fast_precision(device) if config.precision == "auto" else getattr(torch, config.precision)


def fast_precision(device: torch.device) -> torch.dtype:
    """bfloat16 where the hardware multiplies it faster than float32, else float32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        if capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"):
            return torch.bfloat16
    return torch.float32


def choose_device(name: str) -> str:
    """A device of this machine; UsageError if it has no such one. Of several processes each takes its own GPU."""
    if name == "auto":
        if not torch.cuda.is_available():
            return "cpu"
        return f"cuda:{read_launch().local_rank % torch.cuda.device_count()}"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError):  # torch built without CUDA asserts
        raise UsageError(f'torch cannot use the device "{name}" here', "use   --device cpu") from None
    return name
