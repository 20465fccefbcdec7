"""The model card: what a person must know before using a model, from its config, recipe and metrics."""

from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from tfcli.bundle import BundleConfig
from tfcli.config import Recipe
from tfcli.text.languages import find_language

_MARK = "<!-- Written by tfcli, which may replace this card as long as this line is in it. -->"


def is_ours(card: bytes) -> bool:
    """Whether tfcli wrote this card and nobody has taken it over."""
    return _MARK.encode() in card


def model_card(
    config: BundleConfig, recipe: Recipe | None, metrics: dict[str, Any], name: str = "", origin: str = ""
) -> str:
    """README.md in the Hub's format: YAML metadata, then text. name: of the repository. origin: of the one that a model
    was converted from. Of recipe and metrics it tells what there is."""
    direction = f"{config.source} → {config.target}"
    scores = _scores(metrics)
    example = find_language(config.source).example or "..."
    data = ModelCardData(
        language=[config.source, config.target],
        license=config.license or None,
        library_name="tfcli",
        base_model=origin or None,
        pipeline_tag="translation",
        model_name=name or direction,
        eval_results=[_result(config, *score) for score in scores] or None,
        widget=[{"text": example}] if example != "..." else None,
    )
    made = f"converted from {origin}" if origin else "made"
    where = name or "THIS_FOLDER"
    fetch = f"tfcli pull {name}\n" if name else ""
    parts = [
        f"---\n{data.to_yaml()}\n---\n\n{_MARK}\n\n# {direction}",
        f"A model that translates from {config.source} to {config.target}, {made} with tfcli {config.library_version}.",
        f'```\n{fetch}tfcli translate -m {where} "{example}"\n```',
        _table("| | |\n|---|---|", _architecture(config, metrics)),
        *([_training(recipe, metrics)] if recipe else []),
        *(["## Scores", _table("| set | measure | value | signature |\n|---|---|---:|---|", scores)] if scores else []),
        "## Limits",
        "A small model: it makes mistakes, above all on long sentences, rare names and subjects its corpora do not\n"
        "cover. Check what matters.",
    ]
    return "\n\n".join(parts) + "\n"


def _scores(metrics: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """(set, measure, value, signature): of the test sets if there are any, else of the validation."""
    tests = metrics.get("tests")
    if isinstance(tests, dict):
        return [
            (name, measure, f"{row[measure]['value']:.2f}", f"`{row[measure]['signature']}`")
            for name, row in tests.items()
            for measure in ("bleu", "chrf")
        ]
    validation = metrics.get("validation") or {}
    return [("validation", name, f"{value:.2f}", "") for name, value in validation.items() if isinstance(value, float)]


def _result(config: BundleConfig, dataset: str, measure: str, value: str, signature: str) -> EvalResult:
    return EvalResult(
        task_type="translation",
        task_name=f"Translation {config.source}-{config.target}",
        dataset_type=dataset,
        dataset_name=dataset,
        metric_type=measure,
        metric_value=float(value),
        metric_config=signature.strip("`") or None,
    )


def _architecture(config: BundleConfig, metrics: dict[str, Any]) -> list[tuple[str, str]]:
    model = config.model
    rows = [
        ("kind", model.kind),
        ("encoder, decoder", f"{model.num_encoder_layers} + {model.num_decoder_layers} layers"),
        ("width, feed-forward, heads", f"{model.d_model}, {model.d_ff}, {model.num_heads}"),
        ("vocabulary", f"{model.vocab_size:,} pieces, shared"),
        ("positions, norm", f"{model.positions}, {model.norm} ({model.residual})"),
    ]
    return rows + [("parameters", f"{metrics[key]:,}") for key in ("parameters",) if key in metrics]


def _training(recipe: Recipe, metrics: dict[str, Any]) -> str:
    training = recipe.training
    # Names alone: where they lie on somebody's disk is nobody's business.
    corpora = "\n".join(f"- {Path(corpus.path).name}, weight {corpus.weight:g}" for corpus in recipe.data.train)
    length = ""
    if {"step", "training_seconds"} <= metrics.keys():
        length = f"{metrics['step']:,} updates in {metrics['training_seconds'] / 60:.0f} minutes, each "
    return (
        f"## Training\n\n{length}of up to {training.batch_tokens * training.grad_accum:,} tokens; objective "
        f"{training.objective}, optimizer {training.optimizer},\nlearning rate {training.learning_rate:g}. The whole "
        f"recipe is in recipe.toml. Corpora:\n\n{corpora}"
    )


def _table(head: str, rows: list[tuple[str, ...]]) -> str:
    return "\n".join([head, *(f"| {' | '.join(row)} |" for row in rows)])
