"""A bundle as a CTranslate2 model, with the same weights and the same token ids."""

from pathlib import Path

import ctranslate2.specs
from ctranslate2.specs.common_spec import Activation
from torch import nn

from tfcli.bundle import Bundle
from tfcli.config import BOS, EOS, UNK
from tfcli.transformer.attention.multihead import MemoryAttention, SelfAttention
from tfcli.transformer.decoder import DecoderLayer
from tfcli.transformer.encoder import EncoderLayer


def convert(bundle: Bundle, folder: Path) -> list[str]:
    """Writes the model into `folder`, in float32, and returns the name it knows each id by."""
    config, model = bundle.config.model, bundle.load_model()
    spec = ctranslate2.specs.TransformerSpec.from_config(
        num_layers=(config.num_encoder_layers, config.num_decoder_layers),
        num_heads=config.num_heads,
        pre_norm=config.residual == "pre",
        activation={"relu": Activation.RELU, "gelu": Activation.GELU}[config.activation],
    )
    spec.encoder.embeddings[0].weight = _array(model.output_weight_VD)
    spec.decoder.embeddings.weight = spec.decoder.projection.weight = _array(model.output_weight_VD)
    for side, layer_of in ((spec.encoder, _encoder_layer), (spec.decoder, _decoder_layer)):
        stack = model.encoder if side is spec.encoder else model.decoder
        side.position_encodings.encodings = _array(stack.positions.table_TD)
        for target, layer in zip(side.layer, stack.layers, strict=True):
            layer_of(target, layer)
        if config.residual == "pre":
            _norm(side.layer_norm, stack.norm)
    names = [str(i) for i in range(config.vocab_size)]
    names[UNK], names[BOS], names[EOS] = "<unk>", "<s>", "</s>"
    spec.register_source_vocabulary(names)
    spec.register_target_vocabulary(names)
    spec.validate()
    spec.save(str(folder))
    return names


def _encoder_layer(target, layer: EncoderLayer | DecoderLayer) -> None:
    _self_attention(target.self_attention, layer.attention, layer.attention_residual.norm)
    _linear(target.ffn.linear_0, layer.feed_forward.up)
    _linear(target.ffn.linear_1, layer.feed_forward.down)
    _norm(target.ffn.layer_norm, layer.feed_forward_residual.norm)


def _decoder_layer(target, layer: DecoderLayer) -> None:
    _encoder_layer(target, layer)
    _memory_attention(target.attention, layer.cross_attention.attention, layer.cross_attention_residual.norm)


def _self_attention(target, attention: SelfAttention, norm: nn.LayerNorm) -> None:
    _linear(target.linear[0], attention.qkv)
    _linear(target.linear[1], attention.out)
    _norm(target.layer_norm, norm)


def _memory_attention(target, attention: MemoryAttention, norm: nn.LayerNorm) -> None:
    for linear, source in zip(target.linear, (attention.q, attention.kv, attention.out), strict=True):
        _linear(linear, source)
    _norm(target.layer_norm, norm)


def _linear(target, linear: nn.Linear) -> None:
    target.weight, target.bias = _array(linear.weight), _array(linear.bias)


def _norm(target, norm: nn.LayerNorm) -> None:
    target.gamma, target.beta = _array(norm.weight), _array(norm.bias)


def _array(tensor):
    return tensor.detach().float().numpy()
