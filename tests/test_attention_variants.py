"""Whatever a model is made of: it is shown as it is, or it is said what cannot be shown."""

import dataclasses
import itertools
import typing

import numpy as np
import pytest

from tfcli import config
from tfcli.attention_maps import WRITERS
from tfcli.attention_maps.aligner import find_aligner
from tfcli.attention_maps.attention_map import Sentence
from tfcli.attention_maps.collect import collect
from tfcli.attention_maps.view import View
from tfcli.attention_maps.walk import start_walk
from tfcli.build import build_model
from tfcli.bundle import Aligner
from tfcli.errors import ModelError

FIELDS = {
    "encoder_attention": config.Kernel,
    "decoder_attention": config.Kernel,
    "cross_attention": config.Cross,
    "positions": config.Positions,
    "kind": config.ModelKind,
}
VARIANTS = [(field, value) for field, literal in FIELDS.items() for value in typing.get_args(literal)]
SRC, TGT = [20, 21, 22, 23, 24, 25], [30, 31, 32, 33]
KINDS = ("cross", "encoder", "decoder")


def named(ids):
    return [str(i) for i in ids]


@pytest.mark.parametrize(("field", "value"), VARIANTS)
def test_every_variant(tiny_bundle, field, value):
    two_layers = dataclasses.replace(tiny_bundle.config.model, num_decoder_layers=2, num_encoder_layers=2)
    try:
        shape = dataclasses.replace(two_layers, **{field: value})
    except ModelError:
        pytest.skip("there is no such model")
    bundle = dataclasses.replace(tiny_bundle, config=dataclasses.replace(tiny_bundle.config, model=shape))
    model = build_model(shape).eval()
    if model.reads(TGT) is None:
        with pytest.raises(ModelError, match=f'"{value}" has no place for each word'):
            collect(model, bundle, Sentence("src", "tgt", SRC, TGT, True, named))
        assert find_aligner(model, [(SRC, TGT)]) == Aligner()
        return
    whole = collect(model, bundle, Sentence("src", "tgt", SRC, TGT, True, named))
    for kind in KINDS:
        if kind not in whole.attentions:
            with pytest.raises(ModelError, match=f"{kind} attention"):
                whole.render("tsv", kind=kind)
            continue
        np.testing.assert_allclose(whole[kind].weights_LHQM.sum(-1), 1, atol=1e-4)
        try:
            assert start_walk(whole, View(kind), "0").difference < 1e-3
        except ModelError as error:
            assert "no softmax" in error.message
    for name, kind in itertools.product(sorted(set(WRITERS) - {"png", "pharaoh", "tsv"}), whole.attentions):
        assert WRITERS[name](whole, View(kind, layer="all", head="all"))
    found = find_aligner(model, [(SRC, TGT)])
    assert (found == Aligner()) == ("cross" not in whole.attentions)
