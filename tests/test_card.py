"""The model card: the Hub's own reader finds in it what was put there, and odd metrics do no harm."""

import json

import pytest
from conftest import TINY
from huggingface_hub import ModelCard

from tfcli.bundle import read_bundle
from tfcli.card import is_ours, model_card
from tfcli.config.recipe import make_recipe

SIGNATURE = "nrefs:1|case:mixed"
TESTS = {
    "news: 2017": {"bleu": {"value": 11.4, "signature": SIGNATURE}, "chrf": {"value": 38.6, "signature": SIGNATURE}}
}


@pytest.fixture(scope="module")
def config():
    return read_bundle(TINY).config


def test_the_hub_reads_what_was_written(config):
    card = model_card(config, None, {"tests": TESTS, "parameters": 123456}, "alice/toy", "bob/marian")
    data = ModelCard(card).data
    assert (data.language, data.library_name, data.pipeline_tag) == (["zh", "en"], "tfcli", "translation")
    assert (data.base_model, data.model_name) == ("bob/marian", "alice/toy")
    results = [(r.dataset_name, r.metric_type, r.metric_value, r.metric_config) for r in data.eval_results]
    assert results == [("news: 2017", "bleu", 11.4, SIGNATURE), ("news: 2017", "chrf", 38.6, SIGNATURE)]
    assert is_ours(card.encode()) and "&id" not in card and "123,456" in card and f"`{SIGNATURE}`" in card


def test_without_scores_there_is_no_index(config):
    assert not ModelCard(model_card(config, None, {})).data.eval_results


ODD = [None, 7, -1, 10**400, float("nan"), float("inf"), True, "x", "\ud800", [], {}, [[]], {"": {}}, {"bleu": 3}]


@pytest.mark.parametrize("key", ["tests", "validation", "parameters", "step", "training_seconds"])
def test_odd_metrics_are_passed_over(config, key):
    recipe = None
    good = {"tests": TESTS, "validation": {"bleu": 1.5}, "parameters": 7, "step": 3, "training_seconds": 60.0}
    for value in [*ODD, *({"bleu": odd} for odd in ODD), *({"a": {"bleu": {"value": odd}}} for odd in ODD)]:
        card = model_card(config, recipe, {**good, key: value})
        assert ModelCard(card.encode("utf-8", "replace").decode()).data.library_name == "tfcli", json.dumps(value)


def test_a_card_names_each_corpus_with_its_licence_and_each_stage(config):
    corpora = [
        {"path": "corpora/a.tsv.xz", "weight": 0.5, "license": "CC0-1.0", "note": "synthetic | by a model"},
        {"path": "numbers"},
    ]
    stages = [
        {"name": "general", "training": {"steps": 20000}},
        {"name": "clean", "init": {"general": 0.25, "general.best": 0.75}, "training": {"epochs": 2.0}},
    ]
    card = model_card(config, make_recipe({"data": {"train": corpora}, "stage": stages}), {})
    assert "| a.tsv.xz | 0.5 | CC0-1.0 | synthetic \\| by a model |" in card and "| numbers | 1 |" in card
    assert "corpora/" not in card
    assert "| general | 20,000 steps |  |" in card
    assert "| clean | 2.0 epochs | 0.25 general, 0.75 general.best |" in card
