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
        _model("a bag of words, but for the decoder's mask: short sentences forgive it", positions="none"),
        _model("a table of vectors: as good, but blind beyond its end", positions="learned"),
        _model("a coefficient for each distance, added to the scores", positions="relative"),
        _model("the same, multiplied onto the scores", positions="relative_scale"),
        _model("a vector for each distance, added to the keys", positions="shaw"),
        _model("queries and keys are turned by their place: the lowest loss of all positions", positions="rotary"),
        _model("places on a curve that is learned", positions="continuous"),
    ],
    "norm and residual": [
        _model("no mean, no shift: nothing is missed", norm="rms"),
        _model("moving statistics of all tokens instead of each token's own", norm="power"),
        _model("the norm after the sum, as in 2017: slower to learn", residual="post"),
        Entry("no residual", "no way past the layers: the source is never found", {"model.residual": "none"}),
        Entry("pre, no warm-up", "the norm before the layer does without a warm-up", {"training.warmup_steps": 0}),
        Entry(
            "post, no warm-up",
            "and so does this one, as long as it has only two layers",
            {"model.residual": "post", "training.warmup_steps": 0},
        ),
    ],
    "attention": [
        _both("local", "a window is enough for short sentences"),
        _both("sparse", "a window, a few tokens that see all, a few blocks at random"),
        _both("chunked", "blocks that do not see each other: long sentences would feel it"),
        Entry("low_rank", "a text squeezed into 64 keys, in the encoder", {"model.encoder_attention": "low_rank"}),
        Entry("lsh", "keys are found by hashing, in the encoder", {"model.encoder_attention": "lsh"}),
        _both("linear", "no softmax, a state of fixed size: nothing is lost here"),
        _both("performer", "the softmax by random features: they cost more than they save at this length"),
    ],
    "heads": [
        Entry("1 head", "looks at one thing at a time", {"model.num_heads": 1}),
        Entry("16 heads", "of 8 numbers each: too narrow", {"model.num_heads": 16}),
    ],
    "cross-attention": [
        _model("decoder layer i reads encoder layer i", cross_attention="layer_wise"),
        _model("and the last one besides", cross_attention="multi_view"),
    ],
    "objective": [
        _training("its own words in two passes: no gain on so little training", objective="scheduled_sampling"),
        _training("in several parallel passes: the same", objective="parallel_scheduled_sampling"),
        _training("the last fifth by the chrF of sentences: it rises, BLEU does not", objective="sequence_reward"),
        _training("the last fifth by the expected chrF of eight: dear", objective="minimum_risk"),
    ],
    "optimizer": [
        Entry(
            "adamw",
            "each number by itself, where Muon turns whole matrices: far behind on so few updates",
            {"training.optimizer": "adamw", "training.learning_rate": 2e-3},
        )
    ],
    "baselines": [
        _kind("rnn", "the model attention was invented for: at home in short sentences"),
        _kind("rnn_no_attention", "a whole sentence through one vector: what attention is for"),
        _kind("cnn", "windows that grow from layer to layer: fastest to train, and best here"),
    ],
    "all words at once": [
        _kind("parallel", "no word knows what its neighbour says; several lengths are tried", **_PARALLEL),
        _kind("many_begin", "a row of BEGIN, cut at the first END: the end is guessed badly", **_PARALLEL),
        _kind("fertility", "each source word says how many it becomes", **_PARALLEL),
        _kind("mask_predict", "the least certain words are written again, ten times: slow", **_PARALLEL),
        _kind("ctc", "too many places, blanks and repeats taken out: the best of these", **_PARALLEL),
        _kind("crf", "neighbouring words agree; its loss is another one", **_PARALLEL),
    ],
}
"""By what is changed. The lessons speak of the results in the README."""
