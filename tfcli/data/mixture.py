"""The corpora of a stage, epoch by epoch: what an epoch holds is a function of texts, weights, seed and its number, so
nothing of it needs to be saved, and noise and generated pairs are other ones in every epoch."""

import dataclasses
import hashlib
import math
import random
from collections.abc import Iterator, Sequence

from tfcli.config import CorpusConfig, DataConfig, NoiseConfig
from tfcli.data.corpus import Pair, read_pairs
from tfcli.data.encoded import Encode, EncodedPairs, concatenate, encode_pairs
from tfcli.data.generated import generator
from tfcli.data.noise import Texts, add_noise
from tfcli.errors import DataError

HELD_OUT = 19
"""Without a validation corpus, one line in so many is kept from training: a prime, for every second line may be blank,
or in another way unlike its neighbours."""


def is_held_out(pair: Pair, data: DataConfig) -> bool:
    """Whether a pair is kept for validation."""
    return not data.valid and pair.number % HELD_OUT == 0


class Mixture:
    """weights: how often each pair of each corpus is seen in an epoch, in the order of `data.train`. A corpus of weight
    0 is not even read.

    sizes: pairs of each corpus in the last epoch that was encoded. fingerprint: SHA-256, in hex, of all that was read
    for it: another one is another text.
    """

    def __init__(self, data: DataConfig, weights: Sequence[float], noise: NoiseConfig, seed: str, encode: Encode):
        corpora = zip(data.train, weights, strict=True)
        self.corpora = [dataclasses.replace(corpus, weight=weight) for corpus, weight in corpora if weight > 0]
        self.data, self.noise, self.seed, self.encode = data, noise, seed, encode
        self.sizes: list[int] = []
        self.fingerprint = ""
        self.dropped: list[dict[str, int]] = []

    def epoch(self, number: int) -> EncodedPairs:
        """The pairs of an epoch, counted from 0, corpus after corpus. Raises DataError if nothing is left of them."""
        digest = hashlib.sha256()
        encoded = []
        for i, corpus in enumerate(self.corpora):
            seed = f"{self.seed}-{number}-{i}"
            texts = draw(corpus, self.data, f"{self.seed}-{i}", number, digest)
            encoded.append(encode_pairs(add_noise(texts, self.noise, seed), self.encode, self.data))
        self.fingerprint = digest.hexdigest()
        self.sizes, self.dropped = [len(pairs) for pairs in encoded], [dict(pairs.dropped) for pairs in encoded]
        if not sum(self.sizes):
            names = ", ".join(corpus.path for corpus in self.data.train)
            raise DataError(f"no pair is left to train on: {names}")
        return concatenate(encoded)

    def describe(self) -> Iterator[str]:
        """A sentence on what each corpus gave to the last epoch."""
        for corpus, size, dropped in zip(self.corpora, self.sizes, self.dropped, strict=True):
            rules = ", ".join(f"{count:,} {rule}" for rule, count in dropped.items())
            yield f"{corpus.path}: {size:,} pairs (x {corpus.weight:g}){f', {rules} left out' if rules else ''}"


def draw(corpus: CorpusConfig, data: DataConfig, seed: str, epoch: int, digest: "hashlib._Hash") -> Iterator[Texts]:
    """The texts of a corpus in an epoch, with repetition, as (source, target).

    A pair of weight w is drawn floor(u + (e + 1) w) - floor(u + e w) times in epoch e, with u of its own: w times an
    epoch on average, and none a second time before all were drawn once.
    """
    order = -1 if data.reverse else 1
    if generate := generator(corpus):
        digest.update(f"{corpus.path} {corpus.pairs}".encode())
        rng = random.Random(f"{seed}-{epoch}")
        pairs = (generate(rng)[::order] for _ in range(round(corpus.pairs * corpus.weight)))
        yield from ((corpus.tag + source, target) for source, target in pairs)
        return
    for turn in range(math.ceil(corpus.weight)):  # a pair and its copy are not neighbours: noise may join those
        rng = random.Random(seed)
        for pair in read_pairs(corpus):
            if turn == 0:
                digest.update(f"{pair.source}\t{pair.target}\n".encode())
            offset = rng.random() + epoch * corpus.weight
            copies = math.floor(offset + corpus.weight) - math.floor(offset)
            if copies > turn and not is_held_out(pair, data):
                source, target = pair[1:][::order]
                yield corpus.tag + source, target
