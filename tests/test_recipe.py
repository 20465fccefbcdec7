"""Recipes: TOML and `--set` to checked settings and back."""

import dataclasses
import tomllib
import typing

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from tfcli import config
from tfcli.config import (
    PRESETS,
    CorpusConfig,
    DataConfig,
    ModelConfig,
    NoiseConfig,
    Recipe,
    RewardConfig,
    SamplingConfig,
    TokenizerConfig,
    TrainingConfig,
)
from tfcli.config.bounds import bounds_of
from tfcli.config.combinations import BASELINES, PARALLEL_KINDS, PARALLEL_OBJECTIVE
from tfcli.config.recipe import apply_sets, make_recipe, read_toml, to_toml
from tfcli.errors import ModelError, NotFoundError

STRANGE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.sampled_from(
    ["\x7f", '"""', "\\", "'\n#=[]"]
)
SIMPLE = {str: STRANGE, str | None: st.none() | STRANGE.filter(bool), bool: st.booleans()}


@st.composite
def some(draw, cls, section, **given):
    """Instances of a dataclass: a Literal by its choices, a number within its bounds, a text that is strange."""
    for name, hint in typing.get_type_hints(cls).items():
        if typing.get_origin(hint) is typing.Literal:
            given.setdefault(name, st.sampled_from(typing.get_args(hint)))
        elif hint in SIMPLE:
            given.setdefault(name, SIMPLE[hint])
    for name, (low, high) in bounds_of(cls).items():
        hint = typing.get_type_hints(cls)[name]
        number = st.floats(low, high) if hint in (float, float | None) else st.integers(low, high)
        given.setdefault(name, number if hint in (int, float) else st.none() | number)
    try:
        return cls(**draw(st.fixed_dictionaries(given)))
    except ModelError:  # two settings that do not go together
        reject()


SMALL = {"num_heads": st.sampled_from([1, 2, 4]), "d_model": st.integers(1, 1000).map(lambda n: 8 * n)}
SAME_DEPTH = {"num_encoder_layers": st.just(3), "num_decoder_layers": st.just(3)}
CORPORA = st.lists(some(CorpusConfig, "data.train"), max_size=3).map(tuple)
OBJECTIVES = [name for name in typing.get_args(config.Objective) if name != PARALLEL_OBJECTIVE]
DEFAULTS = vars(ModelConfig())
PARTS = {name: st.just(value) for name, value in DEFAULTS.items() if name != "kind" and isinstance(value, str)}


def recipes(kinds, objectives, **parts):
    """Of models of some kinds, trained for one of the objectives that suit them."""
    return some(
        Recipe,
        "",
        model=some(ModelConfig, "model", kind=st.sampled_from(kinds), **SMALL, **SAME_DEPTH, **parts),
        tokenizer=some(TokenizerConfig, "tokenizer"),
        data=some(DataConfig, "data", train=CORPORA, noise=some(NoiseConfig, "data.noise")),
        training=some(
            TrainingConfig,
            "training",
            objective=st.sampled_from(objectives),
            sampling=some(SamplingConfig, "training.sampling", end=st.just(1.0)),
            reward=some(RewardConfig, "training.reward", end=st.just(1.0)),
            keep=st.just(9),
            average=st.integers(0, 9),
        ),
    )


RECIPES = (
    recipes(["transformer"], OBJECTIVES)
    | recipes(PARALLEL_KINDS, [PARALLEL_OBJECTIVE])
    | recipes(BASELINES, OBJECTIVES, **PARTS)
)


@given(RECIPES)
def test_a_recipe_written_as_toml_is_read_back_equal(recipe):
    assert make_recipe(tomllib.loads(to_toml(recipe))) == recipe


def test_the_default_recipe_survives_the_disk(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(to_toml(Recipe()), encoding="utf-8")
    assert make_recipe(read_toml(path)) == Recipe() == make_recipe({})


@pytest.mark.parametrize(
    "content", [b"a = ", b"\xff\xfe", b"a = " + b"[" * 5000, b"a = " + b"9" * 5000, b"[model]\n[model]", b"a = nan nan"]
)
def test_what_is_not_toml_is_said_of_the_file(content, tmp_path):
    path = tmp_path / "my recipe.toml"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="my recipe.toml is (not TOML|nested too deeply)"):
        read_toml(path)


def test_a_missing_recipe_is_named(tmp_path):
    with pytest.raises(NotFoundError, match="nowhere.toml"):
        read_toml(tmp_path / "nowhere.toml")


