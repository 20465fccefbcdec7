"""Which settings of a model cannot stand together, why, and what comes nearest. No torch here."""

import typing

from tfcli.errors import ModelError

if typing.TYPE_CHECKING:
    from tfcli.config.model import ModelConfig

POSITIONS_IN_SCORES = ("relative", "relative_scale", "shaw")
"""Positions that change the score of each pair of tokens."""
KERNELS_WITHOUT_SCORES = ("low_rank", "lsh", "linear", "performer")
"""Attention that never computes the score of each pair of tokens."""
KERNELS_NOT_CAUSAL = ("low_rank", "lsh")
"""Attention that needs the whole text before it can attend to any of it."""
PARALLEL_KINDS = ("parallel", "many_begin", "fertility", "mask_predict", "ctc", "crf")
"""Models that write all words of a translation at once."""
PARALLEL_OBJECTIVE = "non_autoregressive"
BASELINES = ("rnn", "rnn_no_attention", "cnn")
"""Models without the parts of a Transformer."""
_PARTS = ("activation", "positions", "norm", "residual", "encoder_attention", "decoder_attention", "cross_attention")


def refuse_impossible(model: "ModelConfig") -> None:
    """Raises ModelError, with the nearest choice that works as its hint, if no model of this config can exist."""
    _check_baseline(model)
    _check_output(model)
    _check_heads(model)
    _check_decoder(model)
    _check_scores(model)
    _check_depths(model)


def refuse_objective(kind: str, objective: str) -> None:
    """Raises ModelError if a model of this kind cannot be trained for this objective."""
    if (kind in PARALLEL_KINDS) == (objective == PARALLEL_OBJECTIVE):
        return
    if kind in PARALLEL_KINDS:
        raise ModelError(
            f'training.objective = "{objective}" shows a model the words before the one it writes, and model.kind = '
            f'"{kind}" writes all words at once',
            f'use training.objective = "{PARALLEL_OBJECTIVE}"',
        )
    raise ModelError(
        f'training.objective = "{objective}" is for models that write all words at once, and model.kind = "{kind}" '
        "writes one after another",
        'use training.objective = "teacher_forcing", or model.kind = "parallel"',
    )


def _check_baseline(model: "ModelConfig") -> None:
    if model.kind not in BASELINES:
        return
    for name in _PARTS:
        if (value := getattr(model, name)) != type(model).__dataclass_fields__[name].default:
            raise ModelError(
                f'model.{name} = "{value}" is a part of a Transformer; model.kind = "{model.kind}" has no such part',
                f'leave model.{name} out, or use model.kind = "transformer"',
            )
    if model.kind != "cnn" and model.d_model % 2:
        raise ModelError(
            f'model.kind = "{model.kind}" reads in two directions with half of model.d_model each, and '
            f"{model.d_model} is odd",
            f"use model.d_model = {model.d_model + 1}",
        )


def _check_output(model: "ModelConfig") -> None:
    if model.output_bias and model.kind != "transformer":
        raise ModelError(
            f'model.output_bias = true goes with model.kind = "transformer", not "{model.kind}"',
            "leave model.output_bias out",
        )


def _check_heads(model: "ModelConfig") -> None:
    if model.d_model % model.num_heads:
        raise ModelError(
            f"model.num_heads = {model.num_heads} does not divide model.d_model = {model.d_model}",
            f"nearest that does: {_nearest_divisor(model.d_model, model.num_heads)}",
        )
    d_head = model.d_model // model.num_heads
    if model.positions == "rotary" and d_head % 2:
        nearest = _nearest_divisor(model.d_model // 2, model.num_heads)
        raise ModelError(
            f'model.positions = "rotary" turns the features of a head in pairs, and a head has {d_head}',
            'use model.positions = "sinusoidal"' if model.d_model % 2 else f"use model.num_heads = {nearest}",
        )


def _check_decoder(model: "ModelConfig") -> None:
    if model.decoder_attention in KERNELS_NOT_CAUSAL and model.kind not in PARALLEL_KINDS:
        raise ModelError(
            f'model.decoder_attention = "{model.decoder_attention}" needs the whole text before it can attend to any '
            "of it, and a decoder has only what it has written so far",
            'use it as model.encoder_attention, with model.decoder_attention = "local"',
        )


def _check_scores(model: "ModelConfig") -> None:
    for name in ("encoder_attention", "decoder_attention"):
        kernel = getattr(model, name)
        if model.positions in POSITIONS_IN_SCORES and kernel in KERNELS_WITHOUT_SCORES:
            raise ModelError(
                f'model.positions = "{model.positions}" changes the score of each pair of tokens, and '
                f'model.{name} = "{kernel}" never computes those scores',
                f'use model.positions = "sinusoidal", or model.{name} = "local"',
            )


def _check_depths(model: "ModelConfig") -> None:
    encoder, decoder = model.num_encoder_layers, model.num_decoder_layers
    if model.cross_attention != "last" and encoder != decoder:
        raise ModelError(
            f'model.cross_attention = "{model.cross_attention}" lets each decoder layer read the encoder layer of the '
            f"same number, and there are {encoder} and {decoder}",
            f'use model.num_decoder_layers = {encoder}, or model.cross_attention = "last"',
        )


def _nearest_divisor(number: int, wish: int) -> int:
    return min((n for n in range(1, number + 1) if number % n == 0), key=lambda n: abs(n - wish))
