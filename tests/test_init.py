"""Training goes on from a finished model: same shape, same tokenizer, same weights at the first step."""

import torch

from tfcli.bundle import read_bundle
from tfcli.config.recipe import make_recipe
from tfcli.training.run import train


def test_a_run_starts_where_the_model_is(tiny_bundle, tmp_path):
    corpus = tmp_path / "corpus.tsv"
    corpus.write_text("你好\tHello.\n谢谢\tThank you.\n" * 20, encoding="utf-8")
    training = dict(steps=1, learning_rate=1e-12, weight_decay=0.0, ema_decay=0.0, valid_every=1, precision="float32")
    recipe = make_recipe(
        {
            "init": str(tiny_bundle.folder),
            "model": {"d_model": 8, "num_heads": 2},
            "data": {"train": [{"path": str(corpus)}], "valid": str(corpus), "valid_pairs": 4},
            "training": training,
        }
    )
    trained = read_bundle(train(recipe, tmp_path / "run", device="cpu", quiet=True).bundle)
    assert trained.config.model == tiny_bundle.config.model
    assert trained.config.tokenizer_sha256 == tiny_bundle.config.tokenizer_sha256
    after = trained.load_model().state_dict()
    for name, before in tiny_bundle.load_model().state_dict().items():
        torch.testing.assert_close(after[name], before, rtol=1e-3, atol=1e-5)
