"""What `tfcli evaluate --challenge` prints."""

import dataclasses
from typing import Any

from tfcli.challenge.result import Result
from tfcli.cli.console import align


def as_row(path: str, result: Result) -> dict[str, Any]:
    """For --json."""
    kinds = {kind: {"right": result.right[kind], "all": count} for kind, count in result.all.items()}
    counts = {"set": path, "sentences": sum(result.all.values()), "right": sum(result.right.values())}
    return counts | {"kinds": kinds, "misses": [dataclasses.asdict(miss) for miss in result.misses]}


def show(row: dict[str, Any], what: str) -> str:
    """The counts of each kind, then the misses: source, translation, what is wrong with it."""
    everything = {"right": row["right"], "all": row["sentences"]}
    lines = align(
        [
            (f"  {kind}", f"{count['right']:,}/{count['all']:,}", f"{count['right'] / count['all']:.0%}")
            for kind, count in (row["kinds"] | {"all": everything}).items()
        ]
    )
    for miss in row["misses"]:
        wrong = [f"lacks {form}" for form in miss["lacks"]] + [f"says {form}" for form in miss["says"]]
        lines += ["", f"  {miss['kind']}: {miss['source']}", f"    {miss['translation']}", f"    {', '.join(wrong)}"]
    return "\n".join([f"{row['set']}: {row['sentences']:,} sentences, {what}", *lines])
