"""What a run gives to the world: the bundle, with what was measured and the card."""

from collections.abc import Sequence
from typing import Any

from torch import nn

import tfcli
from tfcli.attention_maps.aligner import find_aligner
from tfcli.attention_maps.words import SPACE
from tfcli.bundle import FORMAT, Aligner, BundleConfig, write_bundle
from tfcli.card import model_card
from tfcli.config import Recipe
from tfcli.config.recipe import to_toml
from tfcli.tokenizer import Tokenizer
from tfcli.training.history import Ended
from tfcli.training.learner import Learner
from tfcli.training.prepare import is_seen_in_training
from tfcli.training.run_folder import RunFolder
from tfcli.training.test_sets import score_tests
from tfcli.training.validation import Validation

_ALIGNED_PAIRS = 200
"""So many are enough for the same choice as more, and take a few seconds."""


class Publisher:
    """Writes the bundle of a run folder. recipe: with the shape that the model has."""

    def __init__(self, recipe: Recipe, folder: RunFolder, tokenizer: Tokenizer, validation: Validation):
        self.recipe, self.folder, self.tokenizer, self.validation = recipe, folder, tokenizer, validation

    def publish(
        self, model: nn.Module, scores: dict[str, float], stages: Sequence[dict[str, Any]], finished: bool = False
    ) -> None:
        """scores: of the validation. stages: those that led to the model, as `of_stage` and `of_learner` tell of one.
        finished: it is also scored on the test sets of the recipe."""
        metrics = {
            "on_training_pairs" if is_seen_in_training(self.recipe) else "validation": scores,
            "step": sum(stage["steps"] for stage in stages),
            "training_seconds": round(sum(stage["seconds"] for stage in stages)),
            "parameters": sum(tensor.numel() for tensor in model.state_dict().values()),
            "stages": list(stages),
        }
        if finished and self.recipe.final:
            metrics["weights"] = self.recipe.final
        aligner = self._find_aligner(model)
        self._write(model, aligner, metrics)
        if finished and self.recipe.data.tests:
            tests = score_tests(self.folder.bundle, self.recipe)
            self._write(model, aligner, {**metrics, "tests": tests})

    def _write(self, model: nn.Module, aligner: Aligner, metrics: dict[str, Any]) -> None:
        recipe = self.recipe
        config = BundleConfig(
            format=FORMAT,
            source=recipe.source,
            target=recipe.target,
            model=recipe.model,
            tokenizer_sha256=self.tokenizer.sha256,
            dtype="float16",
            library_version=tfcli.__version__,
            license=recipe.license,
            aligner=aligner,
        )
        write_bundle(
            self.folder.bundle,
            config=config,
            state=model.state_dict(),
            tokenizer=self.tokenizer,
            recipe_toml=to_toml(recipe),
            metrics=metrics,
            card=model_card(config, recipe, metrics),
        )

    def _find_aligner(self, model: nn.Module) -> Aligner:
        """Where the model aligns best on the first held-out pairs."""
        src, tgt = self.validation.encoded.src, self.validation.encoded.tgt
        numbers = range(min(len(self.validation.encoded), _ALIGNED_PAIRS))
        pairs = [(src.sequence(i)[:-1].tolist(), tgt.sequence(i)[:-1].tolist()) for i in numbers]
        was_training = model.training
        pieces = self.tokenizer.pieces(range(len(self.tokenizer)))
        aligner = find_aligner(model.eval(), pairs, [i for i, piece in enumerate(pieces) if piece == SPACE])
        model.train(was_training)
        return aligner


def of_stage(stage: Ended) -> dict[str, Any]:
    """A stage that has ended, for metrics.json."""
    return _facts(stage.name, stage.steps, stage.tokens, stage.seconds)


def of_learner(learner: Learner) -> dict[str, Any]:
    """The stage that a learner is in, so far."""
    return _facts(learner.stage.name, learner.step, learner.tokens, learner.seconds)


def _facts(name: str, steps: int, tokens: int, seconds: float) -> dict[str, Any]:
    return {"name": name, "steps": steps, "tokens": tokens, "seconds": round(seconds)}
