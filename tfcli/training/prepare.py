"""From a recipe to what the loop needs: a tokenizer, encoded corpora, held-out pairs."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from tfcli import tokenizer as tokenizers
from tfcli.bundle import locate, read_bundle
from tfcli.config import CorpusConfig, DataConfig, Recipe
from tfcli.data.bucketing import STEP, draw_pairs
from tfcli.data.cleaning import why_dropped
from tfcli.data.corpus import Pair, read_pairs
from tfcli.data.encoded import concatenate, encode_pairs
from tfcli.data.noise import add_noise
from tfcli.errors import DataError, ModelError, NotFoundError
from tfcli.tokenizer import Tokenizer
from tfcli.training.feed import Corpora
from tfcli.training.validation import Validation

Say = Callable[[str], None]
_HELD_OUT = 19
"""Without a validation corpus, one line in so many is kept from training: a prime, for every second line may be blank,
or in another way unlike its neighbours."""


def prepare_tokenizer(recipe: Recipe, folder: Path, say: Say) -> Tokenizer:
    """The tokenizer of the run folder; else that of the model to go on from, or the one the recipe names; else a new
    one, trained on the corpora."""
    path = folder / "tokenizer.model"
    if path.exists():
        return Tokenizer.load(path)
    if recipe.init:
        tokenizer = read_bundle(locate(recipe.init)).tokenizer()
        if not tokenizer.is_shared:
            raise ModelError(f'"{recipe.init}" cuts its two languages by two models: going on from it is not possible')
        return tokenizer
    if recipe.tokenizer.path:
        return Tokenizer.load(Path(recipe.tokenizer.path))
    say(f"training a tokenizer: {recipe.tokenizer.kind}, {recipe.tokenizer.vocab_size:,} pieces")
    return tokenizers.train(sample_texts(recipe), recipe.tokenizer)


def sample_texts(recipe: Recipe) -> Iterator[str]:
    """Both sides of at most `tokenizer.sample` training pairs, each corpus by its share of the mixture."""
    counts = [sum(1 for _ in read_pairs(corpus)) for corpus in recipe.data.train]
    shares = [count * corpus.weight for count, corpus in zip(counts, recipe.data.train, strict=True)]
    whole = sum(shares) or 1.0  # a corpus of nothing has no share in anything
    for i, (corpus, count, share) in enumerate(zip(recipe.data.train, counts, shares, strict=True)):
        wanted = min(count, round(recipe.tokenizer.sample * share / whole))
        rng = np.random.default_rng([recipe.training.seed, i])
        chosen = np.zeros(count, dtype=bool)
        chosen[rng.choice(count, wanted, replace=False)] = True
        for pair in read_pairs(corpus):
            if chosen[pair.number - 1]:
                yield from (pair.source, pair.target)


def prepare_data(recipe: Recipe, tokenizer: Tokenizer, say: Say) -> tuple[Corpora, Validation]:
    """Encodes every corpus of the recipe. Raises DataError if nothing is left to train on."""
    longest = recipe.model.max_length // STEP * STEP  # batches are padded to such a length
    data = dataclasses.replace(recipe.data, max_length=min(recipe.data.max_length, longest))
    if not data.train:
        raise NotFoundError("the recipe names no corpus", "add one with   --train corpus.tsv")
    every = 0 if data.valid else _HELD_OUT
    encoded = []
    for i, corpus in enumerate(data.train):
        texts = ((pair.source, pair.target) for pair in read_pairs(corpus) if not _held_out(pair, every))
        noisy = add_noise(texts, data.noise, f"{recipe.training.seed}-{i}")
        encoded.append(encode_pairs(noisy, tokenizer.encode_batch, data))
        dropped = ", ".join(f"{count:,} {rule}" for rule, count in encoded[-1].dropped.items())
        left_out = f" ({dropped} left out)" if dropped else ""
        say(f"{corpus.path}: {len(encoded[-1]):,} pairs x {corpus.weight:g}{left_out}")
    corpora = Corpora(concatenate(encoded), list(map(len, encoded)), [corpus.weight for corpus in data.train])
    if not draw_pairs(corpora.sizes, corpora.weights, recipe.training.seed, 0).size:
        raise DataError(f"no pair is left to train on: {', '.join(corpus.path for corpus in data.train)}")
    whole = DataConfig(data.train, data.valid, data.valid_pairs, max_length=longest, max_ratio=1e9)
    return corpora, _prepare_validation(whole, tokenizer, recipe.target, every)


def _held_out(pair: Pair, every: int) -> bool:
    return every > 0 and pair.number % every == 0


def _prepare_validation(data: DataConfig, tokenizer: Tokenizer, target_language: str, every: int) -> Validation:
    """Pairs spread evenly over the validation corpus, or over what was held out of training, if they fit the model."""
    corpora = [CorpusConfig(data.valid)] if data.valid else list(data.train)
    found = [
        pair
        for corpus in corpora
        for pair in read_pairs(corpus)
        if (_held_out(pair, every) or not every) and pair.source.strip() and pair.target.strip()
    ]
    spread = list(islice(found, 0, None, max(len(found) // data.valid_pairs, 1)))[: data.valid_pairs]
    pairs = [pair for pair in spread if not why_dropped(*tokenizer.encode_batch(pair[1:]), data, Counter())]
    if not pairs:
        raise DataError("there is no pair to validate with", "name a corpus for it with   --valid dev.tsv")
    encoded = encode_pairs(((p.source, p.target) for p in pairs), tokenizer.encode_batch, data)
    return Validation(pairs, encoded, tokenizer, target_language)
