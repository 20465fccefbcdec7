"""What a run must have in common with the one it resumes, beside the recipe."""

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from tfcli.errors import ModelError
from tfcli.training.checkpoint import TrainState

Change = Literal["data", "world-size"]
"""What may be allowed to be another than before."""
_NAME = "identity"
_SHOWN = 12


@dataclass(frozen=True)
class Identity:
    """tokenizer, texts: SHA-256 of the tokenizer's file, and of the training pairs. processes: how many."""

    tokenizer: str
    texts: str
    processes: int

    def facts(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {_NAME: dataclasses.asdict(self)}

    def check(self, state: TrainState, allowed: Collection[Change]) -> None:
        """Raises ModelError, with both values, if the run that left this state was another one."""
        before = state.facts.get(_NAME)
        if before is None:  # left by a tfcli that did not note it
            return
        if before["tokenizer"] != self.tokenizer:
            raise ModelError(
                f"tokenizer.model is not the one of the run: {_both(before['tokenizer'], self.tokenizer)}",
                "put the old one back, or start over with   --fresh",
            )
        if before.get("texts", self.texts) != self.texts and "data" not in allowed:
            raise ModelError(
                f"the training pairs are not those of the run: {_both(before['texts'], self.texts)}",
                "go on with the new ones   --allow-data-change   or start over   --fresh",
            )
        if before["processes"] != self.processes and "world-size" not in allowed:
            raise ModelError(
                f"the run had {before['processes']} process(es), this one has {self.processes}",
                "go on all the same, but not bit for bit   --allow-world-size-change",
            )


def _both(before: str, now: str) -> str:
    return f"SHA-256 {before[:_SHOWN]}... then, {now[:_SHOWN]}... now"
