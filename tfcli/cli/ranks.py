"""Several processes, started by torchrun, translate one file: each takes every n-th window, rank 0 writes all in order.

They meet in a folder beside the output, in files that appear complete by a rename, so nothing but a disk is needed.
Rank 0 makes the folder and takes it away; without it no other rank writes anything.
"""

import dataclasses
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tfcli.cli.answers import Answered
from tfcli.cli.errors import explain
from tfcli.cli.records import Record
from tfcli.decoding.translation import Translation
from tfcli.errors import TfcliError, UsageError

_PAUSE = 0.02  # seconds between two looks

Answer = Callable[[list[Record]], Iterator[Answered]]


@dataclass(frozen=True)
class Ranks:
    """This process is number `rank`, from 0, of `world`; all of them know `folder`."""

    rank: int
    world: int
    folder: Path

    @contextmanager
    def meeting(self) -> Iterator[None]:
        """The folder exists in the block, on rank 0; what fails there on another rank is told to rank 0."""
        if self.rank == 0:
            self.folder.mkdir()
            try:
                yield
            finally:
                shutil.rmtree(self.folder)
            return
        try:
            yield
        except Exception as error:
            if self.folder.is_dir():
                self._write(f"failed-{self.rank}", explain(error).message)
            raise

    def share(self, windows: Iterator[list[Record]], answer: Answer) -> Iterator[Answered]:
        """All windows with their translations on rank 0; nothing on the others, which only work."""
        for number, window in enumerate(windows):
            worker = number % self.world
            if worker == self.rank == 0:
                yield from answer(window)
            elif worker == self.rank:
                parts = [part for records, results in answer(window) for part in zip(records, results, strict=True)]
                self._write(str(number), json.dumps([(r.flags, dataclasses.asdict(t)) for r, t in parts]))
            elif self.rank == 0:
                parts = json.loads(self._wait_for(str(number), worker))
                records = [dataclasses.replace(r, flags=flags) for r, (flags, _) in zip(window, parts, strict=True)]
                yield records, [Translation(**values | {"flags": tuple(values["flags"])}) for _, values in parts]

    def _write(self, name: str, text: str) -> None:
        while not self.folder.is_dir() and name == str(self.rank):  # the first window: rank 0 may be late
            time.sleep(_PAUSE)
        unfinished = self.folder / f"{name}.partial"
        unfinished.write_text(text)
        unfinished.rename(self.folder / name)

    def _wait_for(self, name: str, worker: int) -> str:
        path, failed = self.folder / name, self.folder / f"failed-{worker}"
        while not path.exists():
            if failed.exists() and not path.exists():
                raise TfcliError(f"rank {worker} failed: {failed.read_text()}")
            time.sleep(_PAUSE)
        text = path.read_text()
        path.unlink()
        return text


def find_ranks(files_only: bool, output: str | None) -> Ranks | None:
    """From torchrun's environment; None if this process is alone. UsageError if there is no file to share or to write,
    or the processes are on several machines."""
    environment = os.environ
    world = int(environment.get("WORLD_SIZE", 1))
    if world == 1:
        return None
    if not files_only or output in (None, "-"):
        raise UsageError("several processes need files", "torchrun -m tfcli translate -i FILE -o FILE")
    if environment.get("LOCAL_WORLD_SIZE", str(world)) != str(world):
        raise UsageError("the processes that share a file must be on one machine")
    # One launch has one parent, one port and one number of restarts: no other run meets here.
    run = [str(os.getppid()), environment.get("MASTER_PORT", ""), environment.get("TORCHELASTIC_RESTART_COUNT", "")]
    path = Path(os.path.realpath(output))
    return Ranks(int(environment["RANK"]), world, path.with_name(f"{path.name}.parts-{'-'.join(run)}"))