def test_sets_win_over_tables_and_the_last_over_the_first():
    values = {"model": {"d_model": 64, "norm": "layer"}, "training": {"steps": 5}}
    sets = ["model.d_model = 32", "model.d_model=128", "training.ema_decay=0", "source=de", "data.noise.join = 0.5"]
    recipe = make_recipe(apply_sets(values, sets))
    assert recipe.model == ModelConfig(d_model=128) and recipe.training == TrainingConfig(steps=5, ema_decay=0.0)
    assert recipe.source == "de" and recipe.data.noise == NoiseConfig(join=0.5)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("1e-3", 1e-3),
        ('"a = b"', "a = b"),
        ("corpus.tsv", "corpus.tsv"),
        ("a=b", "a=b"),
        ("", ""),
        ("[1, 2]", [1, 2]),
        ('{path = "a"}', {"path": "a"}),
        ("[" * 5000, "[" * 5000),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_the_value_of_a_set_is_toml_or_a_word(text, value):
    assert apply_sets({}, [f"a.b={text}"]) == {"a": {"b": value}}


@pytest.mark.parametrize("assignment", ["model.d_model", "source.x=1", "model.d_model.x=1"])
def test_a_set_that_makes_no_sense_is_quoted(assignment):
    with pytest.raises(ModelError, match=f"--set {assignment}"):
        apply_sets({"source": "zh", "model": {"d_model": 8}}, [assignment])


@pytest.mark.parametrize(
    ("assignment", "near"),
    [("model.num_head=2", '"num_heads"'), ("trainig.steps=2", '"training"'), ("model.activation=rleu", '"relu"')],
)
def test_a_misspelt_set_is_told_the_nearest(assignment, near):
    with pytest.raises(ModelError) as raised:
        make_recipe(apply_sets({}, [assignment]))
    assert near in raised.value.hint


@pytest.mark.parametrize("preset", typing.get_args(config.Preset))
def test_a_preset_gives_the_shape_that_the_recipe_does_not(preset):
    assert make_recipe({}, preset).model == ModelConfig(**PRESETS[preset])
    own = make_recipe({"model": {"d_ff": 77}, "source": "fr"}, preset)
    assert own.model == ModelConfig(**PRESETS[preset] | {"d_ff": 77}) and own.source == "fr"


def test_the_presets_are_those_that_can_be_named():
    assert set(PRESETS) == set(typing.get_args(config.Preset))
    with pytest.raises(ModelError, match="^model must be a table"):
        make_recipe({"model": 3}, "tiny")


def test_heads_must_divide_the_model():
    with pytest.raises(ModelError) as raised:
        ModelConfig(d_model=96, num_heads=5)
    assert "num_heads = 5" in raised.value.message and raised.value.hint.endswith(("4", "6"))
    for heads in (1, 2, 3, 4, 6, 8, 12, 96):
        ModelConfig(d_model=96, num_heads=heads)


@pytest.mark.parametrize(
    "path",
    [
        "model.vocab_size=-1",
        "model.d_model=10000000000",
        "model.num_encoder_layers=0",
        "model.num_heads=0",
        "model.dropout=1.0",
        "model.dropout=-0.1",
        "model.max_length=1000000000",
        "tokenizer.vocab_size=0",
        "tokenizer.character_coverage=0.9",
        "tokenizer.sample=0",
        "data.max_length=0",
        "data.valid_pairs=0",
        "data.max_ratio=0.5",
        "data.noise.join=1.1",
        "training.steps=0",
        "training.max_time=0",
        "training.seed=-1",
        "training.batch_tokens=0",
        "training.grad_accum=0",
        "training.learning_rate=-0.1",
        "training.clip_norm=0",
        "training.warmup_steps=-1",
        "training.label_smoothing=1.5",
        "training.ema_decay=-1",
        "training.decay_fraction=2",
        "training.valid_every=0",
        "training.save_every=0",
        "training.keep=0",
        "training.patience=-1",
        "training.average=3",
    ],
)
def test_a_number_out_of_bounds_is_named(path):
    name = path.partition("=")[0]
    with pytest.raises(ModelError, match=f"^{name} "):
        make_recipe(apply_sets({}, [path]))


def test_a_negative_weight_is_refused():
    with pytest.raises(ModelError, match="^data.train.weight is -1"):
        make_recipe({"data": {"train": [{"path": "a", "weight": -1}]}})


def test_every_setting_of_training_and_data_that_is_a_number_has_bounds():
    for section in (ModelConfig, TokenizerConfig, DataConfig, NoiseConfig, TrainingConfig):
        for name, hint in typing.get_type_hints(section).items():
            if hint in (int, float, int | None, float | None):
                with pytest.raises(ModelError, match=rf"\.{name} is -5"):
                    dataclasses.replace(section(), **{name: -5})
