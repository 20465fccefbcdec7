"""Which optimizer moves which parameter."""

from collections.abc import Callable

import torch
from torch import nn
from torch.optim import AdamW, Muon, Optimizer

from tfcli.config import TrainingConfig

_BETAS, _EPS = (0.9, 0.98), 1e-9  # Vaswani et al. 2017 (1706.03762), section 5.3


def _adamw(model: nn.Module, config: TrainingConfig) -> list[Optimizer]:
    """Loshchilov & Hutter 2019 (1711.05101); only matrices decay."""
    return [_adamw_for(list(model.named_parameters()), config)]


def _muon(model: nn.Module, config: TrainingConfig) -> list[Optimizer]:
    """Orthogonalized momentum for the matrices inside the layers (Jordan et al. 2024), with updates scaled to the size
    of AdamW's so that one learning rate serves both (Liu et al. 2025, 2502.16982); AdamW for all else."""
    named = list(model.named_parameters())
    hidden = [(n, p) for n, p in named if p.dim() == 2 and "layers" in n]
    names = {n for n, _ in hidden}
    muon = Muon(
        [p for _, p in hidden],
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
        adjust_lr_fn="match_rms_adamw",
    )
    return [muon, _adamw_for([(n, p) for n, p in named if n not in names], config)]


def _adamw_for(named: list[tuple[str, nn.Parameter]], config: TrainingConfig) -> AdamW:
    matrices = [p for _, p in named if p.dim() > 1]
    vectors = [p for _, p in named if p.dim() <= 1]
    groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return AdamW(groups, lr=config.learning_rate, betas=_BETAS, eps=_EPS, fused=True)


OPTIMIZERS: dict[str, Callable[[nn.Module, TrainingConfig], list[Optimizer]]] = {"adamw": _adamw, "muon": _muon}


def build_optimizers(model: nn.Module, config: TrainingConfig) -> list[Optimizer]:
    """Optimizers that together own every parameter once."""
    return OPTIMIZERS[config.optimizer](model, config)


def set_learning_rate(optimizers: list[Optimizer], rate: float) -> None:
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate


def optimizer_tensors(optimizers: list[Optimizer]) -> dict[str, torch.Tensor]:
    """The state of all optimizers as named tensors: "optimizer.parameter.what"."""
    return {
        f"{i}.{index}.{key}": value
        for i, optimizer in enumerate(optimizers)
        for index, state in optimizer.state_dict()["state"].items()
        for key, value in state.items()
    }


def load_optimizer_tensors(optimizers: list[Optimizer], tensors: dict[str, torch.Tensor]) -> None:
    """The inverse of `optimizer_tensors`, into optimizers built for the same model and config."""
    for i, optimizer in enumerate(optimizers):
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, tensor in tensors.items():
            number, index, key = name.split(".")
            if int(number) == i:
                state.setdefault(int(index), {})[key] = tensor
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
