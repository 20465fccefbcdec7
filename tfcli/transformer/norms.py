"""Normalization, and where it stands in a residual block.

Shapes: B batch, T tokens, D d_model.
"""

from collections.abc import Callable

from torch import Tensor, nn

from tfcli.config import ModelConfig


class LayerNorm(nn.LayerNorm):
    """y = g * (x - mean(x)) / sqrt(var(x) + eps) + b over the features of each token. Ba et al. 2016 (1607.06450)."""

    def __init__(self, config: ModelConfig):
        super().__init__(config.d_model)


class PreNorm(nn.Module):
    """x + dropout(f(norm(x))): the residual path stays untouched from input to output, so deep stacks train without
    much warm-up. Xiong et al. 2020 (2002.04745)."""

    final_norm = True

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.norm = NORMS[config.norm](config)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x_BTD: Tensor, sublayer: Callable[[Tensor], Tensor]) -> Tensor:
        return x_BTD + self.dropout(sublayer(self.norm(x_BTD)))


class PostNorm(PreNorm):
    """norm(x + dropout(f(x))), as in the first Transformer (Vaswani et al. 2017): every block's output is normalized,
    and gradients reach the first layers only through all norms, hence the warm-up."""

    final_norm = False

    def forward(self, x_BTD: Tensor, sublayer: Callable[[Tensor], Tensor]) -> Tensor:
        return self.norm(x_BTD + self.dropout(sublayer(x_BTD)))


NORMS: dict[str, Callable[[ModelConfig], nn.Module]] = {"layer": LayerNorm}
RESIDUALS: dict[str, type[PreNorm]] = {"pre": PreNorm, "post": PostNorm}


def final_norm(config: ModelConfig) -> nn.Module:
    """What a stack ends with: a norm if its blocks leave their output without one."""
    return NORMS[config.norm](config) if RESIDUALS[config.residual].final_norm else nn.Identity()
