"""The model card: what a person must know before using a model, from its config, recipe and metrics."""

from typing import Any

from tfcli.bundle import BundleConfig
from tfcli.config import Recipe


def model_card(config: BundleConfig, recipe: Recipe, metrics: dict[str, Any]) -> str:
    """README.md in the Hub's format: YAML metadata, then text."""
    model, training = config.model, recipe.training
    corpora = "\n".join(f"- {corpus.path}, weight {corpus.weight:g}" for corpus in recipe.data.train)
    scores = "\n".join(f"| {name} | {value:.2f} |" for name, value in metrics["validation"].items())
    license_line = f"license: {config.license}\n" if config.license else ""
    return f"""---
language:
- {config.source}
- {config.target}
{license_line}library_name: tfcli
pipeline_tag: translation
---

# {config.source} → {config.target}

A model that translates from {config.source} to {config.target}, trained with tfcli {config.library_version}.

```
tfcli translate -m THIS_FOLDER "..."
```

| | |
|---|---|
| encoder, decoder | {model.num_encoder_layers} + {model.num_decoder_layers} layers |
| width, feed-forward, heads | {model.d_model}, {model.d_ff}, {model.num_heads} |
| vocabulary | {model.vocab_size:,} pieces, shared |
| parameters | {metrics["parameters"]:,} |
| positions, norm | {model.positions}, {model.norm} ({model.residual}) |

## Training

{metrics["step"]:,} updates of up to {training.batch_tokens * training.grad_accum:,} tokens in \
{metrics["training_seconds"] / 60:.0f} minutes; objective {training.objective}, optimizer {training.optimizer},
learning rate {training.learning_rate:g}. The whole recipe is in recipe.toml.

{corpora}

## Validation

| measure | value |
|---|---|
{scores}

## Limits

A small model: it makes mistakes, above all on long sentences, rare names and subjects its corpora do not cover. Check
what matters.
"""
