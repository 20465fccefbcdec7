"""From a bundle to the files of a CTranslate2 model, in memory. numpy is imported when weights are converted."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, get_args

from tfcli.bundle import Bundle
from tfcli.config import BOS, EOS, PAD, UNK, ModelConfig
from tfcli.errors import ModelError

if TYPE_CHECKING:
    import numpy as np

Quantization = Literal["int8", "int16", "float32"]
"""How the matrices are stored. Everything else is float32."""
QUANTIZATIONS: tuple[Quantization, ...] = get_args(Quantization)

MODEL, CONFIG, VOCABULARY = "model.bin", "config.json", "shared_vocabulary.json"


def convert(bundle: Bundle, quantization: Quantization) -> bytes:
    """model.bin of a bundle that `find_obstacle` lets pass. ModelError if its weights are not those of its config."""
    from tfcli.conversion.binary import serialize
    from tfcli.conversion.variables import to_variables

    weights = bundle.arrays()
    try:
        check_weights(bundle.config.model, weights)
    except ModelError as error:
        raise ModelError(f'cannot use the model at "{bundle.folder}": {error.message}') from None
    return serialize(to_variables(bundle.config.model, weights), quantization)


def check_weights(model: ModelConfig, weights: "Mapping[str, np.ndarray]") -> None:
    """ModelError if the weights are not those that a model of this config has."""
    from tfcli.conversion.variables import list_weights

    wanted = list_weights(model)
    if missing := wanted.keys() - weights.keys():
        raise ModelError(f'the weights lack "{min(missing)}" that config.json asks for')
    if strange := weights.keys() - wanted.keys():
        raise ModelError(f'the weights have "{min(strange)[:80]}" that config.json does not ask for')
    for name, (shape, _) in wanted.items():
        if weights[name].shape != shape:
            raise ModelError(f'"{name}" has the shape {weights[name].shape}; config.json asks for {shape}')


def small_files(names: Sequence[str]) -> dict[str, bytes]:
    """What lies beside model.bin. names: of the tokens, in the order of their ids."""
    return {CONFIG: config_json(names), VOCABULARY: json.dumps(names, indent=2).encode()}


def token_names(vocab_size: int) -> list[str]:
    """Names of tokens for a program that knows ids: their numbers, but for the control tokens."""
    names = [str(i) for i in range(vocab_size)]
    names[PAD], names[UNK], names[BOS], names[EOS] = "<pad>", "<unk>", "<s>", "</s>"
    return names


def config_json(names: Sequence[str]) -> bytes:
    """config.json of a model whose tokens have these names. It adds the end of a source sentence itself."""
    config = {
        "add_source_bos": False,
        "add_source_eos": True,
        "bos_token": names[BOS],
        "decoder_start_token": names[BOS],
        "eos_token": names[EOS],
        "layer_norm_epsilon": None,  # that of the kind of norm: 1e-5, or 1e-6 for RMS, as ours
        "multi_query_attention": False,
        "unk_token": names[UNK],
    }
    return (json.dumps(config, indent=2, sort_keys=True) + "\n").encode()
