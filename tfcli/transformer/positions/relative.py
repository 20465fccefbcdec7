"""Positions that change the score of a query and a key by the distance between them.

Every distance is signed, key minus query, so a stack that sees both sides can tell them apart, and a causal one with a
cache needs no more than the position of its first query. All tables are shared by the layers of a stack.

Shapes: B batch, H heads, Q queries, M keys, K d_head, N distances or buckets.
"""

import math

import torch
from torch import Tensor, nn

from tfcli.config import ModelConfig
from tfcli.transformer.positions.positions import Positions

_BUCKETS = 32
"""As in T5: half of them for keys before the query, half for keys after it."""


def clipped_distances(scores_BHQM: Tensor, start: int, reach: int) -> Tensor:
    """index_QM: key position minus query position, no further than `reach` either way, counted from 0 = -reach."""
    query = torch.arange(start, start + scores_BHQM.size(2), device=scores_BHQM.device)
    key = torch.arange(scores_BHQM.size(3), device=scores_BHQM.device)
    return (key - query[:, None]).clamp(-reach, reach) + reach


def bucket(distance: int, reach: int) -> int:
    """Near distances have a bucket each; farther ones share buckets whose width grows with them, up to `reach`."""
    side = _BUCKETS // 2
    exact = side // 2
    number = abs(distance)
    if number >= exact:
        growth = math.log(number / exact) / math.log(max(reach, exact + 1) / exact)
        number = min(exact + int(growth * (side - exact)), side - 1)
    return number + side * (distance > 0)


class Relative(Positions):
    """s[q, m] = q·k / √K + b[h, bucket(m - q)]: a learned coefficient per head and distance, added to the unnormalised
    weight. Raffel et al. 2020 (1910.10683), section 2.1. It starts at zero, which is attention without positions.
    Departure: T5's decoder has all buckets for the past; here both stacks share one rule, and a decoder uses half."""

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.reach = config.max_distance
        self.bias_HN = nn.Parameter(torch.zeros(config.num_heads, _BUCKETS))
        buckets = [bucket(distance, self.reach) for distance in range(-self.reach, self.reach + 1)]
        self.register_buffer("bucket_of_distance", torch.tensor(buckets), persistent=False)

    def scores(self, scores_BHQM: Tensor, q_BHQK: Tensor, start: int = 0) -> Tensor:
        buckets_QM = self.bucket_of_distance[clipped_distances(scores_BHQM, start, self.reach)]
        return scores_BHQM + self.bias_HN[:, buckets_QM]


class RelativeScale(Positions):
    """s[q, m] = c[h, clip(m - q)] · q·k / √K: a learned coefficient per head and distance, multiplied onto the score.
    Huang et al. 2020 (2009.13658), method 1, with a sign to the distance and a table per head. It starts at one, which
    is attention without positions."""

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.reach = config.max_distance
        self.scale_HN = nn.Parameter(torch.ones(config.num_heads, 2 * self.reach + 1))

    def scores(self, scores_BHQM: Tensor, q_BHQK: Tensor, start: int = 0) -> Tensor:
        return scores_BHQM * self.scale_HN[:, clipped_distances(scores_BHQM, start, self.reach)]


class Shaw(Positions):
    """s[q, m] = q·(k + a[clip(m - q)]) / √K: a learned key per distance, so that the content of the query decides which
    distances matter to it. Shaw et al. 2018 (1803.02155), equation 4. It starts at zero.
    Departures: no relative values, which added nothing in the paper's ablation; one table per stack, not per layer."""

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.reach = config.max_distance
        self.keys_NK = nn.Parameter(torch.zeros(2 * self.reach + 1, config.d_model // config.num_heads))

    def scores(self, scores_BHQM: Tensor, q_BHQK: Tensor, start: int = 0) -> Tensor:
        # Each query meets the few distances that exist, not each pair of tokens its own vector: (B, H, Q, N).
        by_distance_BHQN = (q_BHQK * q_BHQK.size(-1) ** -0.5) @ self.keys_NK.T
        index_QM = clipped_distances(scores_BHQM, start, self.reach)
        return scores_BHQM + by_distance_BHQN.gather(-1, index_QM.expand_as(scores_BHQM))
