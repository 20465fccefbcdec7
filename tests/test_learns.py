"""Models learn. The seed is random on purpose: what is learned must not depend on it."""

import random
import time

import pytest

from tfcli.config import CorpusConfig
from tfcli.config.recipe import make_recipe, read_toml
from tfcli.data.corpus import read_pairs
from tfcli.training.run import train

LETTERS = "天地人你我他大小上下"


def _exact(bundle, pairs) -> float:
    import tfcli

    translations = tfcli.load(str(bundle)).translate([source for source, _ in pairs])
    return sum(text == target for text, (_, target) in zip(translations, pairs, strict=True)) / len(pairs)


def test_a_transformer_learns_to_reverse(tmp_path):
    seed = time.time_ns() % 10**6
    rng = random.Random(seed)
    words = {"".join(rng.choices(LETTERS, k=rng.randint(2, 6))) for _ in range(3000)}
    pairs = [(word, word[::-1]) for word in sorted(words)]
    rng.shuffle(pairs)
    train_pairs, test_pairs = pairs[200:], pairs[:200]
    for name, chosen in (("train", train_pairs), ("test", test_pairs)):
        text = "".join(f"{source}\t{target}\n" for source, target in chosen)
        (tmp_path / f"{name}.tsv").write_text(text, encoding="utf-8")
    recipe = make_recipe(
        {
            "model": dict(d_model=64, d_ff=128, num_heads=4, num_encoder_layers=2, num_decoder_layers=2, dropout=0.0),
            "tokenizer": {"vocab_size": 290, "kind": "bpe"},
            "data": {"train": [{"path": str(tmp_path / "train.tsv")}], "valid": str(tmp_path / "test.tsv")},
            "training": dict(steps=700, batch_tokens=1024, learning_rate=3e-3, warmup_steps=60, ema_decay=0.98)
            | dict(valid_every=700, seed=seed),
        }
    )
    outcome = train(recipe, tmp_path / "run", device="cpu", quiet=True)
    assert _exact(outcome.bundle, test_pairs) >= 0.95, f"seed {seed}"


@pytest.mark.slow
def test_the_phrasebook_is_learned_by_heart(tmp_path):
    from importlib import resources

    with resources.as_file(resources.files("tfcli") / "phrasebook.toml") as path:
        recipe = make_recipe(read_toml(path))
    outcome = train(recipe, tmp_path / "run", device="cpu", quiet=True)
    pairs = [(pair.source, pair.target) for pair in read_pairs(CorpusConfig("phrasebook"))]
    assert _exact(outcome.bundle, pairs) >= 0.95
