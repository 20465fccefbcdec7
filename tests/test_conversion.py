"""The files we write for CTranslate2 are, byte for byte, those that its own writer makes of the same weights."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from ctranslate2.specs import TransformerDecoderSpec, TransformerEncoderSpec, TransformerSpec, common_spec, model_spec
from hypothesis import given
from hypothesis import strategies as st

from tfcli.build import build_model, empty_model
from tfcli.config import ModelConfig
from tfcli.conversion.binary import find_aliases, serialize
from tfcli.conversion.convert import QUANTIZATIONS, small_files
from tfcli.conversion.switches import SUPPORTED, find_obstacle
from tfcli.conversion.variables import list_weights, sinusoids, to_variables

SMALL = ModelConfig(
    vocab_size=60, d_model=16, d_ff=24, num_heads=2, num_encoder_layers=2, num_decoder_layers=1, max_length=20
)
SWITCHES = [
    {},
    {"positions": "none", "residual": "post", "output_bias": True},
    {"positions": "learned", "norm": "rms", "activation": "gelu"},
    {"positions": "relative", "max_distance": 9},
    {"positions": "shaw", "max_distance": 3, "activation": "silu"},
    {"positions": "rotary", "num_decoder_layers": 3},
]
NAMES = ["<pad>", "<unk>", "<s>", "</s>", *map(chr, range(0x4E00, 0x4E00 + SMALL.vocab_size - 4))]


def random_weights(config: ModelConfig) -> dict[str, np.ndarray]:
    """A state with nothing at its first value, some of it equal, one row of zeros."""
    state = build_model(config).state_dict()
    for name, tensor in state.items():
        if not name.endswith("bias"):
            tensor.normal_()
    state["embedding.weight"][7] = 0
    return {name: tensor.numpy() for name, tensor in state.items()}


def reference(config: ModelConfig, variables, quantization, folder) -> bytes:
    """What CTranslate2 writes of these variables. Its layers know no others than their own; the numbers that are no
    weights are its own."""
    rotary = config.d_model // config.num_heads if config.positions == "rotary" else None
    options = dict(
        pre_norm=config.residual == "pre",
        activation={"relu": "RELU", "gelu": "GELU", "silu": "SWISH"}[config.activation],
        rms_norm=config.norm == "rms",
        relative_position=config.positions == "shaw",
        relative_attention_bias=config.positions == "relative",
        rotary_dim=rotary,
    )
    options["activation"] = common_spec.Activation[options["activation"]]
    spec = TransformerSpec(
        TransformerEncoderSpec(config.num_encoder_layers, config.num_heads, **options),
        TransformerDecoderSpec(config.num_decoder_layers, config.num_heads, **options),
    )
    for name, array in variables.items():
        if array.ndim or name.endswith("max_distance"):
            scope, _, attribute = name.rpartition("/")
            setattr(model_spec.index_spec(spec, scope), attribute, array.copy())
    spec.register_source_vocabulary(NAMES)
    spec.register_target_vocabulary(NAMES)
    spec.config.add_source_eos = True
    spec.validate()
    spec.optimize(None if quantization == "float32" else quantization)
    folder.mkdir(parents=True)
    spec.save(str(folder))
    return (folder / "model.bin").read_bytes()


@pytest.mark.parametrize("switches", SWITCHES, ids=str)
def test_the_files_are_those_of_ctranslate2(switches, tmp_path):
    config = dataclasses.replace(SMALL, **switches)
    variables = to_variables(config, random_weights(config))
    for quantization in QUANTIZATIONS:
        folder = tmp_path / quantization
        assert serialize(variables, quantization) == reference(config, variables, quantization, folder)
        for name, data in small_files(NAMES).items():
            assert json.loads(data) == json.loads((folder / name).read_text())


def test_every_supported_choice_is_compared():
    tried = [dataclasses.asdict(dataclasses.replace(SMALL, **switches)) for switches in SWITCHES]
    for name, choices in SUPPORTED.items():
        assert {config[name] for config in tried} == set(choices)


@pytest.mark.parametrize("switches", SWITCHES, ids=str)
def test_the_list_of_weights_is_the_state_of_the_model(switches):
    config = dataclasses.replace(SMALL, **switches)
    found = {name: tuple(tensor.shape) for name, tensor in empty_model(config).state_dict().items()}
    assert {name: shape for name, (shape, _) in list_weights(config).items()} == found


def test_what_cannot_be_run_is_named():
    for switches, obstacle in [
        ({}, None),
        ({"positions": "continuous"}, 'model.positions = "continuous"'),
        ({"positions": "relative", "max_distance": 8}, 'model.positions = "relative" with model.max_distance = 8'),
        ({"encoder_attention": "local"}, 'model.encoder_attention = "local"'),
        ({"norm": "power"}, 'model.norm = "power"'),
        ({"kind": "parallel"}, 'model.kind = "parallel"'),
        ({"kind": "rnn"}, 'model.kind = "rnn"'),
    ]:
        assert find_obstacle(dataclasses.replace(SMALL, **switches)) == obstacle


@pytest.mark.parametrize("d_model", [16, 17, 256])
def test_sinusoids_are_those_of_the_model(d_model):
    config = ModelConfig(vocab_size=20, d_model=d_model, d_ff=8, num_heads=1, max_length=200)
    table = build_model(config).encoder.positions.table_TD
    torch.testing.assert_close(torch.from_numpy(sinusoids(200, d_model)), table, rtol=0, atol=1e-7)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 2)), max_size=12))
def test_aliases_lead_to_the_first_equal_variable(entries):
    variables = {name: np.full(3, value, np.float32) for name, value in entries} | {"scalar": np.int8(0)}
    aliases = find_aliases(variables)
    assert "scalar" not in aliases
    for name, first in aliases.items():
        assert first < name and first not in aliases and (variables[first] == variables[name]).all()
    kept = [array[0] for name, array in variables.items() if array.ndim and name not in aliases]
    assert len(kept) == len(set(kept))


def test_integers_keep_what_their_width_allows():
    variables = to_variables(SMALL, random_weights(SMALL))
    exact = variables["encoder/layer_0/ffn/linear_0/weight"]
    data = serialize({"x/weight": exact}, "int8")
    scale = 127 / np.abs(exact).max(axis=1)
    rows = np.rint(exact * scale[:, None]).astype(np.int8)
    assert rows.tobytes() in data and np.abs(rows / scale[:, None] - exact).max() <= 0.5001 / scale.min()
