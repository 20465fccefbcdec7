"""From a recipe to encoded corpora, and held-out pairs that match their texts and fit the model."""

import dataclasses

import pytest

from tfcli.config import CorpusConfig, Recipe, TokenizerConfig
from tfcli.config.recipe import make_recipe
from tfcli.data.corpus import PHRASEBOOK, read_pairs
from tfcli.errors import DataError, NotFoundError
from tfcli.tokenizer import Tokenizer, train
from tfcli.training.dry_run import describe
from tfcli.training.prepare import prepare_mixture, prepare_tokenizer, prepare_validation, sample_texts

PAIRS = [pair[1:] for pair in read_pairs(CorpusConfig(PHRASEBOOK)) if pair.number <= 100]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train((text for pair in PAIRS for text in pair), TokenizerConfig(vocab_size=600))


@pytest.fixture
def recipe(tmp_path):
    """A recipe with a corpus of the given pairs; settings by table."""

    def recipe(pairs=PAIRS, valid=None, weight=1.0, **tables) -> Recipe:
        paths = {"train": tmp_path / "train.tsv", "valid": tmp_path / "valid.tsv"}
        for name, rows in (("train", pairs), ("valid", valid)):
            paths[name].write_text("".join(f"{s}\t{t}\n" for s, t in rows or ()), encoding="utf-8")
        data = tables.pop("data", {}) | {"train": [{"path": str(paths["train"]), "weight": weight}]}
        data |= {"valid": str(paths["valid"])} if valid is not None else {}
        return make_recipe({"data": data, **tables})

    return recipe


def said(recipe: Recipe, tokenizer: Tokenizer):
    """(pairs of the first epoch, validation, sentences on the corpora)."""
    mixture = prepare_mixture(recipe, recipe.stages[0], tokenizer)
    return mixture.epoch(0), prepare_validation(recipe, tokenizer), list(mixture.describe())


def test_a_pair_in_nineteen_is_held_out_and_not_trained_on(recipe, tokenizer):
    pairs, validation, _ = said(recipe(), tokenizer)
    assert len(pairs) == 95 and [pair[1:] for pair in validation.pairs] == PAIRS[18::19]
    trained = {tuple(pairs.src.sequence(i)) for i in range(95)}
    assert not trained & {tuple(validation.encoded.src.sequence(i)) for i in range(5)}


def test_a_validation_corpus_is_spread_over_and_leaves_training_whole(recipe, tokenizer):
    pairs, validation, _ = said(recipe(valid=PAIRS, data={"valid_pairs": 10}), tokenizer)
    assert len(pairs) == 100 and [pair[1:] for pair in validation.pairs] == PAIRS[::10]


def test_held_out_texts_and_ids_are_the_same_pairs(recipe, tokenizer):
    """Whatever is left out, say because nothing is left of it once encoded, is left out of both."""
    empty = [("", "x"), ("y", ""), (" ", "z"), ("\u200b", "w")]
    rows = [("你好", "Hello"), *empty, ("谢谢", "Thanks"), ("长" * 500, "Long")]
    _, validation, _ = said(recipe(valid=rows), tokenizer)
    assert [pair.source for pair in validation.pairs] == ["你好", "谢谢"] and len(validation.encoded) == 2
    for i, pair in enumerate(validation.pairs):
        assert tokenizer.decode(validation.encoded.src.sequence(i).tolist()) == pair.source
        assert tokenizer.decode(validation.encoded.tgt.sequence(i).tolist()) == pair.target


@pytest.mark.parametrize("longest", [20, 21, 22, 23])
def test_nothing_is_longer_than_the_model_takes(recipe, tokenizer, longest):
    rows = [("我" * n, "b" * n) for n in range(1, 40)]
    settled = recipe(rows, valid=rows, model={"max_length": longest}, data={"max_length": 128})
    pairs, validation, lines = said(settled, tokenizer)
    for encoded in (pairs, validation.encoded):
        assert 10 < encoded.tgt.lengths.max() <= 20  # rounded up it still fits
    assert "too long" in lines[0]


