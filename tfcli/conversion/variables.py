"""The weights of a bundle under CTranslate2's names and in its shapes, without torch.

The names are those of TransformerSpec, revision 7, in CTranslate2's `python/ctranslate2/specs`. A model that passes
`find_obstacle` computes there what it computes here.

Shapes: D d_model, F d_ff, H heads, K d_head, N distances or buckets, T positions, V vocabulary.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from tfcli.config import ModelConfig

Array = np.ndarray
Shape = tuple[int, ...]

_ACTIVATIONS = {"relu": 0, "silu": 2, "gelu": 3}
"""CTranslate2's numbers of them; its number 1 is an approximation of gelu."""
_STACKS = ("encoder", "decoder")
_PAST_BUCKETS = 16
"""So many of the 32 buckets of relative positions are for keys that do not come after the query."""


def list_weights(model: ModelConfig) -> dict[str, tuple[Shape, str]]:
    """The tensors that a bundle of this config holds: shape, and CTranslate2's name of each that it takes as it is."""
    V, D = model.vocab_size, model.d_model
    weights: dict[str, tuple[Shape, str]] = {"embedding.weight": ((V, D), "decoder/embeddings/weight")}
    if model.output_bias:
        weights["output_bias_V"] = (V,), "decoder/projection/bias"
    for stack in _STACKS:
        if shape := _learned_positions(model):
            name, *lengths = shape
            weights[f"{stack}.positions.{name}"] = tuple(lengths), ""
        for i in range(getattr(model, f"num_{stack}_layers")):
            for ours, theirs, shape in _layer(model, cross=stack == "decoder"):
                weights[f"{stack}.layers.{i}.{ours}"] = shape, f"{stack}/layer_{i}/{theirs}"
        if model.residual == "pre":
            for ours, theirs, shape in _norm(model, "norm", "layer_norm"):
                weights[f"{stack}.{ours}"] = shape, f"{stack}/{theirs}"
    return weights


def to_variables(model: ModelConfig, weights: Mapping[str, Array]) -> dict[str, Array]:
    """All variables of the CTranslate2 model, floating-point ones in float32, others with the types of its attributes.

    weights: those of `list_weights`, with these shapes. The model must have passed `find_obstacle`.
    """
    variables = {
        theirs: np.asarray(weights[ours], np.float32) for ours, (_, theirs) in list_weights(model).items() if theirs
    }
    embedding = variables["decoder/embeddings/weight"]
    variables |= {"encoder/embeddings_0/weight": embedding, "decoder/projection/weight": embedding}
    for stack in _STACKS:
        variables |= {f"{stack}/{name}": value for name, value in _attributes(model).items()}
        table = weights.get(f"{stack}.positions.{(_learned_positions(model) or ('',))[0]}")
        for name, value in _positions(model, stack, None if table is None else np.asarray(table, np.float32)):
            variables[f"{stack}/{name}"] = value
    return variables | {
        "encoder/embeddings_merge": np.int8(0),
        "encoder/multi_query_attention": np.int8(0),
        "decoder/alibi": np.int8(0),
        "decoder/alibi_use_positive_positions": np.int8(0),
        "decoder/scale_alibi": np.int8(0),
        "decoder/alignment_layer": np.int16(-1),
        "decoder/alignment_heads": np.int16(1),
        "decoder/start_from_zero_embedding": np.int8(0),
    }


def _attributes(model: ModelConfig) -> dict[str, Array]:
    return {
        "num_heads": np.int16(model.num_heads),
        "pre_norm": np.int8(model.residual == "pre"),
        "activation": np.int8(_ACTIVATIONS[model.activation]),
        "scale_embeddings": np.int8(1),
    }


def _layer(model: ModelConfig, cross: bool) -> Iterator[tuple[str, str, Shape]]:
    """(our name, theirs, shape) of the weights of a layer."""
    D, F = model.d_model, model.d_ff
    linears = [
        ("attention.qkv", "self_attention/linear_0", 3 * D, D),
        ("attention.out", "self_attention/linear_1", D, D),
    ]
    norms = [("attention_residual.norm", "self_attention/layer_norm")]
    if cross:
        linears += [
            ("cross_attention.attention.q", "attention/linear_0", D, D),
            ("cross_attention.attention.kv", "attention/linear_1", 2 * D, D),
            ("cross_attention.attention.out", "attention/linear_2", D, D),
        ]
        norms += [("cross_attention_residual.norm", "attention/layer_norm")]
    linears += [("feed_forward.up", "ffn/linear_0", F, D), ("feed_forward.down", "ffn/linear_1", D, F)]
    norms += [("feed_forward_residual.norm", "ffn/layer_norm")]
    for ours, theirs, rows, columns in linears:
        yield f"{ours}.weight", f"{theirs}/weight", (rows, columns)
        yield f"{ours}.bias", f"{theirs}/bias", (rows,)
    for ours, theirs in norms:
        yield from _norm(model, ours, theirs)


def _norm(model: ModelConfig, ours: str, theirs: str) -> Iterator[tuple[str, str, Shape]]:
    yield f"{ours}.weight", f"{theirs}/gamma", (model.d_model,)
    if model.norm == "layer":
        yield f"{ours}.bias", f"{theirs}/beta", (model.d_model,)


def _learned_positions(model: ModelConfig) -> tuple[str, int, int] | None:
    """(name, shape) of the table that a stack's positions have learned, if they have one."""
    if model.positions == "learned":
        return "table_TD", model.max_length, model.d_model
    if model.positions == "relative":
        return "bias_HN", model.num_heads, 2 * _PAST_BUCKETS
    if model.positions == "shaw":
        return "keys_NK", 2 * model.max_distance + 1, model.d_model // model.num_heads
    return None


def _positions(model: ModelConfig, stack: str, learned: Array | None) -> Iterator[tuple[str, Array]]:
    """What the positions of a stack are there: a table added to the input, or something in each self-attention."""
    table, each = None, {}
    match model.positions:
        case "none":
            table = np.zeros((model.max_length, model.d_model), np.float32)  # without one, CTranslate2 adds sinusoids
        case "sinusoidal":
            table = sinusoids(model.max_length, model.d_model)
        case "learned":
            table = learned
        case "relative":
            # A decoder there has buckets for the past only.
            buckets_HN = learned if stack == "encoder" else learned[:, :_PAST_BUCKETS]
            each["relative_attention_bias"] = np.ascontiguousarray(buckets_HN.T)
            each["relative_attention_max_distance"] = np.int32(model.max_distance)
        case "shaw":
            each |= {"relative_position_keys": learned, "relative_position_values": np.zeros_like(learned)}
        case "rotary":
            each |= {"rotary_dim": np.int32(model.d_model // model.num_heads), "rotary_base": np.float32(10000)}
            each["rotary_interleave"] = np.int8(1)
    if table is not None:
        yield "position_encodings/encodings", table
    for i in range(getattr(model, f"num_{stack}_layers")):
        for name, value in each.items():
            yield f"layer_{i}/self_attention/{name}", value


def sinusoids(length: int, d_model: int) -> Array:
    """table_TD of `tfcli.transformer.positions.absolute.Sinusoidal`: sine, cosine, sine, cosine..."""
    rates = np.exp(np.arange((d_model + 1) // 2, dtype=np.float64) * (-2 * np.log(10000.0) / d_model))
    angles = np.arange(length, dtype=np.float64)[:, None] * rates
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(length, -1)[:, :d_model].astype(np.float32)
