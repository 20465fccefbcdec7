"""`python -m tfcli` and `torchrun -m tfcli`."""

import sys

from tfcli.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
