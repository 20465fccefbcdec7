"""The pages on what stands around attention: embedding, positions, residual path and norm, feed-forward.

Shapes: S source, D d_model, F d_ff, V vocabulary.
"""

from collections.abc import Iterator
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from tfcli.build import build_model
from tfcli.config import EOS, Residual
from tfcli.explain.facts import Facts, Table
from tfcli.explain.lesson import Lesson
from tfcli.transformer.encoder import EncoderLayer
from tfcli.transformer.feed_forward import FeedForward
from tfcli.transformer.masks import Mask
from tfcli.transformer.model import Transformer
from tfcli.transformer.norms import NORMS, RESIDUALS
from tfcli.transformer.positions import POSITIONS
from tfcli.transformer.seq2seq import Seq2Seq

_NEIGHBOURS = 6


def embedding(lesson: Lesson) -> Facts:
    """Tokens as vectors, and which vectors are close to the first one's."""
    model = lesson.model
    weight_VD = model.embedding.weight
    x_SD = model.embed(torch.tensor(lesson.src))
    similarity_V = F.cosine_similarity(weight_VD, weight_VD[lesson.src[0]], dim=-1)
    similarity_V[[*range(EOS + 1), lesson.src[0]]] = -1
    nearest, ids = similarity_V.topk(min(_NEIGHBOURS, len(similarity_V)))
    numbers = {
        "tokens": Table([[*row] for row in zip(lesson.tokens(lesson.src), lesson.src, x_SD.tolist(), strict=True)]),
        "token": lesson.tokens(lesson.src)[0],
        "near": Table([[*row] for row in zip(lesson.tokens(ids.tolist()), nearest.tolist(), strict=True)]),
        "vocabulary": weight_VD.size(0),
        "width": weight_VD.size(1),
        "scale": weight_VD.size(1) ** 0.5,
        "share": weight_VD.numel() / sum(p.numel() for p in model.parameters()),
    }
    return Facts(numbers, [Seq2Seq.embed])


def positions(lesson: Lesson) -> Facts:
    """Whether the encoder tells a sentence from the same words in reverse order, with and without positions."""
    config, encoder = lesson.model.config, lesson.model.encoder
    added_SD = encoder.positions.embed(torch.zeros(1, len(lesson.src), config.d_model))[0]
    numbers = {"kind": config.positions, "added": Table([[i, x_D] for i, x_D in enumerate(added_SD.tolist())])}
    for name, model in (("felt", lesson.model), ("unfelt", lesson.rebuilt(positions="none"))):
        forward_SD, backward_SD = (lesson.encode(model, src) for src in (lesson.src, lesson.src[::-1]))
        numbers[name] = float((forward_SD - backward_SD.flip(0)).abs().max())
    numbers["typical"] = float(lesson.encode().abs().mean())
    return Facts(numbers, [POSITIONS[config.positions]])


def residual(lesson: Lesson) -> Facts:
    """How much each sublayer changes x; and what a model that has learned nothing yet makes of the sentence, with the
    path past the layers and without it."""
    config = lesson.model.config
    changes = [
        [i, *(float(tensor.norm()) for tensor in (x_SD, y_SD - x_SD, z_SD - y_SD))]
        for i, (x_SD, y_SD, z_SD) in enumerate(_steps(lesson, lesson.model), 1)
    ]
    path, none = (_fresh(lesson, kind) for kind in (config.residual, "none"))
    fresh = [[i, *both[0], *both[1]] for i, both in enumerate(zip(path, none, strict=True), 1)]
    numbers = {
        "kind": config.residual,
        "norm": config.norm,
        "layers": Table(changes),
        "fresh": Table(fresh),
        "alike": path[-1][0],
        "alike_without": none[-1][0],
    }
    return Facts(numbers, [RESIDUALS[config.residual], NORMS[config.norm]])


def feed_forward(lesson: Lesson) -> Facts:
    """What the feed-forward sublayer of the encoder's first layer does to each token."""
    model, rows = lesson.model, []
    layer = model.encoder.layers[0]
    _, y_SD, z_SD = next(_steps(lesson, model))
    seen: list[Tensor] = []

    def watch(x_SD: Tensor) -> Tensor:
        seen.append(x_SD)
        return layer.feed_forward(x_SD)

    layer.feed_forward_residual(y_SD, watch)
    hidden_SF = layer.feed_forward.activation(layer.feed_forward.up(seen[0]))
    for token, hidden_F, y_D, z_D in zip(lesson.map.source_tokens, hidden_SF, y_SD, z_SD, strict=True):
        rows.append([token, float((hidden_F > 0).float().mean()), int(hidden_F.argmax()), float((z_D - y_D).norm())])
    sublayers = [m for m in model.modules() if isinstance(m, FeedForward)]
    numbers = {
        "tokens": Table(rows),
        "width": model.config.d_model,
        "inner": model.config.d_ff,
        "activation": model.config.activation,
        "active": float((hidden_SF > 0).float().mean()),
        "share": sum(p.numel() for m in sublayers for p in m.parameters()) / sum(p.numel() for p in model.parameters()),
    }
    return Facts(numbers, [FeedForward, EncoderLayer])


def _steps(lesson: Lesson, model: Transformer) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Of each encoder layer: x_SD as it comes, after self-attention, after the feed-forward sublayer."""
    x_BSD = model.encoder.positions.embed(model.embed(torch.tensor([lesson.src])))
    for layer in model.encoder.layers:
        y_BSD = layer.attention_residual(x_BSD, lambda x, layer=layer: layer.attention(x, Mask()))
        z_BSD = layer.feed_forward_residual(y_BSD, layer.feed_forward)
        yield x_BSD[0], y_BSD[0], z_BSD[0]
        x_BSD = z_BSD


def _fresh(lesson: Lesson, kind: Residual) -> list[tuple[float, float]]:
    """A model of this shape before its first step: how alike its tokens are after each encoder layer, and the length of
    that layer's gradient. Alike: the mean cosine between two tokens' states."""
    with torch.random.fork_rng(), torch.enable_grad():
        torch.manual_seed(0)
        model = build_model(replace(lesson.model.config, residual=kind)).eval()
        logits_TV = model(torch.tensor([lesson.src]), torch.tensor([lesson.reads]))[0]
        F.cross_entropy(logits_TV, torch.tensor(lesson.says)).backward()
    pairs = torch.combinations(torch.arange(len(lesson.src)))
    return [
        (
            float(F.cosine_similarity(z_SD[pairs[:, 0]], z_SD[pairs[:, 1]]).mean()),
            float(torch.cat([p.grad.flatten() for p in layer.parameters()]).norm()),
        )
        for layer, (_, _, z_SD) in zip(model.encoder.layers, _steps(lesson, model), strict=True)
    ]
