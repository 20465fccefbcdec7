"""The rows of the table: one change each from the same small Transformer, and what the row shows."""

from dataclasses import dataclass, field
from typing import Any

BASE = "the Transformer"
_PARALLEL = {"training.objective": "non_autoregressive"}


@dataclass(frozen=True)
class Entry:
    """settings: what it changes, by name as in `--set`. lesson: what it is there to teach."""

    name: str
    lesson: str
    settings: dict[str, Any] = field(default_factory=dict)


def _model(lesson: str, **settings: Any) -> Entry:
    return Entry(", ".join(map(str, settings.values())), lesson, {f"model.{k}": v for k, v in settings.items()})


def _both(kernel: str, lesson: str) -> Entry:
    settings = {"model.encoder_attention": kernel, "model.decoder_attention": kernel}
    return Entry(kernel, lesson, settings)


def _training(lesson: str, **settings: Any) -> Entry:
    return Entry(", ".join(map(str, settings.values())), lesson, {f"training.{k}": v for k, v in settings.items()})


def _kind(kind: str, lesson: str, **settings: Any) -> Entry:
    return Entry(kind, lesson, {"model.kind": kind, **settings})


GROUPS: dict[str, list[Entry]] = {
    "": [Entry(BASE, "sinusoidal, layer, pre, full, last, 4 heads, teacher forcing, Muon")],
    "positions": [
        _model("without positions a sentence is a bag of words", positions="none"),
        _model("a table of vectors, as far as training went", positions="learned"),
        _model("a coefficient for each distance, added to the scores", positions="relative"),
        _model("the same, multiplied onto the scores", positions="relative_scale"),
        _model("a vector for each distance, added to the keys", positions="shaw"),
        _model("queries and keys are turned by their place", positions="rotary"),
        _model("places on a curve that is learned", positions="continuous"),
    ],
    "norm and residual": [
        _model("no mean, no shift: one statistic is enough", norm="rms"),
        _model("moving statistics of all tokens instead of each token's own", norm="power"),
        _model("the norm after the sum, as in 2017", residual="post"),
        _model("no way past the layers", residual="none"),
        Entry("pre, no warm-up", "the norm before the layer does without warm-up", {"training.warmup_steps": 0}),
        Entry(
            "post, no warm-up",
            "the norm after the sum wants the warm-up",
            {"model.residual": "post", "training.warmup_steps": 0},
        ),
    ],
    "attention": [
        _both("local", "a window is enough for short sentences"),
        _both("sparse", "a window, a few tokens that see all, a few blocks at random"),
        _both("chunked", "blocks that do not see each other lose what lies across"),
        Entry("low_rank", "a text squeezed to as many keys, in the encoder", {"model.encoder_attention": "low_rank"}),
        Entry("lsh", "keys are found by hashing, in the encoder", {"model.encoder_attention": "lsh"}),
        _both("linear", "no softmax: a state of fixed size, step by step"),
        _both("performer", "the softmax by random features"),
    ],
    "heads": [
        _model("one head of the same width looks at one thing at a time", num_heads=1),
        _model("sixteen narrow ones", num_heads=16),
    ],
    "cross-attention": [
        _model("decoder layer i reads encoder layer i", cross_attention="layer_wise"),
        _model("and the last one besides", cross_attention="multi_view"),
    ],
    "objective": [
        _training("what it has written itself, in two passes", objective="scheduled_sampling"),
        _training("the same in several parallel passes", objective="parallel_scheduled_sampling"),
        _training("the last fifth by the reward of whole sentences", objective="sequence_reward"),
        _training("the last fifth by the expected reward of a few", objective="minimum_risk"),
    ],
    "optimizer": [
        Entry(
            "adamw",
            "each number by itself, at the rate that suits it, where Muon turns whole matrices",
            {"training.optimizer": "adamw", "training.learning_rate": 2e-3},
        )
    ],
    "baselines": [
        _kind("rnn", "the model attention was invented for"),
        _kind("rnn_no_attention", "a whole sentence through one vector"),
        _kind("cnn", "windows that grow from layer to layer"),
    ],
    "all words at once": [
        _kind("parallel", "the length is guessed, then every word by itself", **_PARALLEL),
        _kind("many_begin", "a row of BEGIN, cut at the first END", **_PARALLEL),
        _kind("fertility", "each source word says how many it becomes", **_PARALLEL),
        _kind("mask_predict", "the least certain words are written again", **_PARALLEL),
        _kind("ctc", "too many places, blanks and repeats taken out", **_PARALLEL),
        _kind("crf", "neighbouring words agree with each other", **_PARALLEL),
    ],
}
"""By what is changed. The settings that differ only in a number are spelled out in the name."""
