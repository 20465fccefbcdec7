"""From a recipe to what the loop needs: a tokenizer, the mixture of a stage, held-out pairs."""

import dataclasses
import random
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from tfcli import tokenizer as tokenizers
from tfcli.bundle import locate, read_bundle
from tfcli.config import CorpusConfig, Recipe, StageConfig, TokenizerConfig
from tfcli.config.data import LARGE_VOCABULARY
from tfcli.data.bucketing import STEP
from tfcli.data.cleaning import why_dropped
from tfcli.data.corpus import read_pairs
from tfcli.data.encoded import encode_pairs
from tfcli.data.generated import generator
from tfcli.data.mixture import Mixture, is_held_out
from tfcli.errors import DataError, ModelError, NotFoundError
from tfcli.tokenizer import Tokenizer
from tfcli.training.validation import Validation

Say = Callable[[str], None]
_SMALL_VOCABULARY = 300


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
    counts = [_count(corpus) for corpus in recipe.data.train]
    config = recipe.tokenizer
    if config.vocab_size is None:
        return _fitting_tokenizer(recipe, counts, say)
    say(f"training a tokenizer: {config.kind}, {config.vocab_size:,} pieces")
    return tokenizers.train(sample_texts(recipe, counts), config)


def _fitting_tokenizer(recipe: Recipe, counts: list[int], say: Say) -> Tokenizer:
    """With as many pieces as the pairs can teach: Gowda & May 2020 (2004.02334) find that fewer suit a small corpus."""
    size = round(LARGE_VOCABULARY * min(sum(counts) / 1e6, 1.0) ** 0.5)
    size = max(size, _SMALL_VOCABULARY)
    for _ in range(3):
        say(f"training a tokenizer: {recipe.tokenizer.kind}, {size:,} pieces to fit {sum(counts):,} pairs")
        config: TokenizerConfig = dataclasses.replace(recipe.tokenizer, vocab_size=size)
        try:
            return tokenizers.train(sample_texts(recipe, counts), config)
        except tokenizers.VocabularyError as error:
            if not error.possible:
                raise
            size = error.possible
    raise DataError("no vocabulary fits these corpora", "choose one with   --vocab-size")


def _count(corpus: CorpusConfig) -> int:
    return corpus.pairs if generator(corpus) else sum(1 for _ in read_pairs(corpus))


def sample_texts(recipe: Recipe, counts: list[int]) -> Iterator[str]:
    """Both sides of at most `tokenizer.sample` training pairs, each corpus by its share of the mixture.

    counts: pairs of each corpus.
    """
    shares = [count * corpus.weight for count, corpus in zip(counts, recipe.data.train, strict=True)]
    whole = sum(shares) or 1.0  # a corpus of nothing has no share in anything
    for i, (corpus, count, share) in enumerate(zip(recipe.data.train, counts, shares, strict=True)):
        wanted = min(count, round(recipe.tokenizer.sample * share / whole))
        rng = random.Random(f"{recipe.training.seed}-{i}")
        if generate := generator(corpus):
            for _ in range(wanted):
                yield from generate(rng)
            continue
        chosen = set(rng.sample(range(1, count + 1), wanted))
        for pair in read_pairs(corpus):
            if pair.number in chosen:
                yield from (pair.source, pair.target)


def prepare_mixture(recipe: Recipe, stage: StageConfig, tokenizer: Tokenizer) -> Mixture:
    """What a stage reads. Raises NotFoundError if the recipe names no corpus."""
    if not recipe.data.train:
        raise NotFoundError("the recipe names no corpus", "add one with   --train corpus.tsv")
    longest = recipe.model.max_length // STEP * STEP  # batches are padded to such a length
    data = dataclasses.replace(recipe.data, max_length=min(recipe.data.max_length, longest))
    weights = [stage.weight(corpus) for corpus in data.train]
    return Mixture(data, weights, stage.noise, f"{stage.training.seed}-{stage.name}", tokenizer.encode_batch)


def prepare_validation(recipe: Recipe, tokenizer: Tokenizer) -> Validation:
    """Pairs spread evenly over the validation corpus, or over what is held out of training, if they fit the model."""
    longest = recipe.model.max_length // STEP * STEP
    data = dataclasses.replace(recipe.data, max_length=longest, max_ratio=1e9)
    corpora = [CorpusConfig(data.valid)] if data.valid else [c for c in data.train if not generator(c)]
    order = -1 if data.reverse else 1
    found = [
        pair._make((pair.number, *pair[1:][::order]))
        for corpus in corpora
        for pair in read_pairs(corpus)
        if (data.valid or is_held_out(pair, data)) and pair.source.strip() and pair.target.strip()
    ]
    spread = list(islice(found, 0, None, max(len(found) // data.valid_pairs, 1)))[: data.valid_pairs]
    pairs = [pair for pair in spread if not why_dropped(*tokenizer.encode_batch(pair[1:]), data, Counter())]
    if not pairs:
        raise DataError("there is no pair to validate with", "name a corpus for it with   --valid dev.tsv")
    encoded = encode_pairs(((p.source, p.target) for p in pairs), tokenizer.encode_batch, data)
    return Validation(pairs, encoded, tokenizer, recipe.target)


def is_seen_in_training(recipe: Recipe) -> bool:
    """Whether the model is validated on pairs that it learns by heart, so that its scores promise nothing."""
    return recipe.data.valid in {corpus.path for corpus in recipe.data.train}
