"""How long a stage lasts, and how much of it is done."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from tfcli.config import TrainingConfig
from tfcli.config.training import LIMITS, limits

_VALID_EVERY = 500
_FEW_STEPS = 50
"""Validations come at least so many steps apart."""
_PATIENCE = 6
_PRESENTATIONS = {False: 2_000_000, True: 100_000}
_EPOCHS = {False: (3, 60), True: (2, 10)}
"""Pairs to be seen where a recipe sets no limit, and fewest and most epochs for that: of a new model (the learning
curves of small corpora flatten after two million), and of one that goes on from a trained model."""


def settle(config: TrainingConfig, pairs: int, steps: int, goes_on: bool) -> TrainingConfig:
    """The config with what the size of an epoch decides: an end where it has none, and when to validate. pairs, steps:
    of an epoch. goes_on: from a trained model."""
    every = config.valid_every or min(-(-_FEW_STEPS // steps) * steps, _VALID_EVERY)
    settled = dataclasses.replace(config, valid_every=every)
    if any(limits(config).values()):
        return settled
    fewest, most = _EPOCHS[goes_on]
    epochs = min(max(_PRESENTATIONS[goes_on] / pairs, fewest), most)
    return dataclasses.replace(settled, epochs=float(round(epochs)), patience=_PATIENCE)


@dataclass(frozen=True)
class Done:
    """What a stage has come to: updates, target tokens, epochs (with a fraction), seconds."""

    steps: int
    tokens: int
    epochs: float
    max_time: float

    def share(self, config: TrainingConfig) -> float:
        """The share of the stage that is done, 0 to 1; patience is not foreseen."""
        wanted = limits(config)
        shares = [getattr(self, name) / wanted[name] for name in LIMITS[:-1] if wanted[name]]
        return min(max(shares, default=0.0), 1.0)

    def seconds_left(
        self, config: TrainingConfig, later: Sequence[TrainingConfig]
    ) -> tuple[float | None, float | None]:
        """(of this stage, of this and the later ones); None for what cannot be foreseen."""
        share = self.share(config)
        if not share:
            return None, None
        here = self.max_time * (1 / share - 1)
        rest = [self._seconds_for(stage) for stage in later]
        return here, None if None in rest else here + sum(rest)

    def _seconds_for(self, config: TrainingConfig) -> float | None:
        """How long another stage takes at the pace of this one."""
        wanted = limits(config)
        paces = {"steps": self.steps, "tokens": self.tokens, "max_time": self.max_time}
        seconds = [self.max_time * wanted[name] / pace for name, pace in paces.items() if wanted[name] and pace]
        return min(seconds, default=None)
