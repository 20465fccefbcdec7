"""What stops a step of training, in words."""

import re

import torch

from tfcli.config import TrainingConfig
from tfcli.errors import ResourceError, TfcliError
from tfcli.hardware import peak_memory
from tfcli.training.distributed import World

_NO_MEMORY = re.compile("out of memory|allocate memory")
_NO_ANSWER = re.compile("timed? ?out|connection (closed|reset|refused)|broken pipe", re.IGNORECASE)


def explain_failure(error: Exception, step: int, config: TrainingConfig, world: World) -> Exception:
    """ResourceError where memory ran out, TfcliError where other processes did not answer, else the error itself."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or _NO_MEMORY.search(str(error)):
        half, double = max(config.batch_tokens // 2, 1), 2 * config.grad_accum
        return ResourceError(
            f"out of memory in step {step:,}: batches of {config.batch_tokens:,} tokens, "
            f"{peak_memory(world.device):,.0f} MiB in use at most",
            f"the same updates in smaller parts   --batch-tokens {half} --set training.grad_accum={double} --fresh\n"
            "or on from the best model so far, in another folder   --init RUN --run-dir ANOTHER",
        )
    if world.size > 1 and _NO_ANSWER.search(str(error)):
        reason = str(error).strip().splitlines()[0][:120]
        return TfcliError(
            f"process {world.rank} waited in vain for the others in step {step:,}: {reason}",
            "one of them has died or hangs; the same command goes on from the last checkpoint",
        )
    return error
