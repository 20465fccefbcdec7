"""Positions as points on the path of a learned dynamical system.

Shapes: B batch, T tokens, D d_model, N knots.
"""

import torch
from torch import Tensor, nn

from tfcli.config import ModelConfig
from tfcli.transformer.positions.positions import Positions

_TIME_PER_TOKEN = 0.1  # as in the paper
_STRIDE = 8
"""Tokens per step of the solver."""


class Continuous(Positions):
    """FLOATER: dp/dt = h(t, p), h a small network; position i is p(0.1·i), added to the input. The number of positions
    has no bound, and neighbours are close by construction. Liu et al. 2020 (2003.09229), section 3.

    The path is integrated by fixed Runge-Kutta steps of order 4, eight tokens long; between them a cubic through both
    ends and their slopes is read off, which is as exact as the steps are. Departures: the paper uses an adaptive solver
    and adds a path to the input of every layer; here the steps are fixed and only the input of the stack gets one.
    """

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.begin_D = nn.Parameter(torch.randn(config.d_model))
        self.up = nn.Linear(config.d_model + 1, config.d_model)
        self.down = nn.Linear(config.d_model, config.d_model)

    def velocity(self, time: float, p_D: Tensor) -> Tensor:
        """h(t, p) = W2 tanh(W1 [p, t] + b1) + b2."""
        return self.down(torch.tanh(self.up(torch.cat([p_D, p_D.new_tensor([time])]))))

    def path(self, end: int) -> Tensor:
        """p_TD at positions 0 to `end`, and a few beyond it."""
        step = _STRIDE * _TIME_PER_TOKEN
        points, slopes = [self.begin_D], [self.velocity(0.0, self.begin_D)]
        for number in range(-(-end // _STRIDE)):
            time, p, k1 = number * step, points[-1], slopes[-1]
            k2 = self.velocity(time + step / 2, p + step / 2 * k1)
            k3 = self.velocity(time + step / 2, p + step / 2 * k2)
            k4 = self.velocity(time + step, p + step * k3)
            points.append(p + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
            slopes.append(self.velocity(time + step, points[-1]))
        p_N1D, v_N1D = torch.stack(points)[:, None], step * torch.stack(slopes)[:, None]
        u = (torch.arange(_STRIDE, device=p_N1D.device, dtype=p_N1D.dtype) / _STRIDE)[:, None]
        early = (1 + 2 * u) * (1 - u) ** 2 * p_N1D[:-1] + u * (1 - u) ** 2 * v_N1D[:-1]
        late = u**2 * (3 - 2 * u) * p_N1D[1:] - u**2 * (1 - u) * v_N1D[1:]
        return (early + late).flatten(0, 1)

    def embed(self, x_BTD: Tensor, start: int = 0) -> Tensor:
        end = start + x_BTD.size(1)
        return x_BTD + self.path(end)[start:end]
