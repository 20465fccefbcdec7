"""`tfcli train` as torchrun starts it, but a process of the first generation dies.

Arguments: its rank, the step in which its last seconds begin (0: as it starts), how many they are; then those of tfcli.
"""

import os
import signal
import sys
import threading

import pytest
from runs import at_step

from tfcli.cli.app import main

if __name__ == "__main__":
    rank, step, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    if (os.environ["RANK"], os.environ["TORCHELASTIC_RESTART_COUNT"]) == (rank, "0"):
        death = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
        death.daemon = True
        if step:
            at_step(pytest.MonkeyPatch(), step, death.start)
        else:
            death.start()
    sys.exit(main(sys.argv[4:]))
