"""What a recipe would train, without training it."""

import tempfile
from pathlib import Path

import torch

from tfcli.build import build_model
from tfcli.config import Recipe
from tfcli.data.batch import make_batch
from tfcli.training.prepare import prepare_data, prepare_tokenizer
from tfcli.training.run import with_shape


def describe(recipe: Recipe) -> str:
    """Parameters, memory, steps per epoch and the shape of a batch, as lines of text."""
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as folder:  # nothing of a run is there: the tokenizer is made for the numbers
        tokenizer = prepare_tokenizer(recipe, Path(folder), lines.append)
    recipe = with_shape(recipe, tokenizer)
    corpora, validation = prepare_data(recipe, tokenizer, lines.append)
    with torch.device("meta"):
        parameters = sum(p.numel() for p in build_model(recipe.model).parameters())
    config = recipe.training
    plan = corpora.plan(config, 0)
    batch = make_batch(corpora.pairs, plan[0])
    copies = 4 + (config.ema_decay > 0)  # weights, gradients, two moments, moving average
    steps = -(-len(plan) // config.grad_accum)
    total = f"{config.steps:,} steps" if config.steps else f"{config.max_time or 0:,.0f} seconds"
    return "\n".join(
        [
            *lines,
            f"parameters         {parameters:,}",
            f"memory             {parameters * 4 * copies / 2**20:,.0f} MiB for weights and optimizer, and activations",
            f"pairs              {len(corpora.pairs):,} for training, {len(validation.pairs):,} for validation",
            f"an epoch           {steps:,} steps",
            f"a batch            source {tuple(batch.src_BS.shape)}, target {tuple(batch.tgt_BT.shape)}",
            f"the run            {total}",
        ]
    )
