"""The weights of a Marian model under our names and in our order.

Its sinusoids stand in halves, first all sines, then all cosines; ours alternate. A residual stream may number its
features as it likes as long as all that reads and writes it agrees, so the features are put into our order everywhere.

Shapes: D d_model, V vocabulary.
"""

from collections.abc import Iterator
from typing import BinaryIO

import torch
from torch import Tensor

from tfcli.build import empty_model
from tfcli.config import ModelConfig
from tfcli.errors import ModelError
from tfcli.hub.marian.vocabulary import Vocabulary
from tfcli.transformer.seq2seq import Seq2Seq
from tfcli.weights import Dtype, read_header, read_tensors

_NEVER = -1e4
"""The bias of an entry that no translation contains: finite in all types, and e to its power is zero."""
_DTYPES: dict[str, Dtype] = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_BIAS = "final_logits_bias"
_EMBEDDINGS = ("model.shared.weight", "lm_head.weight")
_EMBEDDINGS += tuple(f"model.{stack}.embed_tokens.weight" for stack in ("encoder", "decoder"))
"""Under which names the one embedding may stand, once or several times."""
_POSITIONS = ("model.encoder.embed_positions.weight", "model.decoder.embed_positions.weight")
_ROUNDING = 0.01  # of bfloat16, generously
_READS, _WRITES = True, False
_SELF = {
    "attention.qkv": (("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"), _READS),
    "attention.out": (("self_attn.out_proj",), _WRITES),
    "attention_residual.norm": (("self_attn_layer_norm",), _WRITES),
}
_CROSS = {
    "cross_attention.attention.q": (("encoder_attn.q_proj",), _READS),
    "cross_attention.attention.kv": (("encoder_attn.k_proj", "encoder_attn.v_proj"), _READS),
    "cross_attention.attention.out": (("encoder_attn.out_proj",), _WRITES),
    "cross_attention_residual.norm": (("encoder_attn_layer_norm",), _WRITES),
}
_FEED_FORWARD = {
    "feed_forward.up": (("fc1",), _READS),
    "feed_forward.down": (("fc2",), _WRITES),
    "feed_forward_residual.norm": (("final_layer_norm",), _WRITES),
}
"""Our modules of a layer, theirs, whose rows follow each other in ours, and whether these read or write the stream."""


def stored_dtype(file: BinaryIO) -> Dtype:
    """How the weights in a file are stored; float32 if in several ways."""
    codes = {code for code, _ in read_header(file).values()}
    return _DTYPES.get(codes.pop(), "float32") if len(codes) == 1 else "float32"


def convert_weights(file: BinaryIO, vocabulary: Vocabulary, config: ModelConfig, vocab_size: int) -> dict[str, Tensor]:
    """The state of our model. config: of that model. vocab_size: of theirs. Raises ModelError, before anything is
    allocated, if the tensors in the file are not those of the model."""
    model, order_D = empty_model(config), _order(config.d_model)
    found = _read(file, model, vocab_size)
    _check_positions(found, model.encoder.positions.table_TD, order_D)
    state = {
        "embedding.weight": _embedding(found)[vocabulary.rows][:, order_D],
        "output_bias_V": found[_BIAS][0, vocabulary.rows].index_fill(0, torch.tensor(vocabulary.never), _NEVER),
    }
    for ours, theirs, reads in _modules(config):
        weight, bias = (torch.cat([found[f"{name}.{kind}"] for name in theirs]) for kind in ("weight", "bias"))
        state[f"{ours}.weight"] = weight[:, order_D] if reads else weight[order_D]
        state[f"{ours}.bias"] = bias if reads else bias[order_D]
    return state


def _read(file: BinaryIO, model: Seq2Seq, vocab_size: int) -> dict[str, Tensor]:
    """All tensors of the file, under their names."""
    file.seek(0)
    header, config = read_header(file), model.config
    shapes: dict[str, tuple[int, ...]] = {_BIAS: (1, vocab_size)}
    embeddings = [name for name in _EMBEDDINGS if name in header] or _EMBEDDINGS[:1]
    shapes |= {name: (vocab_size, config.d_model) for name in embeddings}
    shapes |= {name: (config.max_length, config.d_model) for name in _POSITIONS if name in header}
    for ours, theirs, _ in _modules(config):
        for kind in ("weight", "bias"):
            rows, *columns = model.get_parameter(f"{ours}.{kind}").shape
            shapes |= {f"{name}.{kind}": (rows // len(theirs), *columns) for name in theirs}
    stored = {name: header[name][0] for name in shapes if name in header and header[name][0] in _DTYPES}
    return read_tensors(file, {name: (stored.get(name, "F32"), shape) for name, shape in shapes.items()})


def _modules(config: ModelConfig) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """(ours, theirs, whether it reads the stream) of all modules with a weight and a bias."""
    layers = {"encoder": config.num_encoder_layers, "decoder": config.num_decoder_layers}
    for stack, number in layers.items():
        parts = _SELF | (_CROSS if stack == "decoder" else {}) | _FEED_FORWARD
        for i in range(number):
            for ours, (theirs, reads) in parts.items():
                yield f"{stack}.layers.{i}.{ours}", tuple(f"model.{stack}.layers.{i}.{name}" for name in theirs), reads


def _order(d_model: int) -> Tensor:
    """Which of their features each of ours is: sine, cosine, sine, cosine..."""
    order_D = torch.empty(d_model, dtype=torch.long)
    order_D[0::2] = torch.arange((d_model + 1) // 2)
    order_D[1::2] = torch.arange((d_model + 1) // 2, d_model)
    return order_D


def _embedding(found: dict[str, Tensor]) -> Tensor:
    first, *others = (name for name in _EMBEDDINGS if name in found)
    for name in others:
        if not torch.equal(found[name], found[first]):
            raise ModelError(f'"{name}" is not "{first}": a model with several embeddings is not understood')
    return found[first]


def _check_positions(found: dict[str, Tensor], table_TD: Tensor, order_D: Tensor) -> None:
    for name in _POSITIONS:
        if name in found and not torch.allclose(found[name].float()[:, order_D], table_TD, atol=_ROUNDING):
            raise ModelError(f'"{name}" holds no sinusoids: other positions are not understood')
