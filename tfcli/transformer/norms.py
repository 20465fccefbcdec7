"""Normalization, and where it stands in a residual block.

Shapes: B batch, T tokens, D d_model.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tfcli.config import ModelConfig
from tfcli.transformer.dropout import Dropout

_DECAY, _EPS = 0.9, 1e-5
"""Of PowerNorm: α, and what keeps a feature that is always zero from being divided by zero."""


class LayerNorm(nn.LayerNorm):
    """y = g * (x - mean(x)) / sqrt(var(x) + eps) + b over the features of each token. Ba et al. 2016 (1607.06450)."""

    def __init__(self, config: ModelConfig):
        super().__init__(config.d_model)


class RMSNorm(nn.RMSNorm):
    """y = g * x / sqrt(mean(x²) + eps) over the features of each token: neither mean nor shift. Zhang & Sennrich 2019
    (1910.07467)."""

    def __init__(self, config: ModelConfig):
        super().__init__(config.d_model, eps=1e-6)


class PowerNorm(nn.Module):
    """y = g * x / ψ + b, ψ² the moving mean of x² over all tokens, feature by feature: training divides by the very
    numbers that evaluation divides by. Shen et al. 2020 (2003.07845), algorithm 2. They are saved with the model.

    Departures: no warm-up with the statistics of the batch, and no layer scale before the norm. The statistics move in
    the backward pass, so that what is only looked at leaves no trace; and there padding is known by its gradient, which
    is zero, and left out. Of several processes the first one's count.
    """

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(config.d_model))
        self.bias = nn.Parameter(torch.zeros(config.d_model))
        self.register_buffer("power_D", torch.ones(config.d_model))
        self.register_buffer("drift_D", torch.zeros(config.d_model))

    def forward(self, x_BTD: Tensor) -> Tensor:
        if self.training:
            normed_BTD = _DivideByPower.apply(x_BTD, self.power_D, self.drift_D)
        else:
            normed_BTD = x_BTD * (self.power_D + _EPS).rsqrt()
        return normed_BTD * self.weight + self.bias


class _DivideByPower(torch.autograd.Function):
    """x̂ = x / ψ. Its gradient, in the paper's letters:

        dx = (dx̂ - ν x̂) / ψ,  ν += (1 - α) (mean(x̂ dx̂) - ν mean(x̂²)),  ψ² += (1 - α) (mean(x²) - ψ²)

    ν stands for what ψ, which depends on many batches, would have passed back.
    """

    @staticmethod
    def forward(ctx, x_BTD: Tensor, power_D: Tensor, drift_D: Tensor) -> Tensor:
        inverse_D = (power_D + _EPS).rsqrt()
        ctx.save_for_backward(x_BTD, inverse_D)
        ctx.statistics = power_D, drift_D
        return x_BTD * inverse_D

    @staticmethod
    def backward(ctx, grad_BTD: Tensor) -> tuple[Tensor, None, None]:
        x_BTD, inverse_D = ctx.saved_tensors
        power_D, drift_D = ctx.statistics
        real_BT1 = (grad_BTD != 0).any(-1, keepdim=True)
        x_BTD = x_BTD * real_BT1
        normed_BTD = x_BTD * inverse_D
        grad_x_BTD = (grad_BTD - drift_D * normed_BTD) * inverse_D

        def mean(y_BTD: Tensor) -> Tensor:
            return y_BTD.flatten(0, -2).sum(0) / real_BT1.sum().clamp(min=1)

        rate = (1 - _DECAY) * real_BT1.any()
        drift_D += rate * (mean(normed_BTD * grad_BTD) - drift_D * mean(normed_BTD.square()))
        power_D += rate * (mean(x_BTD.square()) - power_D)
        return grad_x_BTD, None, None


class PreNorm(nn.Module):
    """x + dropout(f(norm(x))): the residual path stays untouched from input to output, so deep stacks train without
    much warm-up. Xiong et al. 2020 (2002.04745)."""

    final_norm = True

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.norm = NORMS[config.norm](config)
        self.dropout = Dropout(config.dropout)

    def forward(self, x_BTD: Tensor, sublayer: Callable[[Tensor], Tensor]) -> Tensor:
        return x_BTD + self.dropout(sublayer(self.norm(x_BTD)))


class PostNorm(PreNorm):
    """norm(x + dropout(f(x))), as in the first Transformer (Vaswani et al. 2017): every block's output is normalized,
    and gradients reach the first layers only through all norms, hence the warm-up."""

    final_norm = False

    def forward(self, x_BTD: Tensor, sublayer: Callable[[Tensor], Tensor]) -> Tensor:
        return self.norm(x_BTD + self.dropout(sublayer(x_BTD)))


class NoResidual(PreNorm):
    """dropout(f(norm(x))): no way past the layer, to see what the residual path is for. Each layer keeps of its input
    only what it makes of it, and hands back a gradient that has gone through all layers above; He et al. 2015
    (1512.03385) is what it does without."""

    def forward(self, x_BTD: Tensor, sublayer: Callable[[Tensor], Tensor]) -> Tensor:
        return self.dropout(sublayer(self.norm(x_BTD)))


NORMS: dict[str, Callable[[ModelConfig], nn.Module]] = {"layer": LayerNorm, "rms": RMSNorm, "power": PowerNorm}
RESIDUALS: dict[str, type[PreNorm]] = {"pre": PreNorm, "post": PostNorm, "none": NoResidual}


def final_norm(config: ModelConfig) -> nn.Module:
    """What a stack ends with: a norm if its blocks leave their output without one."""
    return NORMS[config.norm](config) if RESIDUALS[config.residual].final_norm else nn.Identity()
