"""tfcli in a process of its own, against a Hub on this machine."""

import json
import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path

from hub_server import Hub

TINY = Path(__file__).parent / "data" / "tiny"
MODEL = {path.name: path.read_bytes() for path in TINY.iterdir()}
_PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)  # until the lines of this program are done
if sys.argv[1] in ("pull", "push", "train"):
    import tfcli.hub.client as client, tfcli.hub.guard as guard
    client.DELAYS[:] = [0.01] * len(client.DELAYS)
    guard.TIMEOUT = guard.httpx2.Timeout(float(sys.argv[0]))
from tfcli.__main__ import main
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main())
"""


def start(hub: Hub, home: Path, *arguments: str, patience: float = 5.0, **environment: str) -> subprocess.Popen:
    """patience: seconds until a silent Hub is given up. It waits a hundredth of a second between tries."""
    given = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    given |= hub.environment(home) | {"OMP_NUM_THREADS": "1"} | environment
    program = f"import sys; sys.argv[0] = {str(patience)!r}\n{_PROGRAM}"
    streams = dict(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return subprocess.Popen([sys.executable, "-c", program, *arguments], env=given, **streams)


def tfcli(hub: Hub, home: Path, *arguments: str, **settings) -> subprocess.CompletedProcess:
    """One command line to its end."""
    process = start(hub, home, *arguments, **settings)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out.decode(), err.decode())


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


_SERVANT = """
import contextlib, io, json, os, sys, time
from tfcli.cli.app import main
import tfcli.hub.client as client, tfcli.hub.guard as guard
client.DELAYS[:] = [0.01] * len(client.DELAYS)
vars(guard).update(json.loads(sys.argv[1]))
nap = time.sleep
time.sleep = lambda seconds: nap(min(seconds, 0.02))  # between the library's own tries
given = dict(os.environ)
for line in sys.stdin:
    arguments, environment = json.loads(line)
    os.environ.clear()
    os.environ.update(given | environment)
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(arguments)
    out.flush()
    print(json.dumps([code, out.buffer.getvalue().decode(), err.getvalue()]), file=sys.__stdout__, flush=True)
"""


class Servant:
    """A context: one process that runs command line after command line, as importing takes longer than most of them."""

    def __init__(self, hub: Hub, home: Path, limits: dict[str, float] | None = None, **environment: str):
        """limits: in the place of those of the guard, by name."""
        self.limits = json.dumps(limits or {})
        self.environment = {**os.environ, **hub.environment(home), "OMP_NUM_THREADS": "1", **environment}

    def __enter__(self) -> "Servant":
        self.log = tempfile.TemporaryFile("w+")
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.process = subprocess.Popen([sys.executable, "-c", _SERVANT, self.limits], env=self.environment, **pipes)
        return self

    def run(self, *arguments: str, limit: float = 120.0, **environment: str) -> subprocess.CompletedProcess:
        """limit: seconds after which it hangs, for all that can be known."""
        self.process.stdin.write(json.dumps([arguments, environment]) + "\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], limit)[0]:
            self.process.kill()
            raise TimeoutError(f"it hangs: {arguments}")
        return subprocess.CompletedProcess(arguments, *json.loads(self.process.stdout.readline()))

    def logged(self) -> str:
        """What was written to stderr beside what the commands wrote."""
        self.log.seek(0)
        return self.log.read()

    def __exit__(self, *_) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()
