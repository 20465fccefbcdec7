"""Objectives around a model of fifteen words, and their gradients."""

import torch

from tfcli.build import build_model
from tfcli.config import BOS, EOS, PAD, ModelConfig, TrainingConfig
from tfcli.config.combinations import PARALLEL_OBJECTIVE
from tfcli.data.batch import Batch
from tfcli.training.objectives import OBJECTIVES

V = 15
ONE_BY_ONE = [name for name in OBJECTIVES if name != PARALLEL_OBJECTIVE]
REWARDED = ["sequence_reward", "minimum_risk"]


def make(name: str, judge=None, *, kind="transformer", vocab_size=V, dropout=0.0, progress=1.0, **training):
    """An objective in training mode, at the end of its run, around a model that is sure of what it says.
    judge: takes the place of the reward."""
    shape = dict(d_model=8, d_ff=8, num_heads=2, num_encoder_layers=1, num_decoder_layers=1, max_length=24)
    model = build_model(ModelConfig(kind=kind, vocab_size=vocab_size, dropout=dropout, **shape))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.5 * torch.randn_like(parameter))
    objective = OBJECTIVES[name](model, TrainingConfig(objective=name, **training), judge).train()
    objective.progress = progress
    return objective


def make_batch(*pairs: tuple[list[int], list[int]]) -> Batch:
    def padded(rows: list[list[int]]) -> torch.Tensor:
        width = max(map(len, rows)) + 1  # padding in every row
        return torch.tensor([[*row, *[PAD] * (width - len(row))] for row in rows])

    return Batch(
        padded([[*src, EOS] for src, _ in pairs]),
        padded([[BOS, *tgt] for _, tgt in pairs]),
        padded([[*tgt, EOS] for _, tgt in pairs]),
    )


def some_batch() -> Batch:
    return make_batch(([5, 6, 7], [9, 8, 7, 6, 5]), ([4], [4]), ([10, 11, 12, 13], [14, 14, 4]))


def gradients(objective, batch) -> list[torch.Tensor]:
    objective.zero_grad(set_to_none=True)
    loss, _ = objective(batch)
    loss.backward()
    return [parameter.grad for parameter in objective.parameters()]


def log_p(objective, src: list[int], tgt: list[int]) -> torch.Tensor:
    """log p(tgt, EOS | src), written out."""
    logits_TV = objective.model(torch.tensor([[*src, EOS]]), torch.tensor([[BOS, *tgt]]))[0]
    return logits_TV.log_softmax(-1)[range(len(tgt) + 1), [*tgt, EOS]].sum()
