"""How sure a model is, in `tfcli evaluate`: measured on test sets, and compared with how good it is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tfcli.cli import console

if TYPE_CHECKING:
    from tfcli.decoding.translation import Translation
    from tfcli.decoding.translator import Translator


def judge(results: "list[Translation]", references: list[str], translator: "Translator") -> dict[str, Any]:
    """What the flags of a model's own translations come to: lines flagged as loops, and how good `unsure` is."""
    from tfcli.decoding.confidence import precision_recall

    row: dict[str, Any] = {"loops": sum("loop" in result.flags for result in results)}
    confidence = translator.judge.confidence
    if confidence.is_measured:
        flagged = ["unsure" in result.flags for result in results]
        bad = [chrf < confidence.good_chrf for chrf in _chrfs(results, references, translator)]
        precision, recall = precision_recall(flagged, bad)
        counts = {"lines": sum(flagged), "bad_lines": sum(bad), "bad_below_chrf": confidence.good_chrf}
        row["unsure"] = counts | {"precision": precision, "recall": recall, "below": translator.judge.flag_below}
    return row


def show(row: dict[str, Any]) -> list[str]:
    """The same for people, where it was measured."""
    if "unsure" not in row:
        return []
    unsure = row["unsure"]
    shares = [f"{name} {unsure[name]:.0%}" for name in ("precision", "recall") if unsure[name] is not None]
    bad = f"{unsure['bad_lines']:,} lines under {unsure['bad_below_chrf']:g} chrF2"
    flagged = f"  unsure of {unsure['lines']:,} lines (confidence under {unsure['below']:.2f}): "
    return [flagged + ", ".join([*shares, bad])]


def calibrate(
    translated: "Sequence[list[Translation]]", references: Sequence[list[str]], translator: "Translator"
) -> None:
    """Measures what the scores of the model are worth, by all test sets together, and keeps it in its config.json."""
    from tfcli.decoding import confidence

    scores = [result.score for results in translated for result in results]
    pairs = zip(translated, references, strict=True)
    chrfs = [chrf for results, theirs in pairs for chrf in _chrfs(results, theirs, translator)]
    found = confidence.calibrate(scores, chrfs)
    confidence.store(translator.bundle, found)
    console.note(f"translations of less than {found.threshold:.2f} confidence are flagged from now on, as unsure")


def _chrfs(results: "list[Translation]", references: list[str], translator: "Translator") -> list[float]:
    from tfcli.evaluation import sentence_scores

    lines = [result.translation for result in results]
    return sentence_scores("chrf", lines, references, translator.bundle.config.target)
