"""Which stages of a run have ended: `stages.json` in the run folder."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfcli.config import StageConfig
from tfcli.config.training import limits
from tfcli.disk import replace_file
from tfcli.errors import ModelError


@dataclass(frozen=True)
class Ended:
    """A stage that came to its end. step: of the run, at which its last state is kept. steps, tokens, seconds: of the
    stage. limits: what it was to reach. scores: of its best validation."""

    name: str
    step: int
    steps: int
    tokens: int
    seconds: float
    limits: dict[str, Any]
    scores: dict[str, float]


def read_history(path: Path, stages: Sequence[StageConfig]) -> list[Ended]:
    """The first stages of the recipe, as far as they have ended with the limits they have now. One whose limits were
    raised goes on, and those after it have not begun. Raises ModelError if the file is not what was written."""
    try:
        found = {entry["name"]: Ended(**entry) for entry in json.loads(path.read_bytes())}
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, KeyError):
        raise ModelError(f'"{path}" is damaged', "start over with   --fresh") from None
    ended = []
    for stage in stages:
        entry = found.get(stage.name)
        if entry is None or entry.limits != limits(stage.training):
            break
        ended.append(entry)
    return ended


def write_history(path: Path, ended: Sequence[Ended]) -> None:
    """In one piece, or not at all."""
    replace_file(path, json.dumps([dataclasses.asdict(entry) for entry in ended], indent=1).encode())
