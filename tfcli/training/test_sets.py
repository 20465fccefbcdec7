"""How good a finished model is on the test sets of its recipe, through the translator that people use."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tfcli.bundle import read_bundle
from tfcli.config import CorpusConfig, Recipe
from tfcli.data.corpus import read_pairs
from tfcli.decoding.translator import Translator
from tfcli.evaluation import evaluate

BEAM = 4


def score_tests(bundle: Path, recipe: Recipe) -> dict[str, Any]:
    """Scores by the name of the test set, as metrics.json keeps them: greedy, and below "beam" with beams of BEAM."""
    translators = {beam: Translator(read_bundle(bundle), beam=beam) for beam in (1, BEAM)}
    order = -1 if recipe.data.reverse else 1
    tests = {}
    for path in recipe.data.tests:
        sources, references = zip(*(pair[1:][::order] for pair in read_pairs(CorpusConfig(path))), strict=True)
        greedy, wide = (
            dataclasses.asdict(evaluate(sources, _translate(translator, sources), references, recipe.target))
            for translator in translators.values()
        )
        tests[CorpusConfig(path).name] = greedy | {"beam": {"size": BEAM, **wide}}
    return tests


def _translate(translator: Translator, sources: Iterable[str]) -> list[str]:
    return [result.translation for result in translator.translate_detailed(list(sources))]
