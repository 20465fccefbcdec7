"""From a topic to its facts."""

from collections.abc import Callable

import torch

from tfcli.explain import attending, layers, using
from tfcli.explain.facts import Facts
from tfcli.explain.lesson import Lesson

FACTS: dict[str, Callable[[Lesson], Facts]] = {
    "embedding": layers.embedding,
    "positions": layers.positions,
    "qkv": attending.qkv,
    "scores": attending.scores,
    "scaling": attending.scaling,
    "masks": attending.masks,
    "softmax": attending.softmax,
    "attention": attending.attention,
    "heads": attending.heads,
    "cross-attention": attending.cross_attention,
    "residual": layers.residual,
    "feed-forward": layers.feed_forward,
    "training": using.training,
    "inference": using.inference,
    "parallel": using.parallel,
    "efficient": using.efficient,
}


@torch.no_grad()
def find_facts(topic: str, lesson: Lesson) -> Facts:
    """The numbers of a topic, computed now."""
    return FACTS[topic](lesson)