def test_what_was_left_out_is_said(recipe, tokenizer):
    rows = [*PAIRS[:10], ("", "a"), ("a", "b c d e f g h i j k l m n o p q r s t")]
    *_, lines = said(recipe(rows, valid=PAIRS, weight=2.0), tokenizer)
    assert lines[0].endswith("train.tsv: 20 pairs (x 2), 2 empty, 2 uneven left out")


@pytest.mark.parametrize(
    ("pairs", "options"),
    [([], {}), ([("", "a")] * 30, {}), (PAIRS[:30], {"weight": 0.0})],
)
def test_nothing_to_train_on_is_said_before_training(recipe, tokenizer, pairs, options):
    with pytest.raises(DataError, match="no pair is left to train on.*train.tsv"):
        said(recipe(pairs, valid=PAIRS, **options), tokenizer)


def test_nothing_to_validate_with_is_said_before_training(recipe, tokenizer):
    for options in ({"pairs": PAIRS[:18]}, {"valid": []}, {"valid": [(" ", "a")]}):
        with pytest.raises(DataError, match="no pair to validate with"):
            said(recipe(**options), tokenizer)
    with pytest.raises(NotFoundError, match="names no corpus"):
        said(make_recipe({}), tokenizer)


def test_the_tokenizer_sees_each_corpus_by_its_share(recipe, tmp_path):
    paths = [tmp_path / name for name in ("a.tsv", "b.tsv")]
    for path in paths:
        path.write_text("".join(f"{path.name}{n}\t{path.name}{n}\n" for n in range(300)), encoding="utf-8")
    corpora = [{"path": str(path), "weight": weight} for path, weight in zip(paths, (1.0, 3.0), strict=True)]
    mixed = make_recipe({"data": {"train": corpora}, "tokenizer": {"sample": 200}})
    texts = list(sample_texts(mixed, [300, 300]))
    counts = [sum(text.startswith(path.name) for text in texts) for path in paths]
    assert counts == [2 * 50, 2 * 150] and texts == list(sample_texts(mixed, [300, 300]))
    assert len(list(sample_texts(make_recipe({"data": {"train": corpora}}), [300, 300]))) == 2 * 600


@pytest.mark.parametrize(
    ("content", "words"), [("", "no text"), ("\n", "no text"), ("a\tb\nno second column", "line 2 has 1")]
)
def test_a_corpus_no_tokenizer_can_be_trained_on_is_told_as_it_is(recipe, tmp_path, content, words):
    settled = recipe(valid=PAIRS)
    (tmp_path / "train.tsv").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=words):
        prepare_tokenizer(settled, tmp_path / "run", print)


def test_a_tokenizer_is_taken_from_the_run_or_from_the_recipe(recipe, tokenizer, tmp_path):
    path = tmp_path / "theirs.model"
    path.write_bytes(tokenizer.model)
    settled = recipe(tokenizer={"path": str(path)})
    assert prepare_tokenizer(settled, tmp_path, print).sha256 == tokenizer.sha256
    other = train([text for pair in PAIRS[:50] for text in pair], TokenizerConfig(vocab_size=500))
    (tmp_path / "tokenizer.model").write_bytes(other.model)
    assert prepare_tokenizer(settled, tmp_path, print).sha256 == other.sha256


def test_a_dry_run_says_what_would_be_trained_and_writes_nothing(recipe, tmp_path, monkeypatch):
    settled = recipe(tokenizer={"vocab_size": 600}, training={"steps": 7}, model={"d_model": 32, "num_heads": 2})
    long = dataclasses.replace(settled.training, steps=10_000)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    text = describe(settled, "cpu")
    assert "100 pairs" in text and "7 steps" in text and "it will be learned by heart" not in text
    assert "it will be learned by heart" in describe(dataclasses.replace(settled, training=long), "cpu")
    assert sorted(tmp_path.rglob("*")) == before
