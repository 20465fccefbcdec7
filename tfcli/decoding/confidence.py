"""Scores made into probabilities, and how well they tell good translations from bad ones."""

import dataclasses
import json
import math
from collections.abc import Sequence

from tfcli.bundle import CONFIG, Bundle
from tfcli.config.confidence import Confidence
from tfcli.disk import replace_file
from tfcli.errors import DataError

_FEWEST = 50
_STEPS = 50


def calibrate(scores: Sequence[float], chrfs: Sequence[float], good_chrf: float = Confidence.good_chrf) -> Confidence:
    """The confidence that fits translations of known quality, its threshold where the F1 of finding bad ones is best.

    scores: mean log-probabilities. chrfs: sentence chrF2 of the same translations. DataError if there are too few of
    either sort, or if the score tells nothing about them.
    """
    good = [chrf >= good_chrf for chrf in chrfs]
    if min(sum(good), len(good) - sum(good)) < _FEWEST:
        raise DataError(
            f"confidence needs {_FEWEST} good and {_FEWEST} bad translations, a bad one under {good_chrf:g} chrF2"
        )
    intercept, slope = _fit(scores, good)
    if not slope > 0:
        raise DataError("the scores of this model say nothing about its translations")
    fitted = Confidence(intercept, slope, 0.0, good_chrf)
    threshold = _best_threshold([fitted.of(score) for score in scores], good)
    return Confidence(round(intercept, 4), round(slope, 4), round(threshold, 4), good_chrf)


def store(bundle: Bundle, confidence: Confidence) -> None:
    """Writes it into the config.json of a model; the rest of it stays."""
    path = bundle.folder / CONFIG
    config = json.loads(path.read_text(encoding="utf-8")) | {"confidence": dataclasses.asdict(confidence)}
    replace_file(path, (json.dumps(config, indent=2, ensure_ascii=False) + "\n").encode())


def precision_recall(flagged: Sequence[bool], bad: Sequence[bool]) -> tuple[float | None, float | None]:
    """Of what is flagged, how much is bad; of what is bad, how much is flagged. None where there is nothing."""
    both = sum(flag and is_bad for flag, is_bad in zip(flagged, bad, strict=True))
    return (both / sum(flagged) if any(flagged) else None), (both / sum(bad) if any(bad) else None)


def _fit(scores: Sequence[float], good: Sequence[bool]) -> tuple[float, float]:
    """Logistic regression of one variable by Newton's method, with a little weight decay so that it always ends."""
    intercept = slope = 0.0
    for _ in range(_STEPS):
        gradient, hessian = [-1e-3 * intercept, -1e-3 * slope], [1e-3, 0.0, 1e-3]
        for score, is_good in zip(scores, good, strict=True):
            p = 1 / (1 + math.exp(-min(max(intercept + slope * score, -30), 30)))
            weight = p * (1 - p)
            gradient[0] += is_good - p
            gradient[1] += (is_good - p) * score
            hessian = [hessian[0] + weight, hessian[1] + weight * score, hessian[2] + weight * score * score]
        determinant = hessian[0] * hessian[2] - hessian[1] ** 2
        intercept += (hessian[2] * gradient[0] - hessian[1] * gradient[1]) / determinant
        slope += (hessian[0] * gradient[1] - hessian[1] * gradient[0]) / determinant
    return intercept, slope


def _best_threshold(confidences: Sequence[float], good: Sequence[bool]) -> float:
    """Between which two confidences the bad ones are best told from the others, by F1."""
    ranked = sorted(zip(confidences, good, strict=True))
    num_bad, found, best = len(good) - sum(good), 0, (0.0, 0.0)
    for place, (confidence, is_good) in enumerate(ranked, 1):
        found += not is_good
        following = ranked[place][0] if place < len(ranked) else 1.0
        if following > confidence:
            best = max(best, (2 * found / (place + num_bad), (confidence + following) / 2))
    return best[1]
