"""The corpora of a stage: each pair as often as its weight says, and every epoch another one of the same."""

from collections import Counter

import pytest

from tfcli.config import DataConfig, NoiseConfig
from tfcli.config.schema import build
from tfcli.data.mixture import HELD_OUT, Mixture
from tfcli.data.synthetic import SYNTHETIC
from tfcli.errors import DataError


def ids(texts):
    return [[10 + ord(char) for char in text] for text in texts]


def text(side, number) -> str:
    return "".join(chr(i - 10) for i in side.sequence(number)[:-1])


def texts(pairs) -> list[tuple[str, str]]:
    return [(text(pairs.src, i), text(pairs.tgt, i)) for i in range(len(pairs))]


@pytest.fixture
def mixture(tmp_path):
    """A mixture of corpora of the given sizes: the pairs of corpus i are ("i-number", "i_number")."""
    (tmp_path / "valid.tsv").write_text("a\tb\n")

    def make(*sizes, weights=None, noise=None, seed="1", valid=True, **corpus) -> Mixture:
        train = []
        for i, size in enumerate(sizes):
            path = tmp_path / f"{i}.tsv"
            path.write_text("".join(f"{i}-{n}\t{i}_{n}\n" for n in range(1, size + 1)))
            train.append({"path": str(path), **corpus})
        data = build(DataConfig, {"train": train, "valid": str(tmp_path / "valid.tsv") if valid else None})
        return Mixture(data, weights or [1.0] * len(sizes), noise or NoiseConfig(), seed, ids)

    return make


@pytest.mark.parametrize("weight", [0.1, 0.25, 1.0, 2.0, 2.5, 3.999])
def test_a_weight_is_how_often_a_pair_is_seen(mixture, weight):
    mixed = mixture(50, 200, weights=[1.0, weight])
    seen = Counter()
    for epoch in range(40):
        drawn = texts(mixed.epoch(epoch))
        times = Counter(pair for pair in drawn if pair[0].startswith("1-"))
        assert all(int(weight) <= count <= int(weight) + (weight % 1 > 0) for count in times.values())
        assert sum(pair[0].startswith("0-") for pair in drawn) == 50
        seen += times
        # A pair is never far from its due: no pair comes twice before all have come once.
        assert all(abs(count - weight * (epoch + 1)) < 1 for count in seen.values())
    assert len(seen) == 200


def test_a_corpus_of_weight_zero_is_not_even_read(mixture, tmp_path):
    mixed = mixture(5, 5, weights=[1.0, 0.0])
    (tmp_path / "1.tsv").unlink()
    assert len(mixed.epoch(0)) == 5
    with pytest.raises(DataError, match="no pair is left"):
        mixture(5, weights=[0.0]).epoch(0)


def test_noise_is_drawn_anew_for_each_epoch_and_each_copy(mixture):
    mixed = mixture(100, weights=[3.0], noise=NoiseConfig(join=0.5))
    epochs = [texts(mixed.epoch(number)) for number in (0, 1, 0)]
    assert epochs[0] == epochs[2] != epochs[1]
    joined = [source for source, _ in epochs[0] if source.count("-") == 2]
    assert len(joined) > 20 and len(set(joined)) > len(joined) / 2
    halves = [tuple(part.split("-")[1] for part in source.replace(".", "").split()) for source in joined]
    assert all(one != other for one, other in halves)  # no pair is joined to its own copy


def test_generated_pairs_are_other_ones_in_every_epoch(mixture):
    data = build(DataConfig, {"train": [{"path": "numbers", "pairs": 50}], "valid": "phrasebook"})
    made = Mixture(data, [2.0], NoiseConfig(), "1", ids)
    epochs = [texts(made.epoch(number)) for number in (0, 1, 0)]
    assert "numbers" in SYNTHETIC and all(80 < len(epoch) <= 100 for epoch in epochs)
    assert epochs[0] == epochs[2] and len(set(epochs[0]) & set(epochs[1])) < 50


def test_the_fingerprint_is_that_of_the_texts(mixture, tmp_path):
    def fingerprint(mixed, epoch=0):
        mixed.epoch(epoch)
        return mixed.fingerprint

    plain = mixture(30)
    assert fingerprint(plain) == fingerprint(plain, 3) == fingerprint(mixture(30, seed="other"))
    assert fingerprint(plain) != fingerprint(mixture(31))
    mixed = mixture(30)
    path = tmp_path / "0.tsv"
    path.write_text(path.read_text().replace("0_7\n", "0_8\n"))
    assert fingerprint(mixed) != fingerprint(mixture(30))


def test_held_out_pairs_are_never_drawn(mixture):
    drawn = texts(mixture(5 * HELD_OUT, weights=[2.0], valid=False).epoch(0))
    assert len(drawn) == 2 * 5 * (HELD_OUT - 1)
    assert not {f"0-{HELD_OUT * n}" for n in range(1, 6)} & {source for source, _ in drawn}


def test_a_reversed_corpus_has_the_target_first_and_a_tag_comes_before_the_source(mixture):
    mixed = mixture(1, tag="<back> ")
    assert texts(mixed.epoch(0)) == [("<back> 0-1", "0_1")]
    mixed.data = build(DataConfig, {"train": [], "valid": "x", "reverse": True})
    assert texts(mixed.epoch(0)) == [("<back> 0_1", "0-1")]


def test_own_entities_stand_in_generated_pairs(tmp_path):
    (tmp_path / "ours.tsv").write_text("艾克赛尔\tExcelline\tperson\n", encoding="utf-8")
    train = [{"path": "names", "pairs": 20, "entities": str(tmp_path / "ours.tsv")}]
    data = build(DataConfig, {"train": train, "valid": "x", "max_length": 999, "max_ratio": 99})
    drawn = texts(Mixture(data, [1.0], NoiseConfig(), "1", ids).epoch(0))
    assert len(drawn) == 20 and all("艾克赛尔" in source and "Excelline" in target for source, target in drawn)
    other = build(DataConfig, {"train": [{"path": "phrasebook", "entities": "x"}], "valid": "x"})
    with pytest.raises(DataError, match='"phrasebook" is not generated'):
        Mixture(other, [1.0], NoiseConfig(), "1", ids).epoch(0)
