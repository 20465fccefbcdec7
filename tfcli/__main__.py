"""The command line itself: `tfcli`, `python -m tfcli` and `torchrun -m tfcli`."""

import signal
import sys


def main() -> int:
    """Runs this process's command line. Ctrl-C is an exit code at every moment, never a traceback: while libraries are
    being imported, and a second time, while the interpreter ends."""
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
