"""How good a finished model is on the test sets of its recipe, through the translator that people use."""

import dataclasses
from pathlib import Path
from typing import Any

from tfcli.bundle import read_bundle
from tfcli.config import CorpusConfig, Recipe
from tfcli.data.corpus import read_pairs
from tfcli.decoding.translator import Translator
from tfcli.evaluation import evaluate

BEAM = 4


def score_tests(bundle: Path, recipe: Recipe) -> dict[str, Any]:
    """Scores by the name of the test set, as metrics.json keeps them: each once greedily, once with a beam."""
    translators = {"": Translator(read_bundle(bundle)), f", beam {BEAM}": Translator(read_bundle(bundle), beam=BEAM)}
    order = -1 if recipe.data.reverse else 1
    tests = {}
    for path in recipe.data.tests:
        pairs = [pair[1:][::order] for pair in read_pairs(CorpusConfig(path))]
        sources, references = ([pair[side] for pair in pairs] for side in (0, 1))
        for kind, translator in translators.items():
            translations = [result.translation for result in translator.translate_detailed(sources)]
            scores = evaluate(sources, translations, references, recipe.target)
            tests[CorpusConfig(path).name + kind] = dataclasses.asdict(scores)
    return tests
