"""Memory that a training run keeps and hands back."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
from pathlib import Path
from tfcli.hardware import keep_freed_memory, return_freed_memory

def resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

keep_freed_memory()
before = resident()
blocks = [bytearray(b"x" * 2**20) for _ in range(400)]
del blocks[::2], blocks[:-1]  # the last one stands in the way of the others
kept = resident()
return_freed_memory()
print(kept - before, resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_freed_memory_is_kept_until_it_is_returned():
    if not hasattr(ctypes.CDLL(None), "malloc_trim"):
        pytest.skip("the C library is not glibc")
    root = Path(__file__).parent.parent
    ended = subprocess.run([sys.executable, "-c", PROGRAM], cwd=root, capture_output=True, text=True, check=True)
    kept, returned = map(float, ended.stdout.split())
    assert kept > 300 and returned < 50, "MiB"
