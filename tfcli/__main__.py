"""The command line itself: `tfcli`, `python -m tfcli` and `torchrun -m tfcli`."""

import gc
import signal
import sys


def main() -> int:
    """Runs this process's command line. Ctrl-C is an exit code at every moment, never a traceback: while libraries are
    being imported, and a second time, while the interpreter ends."""
    # Thousands of objects are made by imports and none of them is garbage: the search for it, which the command itself
    # takes up again, would be a tenth of the time until it begins.
    gc.disable()
    try:
        from tfcli.cli.app import main as run

        code = run()
    except KeyboardInterrupt:
        sys.stderr.write("tfcli: interrupted\n")
        code = 130
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return code


if __name__ == "__main__":
    sys.exit(main())
