"""The model card: what a person must know before using a model, from its config, recipe and metrics."""

from pathlib import Path
from typing import Any

import yaml

from tfcli.bundle import BundleConfig
from tfcli.config import Recipe, StageConfig
from tfcli.config.training import limits
from tfcli.text.languages import find_language

_MARK = "<!-- Written by tfcli, which may replace this card as long as this line is in it. -->"
_TESTED = ("bleu", "chrf")


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
    facts = {
        "language": [config.source, config.target],
        "license": config.license,
        "library_name": "tfcli",
        "base_model": origin,
        "pipeline_tag": "translation",
        "widget": [{"text": example}] if example != "..." else None,
        "model-index": _index(config, name or direction, scores),
    }
    known = {key: value for key, value in facts.items() if value}
    metadata = yaml.safe_dump(known, sort_keys=False, allow_unicode=True).rstrip()
    made = f"converted from {origin}" if origin else "made"
    where = name or "THIS_FOLDER"
    fetch = f"tfcli pull {name}\n" if name else ""
    parts = [
        f"---\n{metadata}\n---\n\n{_MARK}\n\n# {direction}",
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
    """(set, measure, value, signature): of the test sets if there are any, else of the validation. Metrics may be from
    anybody: what is no score is passed over."""
    tests, validation = metrics.get("tests"), metrics.get("validation")
    if isinstance(tests, dict):
        rows = [
            (name, measure, row.get(measure))
            for name, row in tests.items()
            if isinstance(row, dict)
            for measure in _TESTED
        ]
        found = [
            (name, measure, row.get("value"), row.get("signature"))
            for name, measure, row in rows
            if isinstance(row, dict)
        ]
    else:
        found = [
            ("validation", name, value, "")
            for name, value in (validation if isinstance(validation, dict) else {}).items()
        ]
    return [
        (" ".join(name.split()), measure, f"{number:.2f}", f"`{signature}`" if signature else "")
        for name, measure, value, signature in found
        if (number := _number(value)) is not None
    ]


def _number(value: object) -> float | None:
    """None if it is no finite number."""
    if type(value) not in (int, float) or not abs(value) < 2**63:
        return None
    return float(value)


def _index(config: BundleConfig, name: str, scores: list[tuple[str, str, str, str]]) -> list[dict[str, Any]]:
    """The scores as the Hub reads them (its model-index), one result for each set."""
    task = {"type": "translation", "name": f"Translation {config.source}-{config.target}"}
    results: dict[str, dict[str, Any]] = {}
    for dataset, measure, value, signature in scores:
        result = {"task": dict(task), "dataset": {"name": dataset, "type": dataset}, "metrics": []}
        metric = {"type": measure, "value": float(value)} | ({"config": signature.strip("`")} if signature else {})
        results.setdefault(dataset, result)["metrics"].append(metric)
    return [{"name": name, "results": list(results.values())}] if results else []


def _architecture(config: BundleConfig, metrics: dict[str, Any]) -> list[tuple[str, str]]:
    model = config.model
    rows = [
        ("kind", model.kind),
        ("encoder, decoder", f"{model.num_encoder_layers} + {model.num_decoder_layers} layers"),
        ("width, feed-forward, heads", f"{model.d_model}, {model.d_ff}, {model.num_heads}"),
        ("vocabulary", f"{model.vocab_size:,} pieces, shared"),
        ("positions, norm", f"{model.positions}, {model.norm} ({model.residual})"),
    ]
    parameters = _number(metrics.get("parameters"))
    return rows + ([("parameters", f"{parameters:,.0f}")] if parameters else [])


def _training(recipe: Recipe, metrics: dict[str, Any]) -> str:
    training = recipe.training
    step, seconds = _number(metrics.get("step")), _number(metrics.get("training_seconds"))
    length = f"{step:,.0f} updates in {seconds / 60:.0f} minutes, each " if step and seconds is not None else ""
    stages = [_stage(stage) for stage in recipe.stage]
    # Names alone: where they lie on somebody's disk is nobody's business.
    corpora = [
        (Path(corpus.path).name, f"{corpus.weight:g}", _cell(corpus.license), _cell(corpus.note))
        for corpus in recipe.data.train
    ]
    return "\n\n".join(
        [
            "## Training",
            f"{length}of up to {training.batch_tokens * training.grad_accum:,} tokens; objective "
            f"{training.objective}, optimizer {training.optimizer},\nlearning rate {training.learning_rate:g}. "
            "The whole recipe is in recipe.toml.",
            *([_table("| stage | length | starts from |\n|---|---|---|", stages)] if stages else []),
            _table("| corpus | weight | licence | |\n|---|---:|---|---|", corpora),
        ]
    )


def _stage(stage: StageConfig) -> tuple[str, ...]:
    length = ", ".join(f"{value:,} {name}" for name, value in limits(stage.training).items() if value)
    return stage.name, length, _cell(", ".join(f"{share:g} {name}" for name, share in stage.init.items()))


def _cell(text: str) -> str:
    """Text that cannot end a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def _table(head: str, rows: list[tuple[str, ...]]) -> str:
    return "\n".join([head, *(f"| {' | '.join(row)} |" for row in rows)])
