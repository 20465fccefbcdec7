"""How large the numbers of ordinary text are: small ones often, large ones by Benford's law, most of them round."""

import math
import random


def benford(rng: random.Random, low: float, high: float) -> int:
    """A number between the two, its logarithm uniform, rounded to one to four digits as people round, or to none."""
    number = math.exp(rng.uniform(math.log(low), math.log(high)))
    digits = rng.choices((1, 2, 3, 4, 15), (30, 35, 20, 8, 7))[0]
    scale = 10 ** max(math.floor(math.log10(number)) + 1 - digits, 0)
    return max(round(number / scale) * scale, math.ceil(low))


def small(rng: random.Random) -> int:
    """2 to 12, the smaller the oftener."""
    return rng.choices(range(2, 13), (20, 18, 10, 12, 8, 5, 6, 3, 9, 2, 4))[0]


def count(rng: random.Random) -> int:
    """How many of something there are: from 2 up, seldom above ten thousand."""
    high = rng.choices((0, 100, 1000, 10**4, 10**6), (35, 30, 18, 11, 6))[0]
    return benford(rng, max(high // 10, 13), high) if high else small(rng)


def large(rng: random.Random, high: int) -> int:
    """From ten thousand up, the very large ones less often."""
    return benford(rng, 10**4, rng.choice((high // 1000, high // 100, high // 10, high)))


def tenths(rng: random.Random, high: int) -> tuple[int, int]:
    """A decimal between 0 and `high` as (digits, how many of them stand after the point), never with a last 0."""
    places = rng.choices((1, 2, 3), (70, 25, 5))[0]
    whole = 0 if rng.random() < 0.2 else benford(rng, 1, high) - 1
    rest = rng.randrange(1, 10**places)
    return whole * 10**places + rest + (rest % 10 == 0), places
