"""How well words are aligned is measured, not assumed: tests/benchmarks/alignment.py prints the numbers."""

import pytest

from tests.benchmarks.alignment import diagonal, error_rate, group_pieces, read_aligned, uniform_rate, word_links
from tfcli.bundle import Aligner, locate, read_bundle
from tfcli.errors import NotFoundError
from tfcli.looking import Translator

PAIRS = read_aligned()


def test_the_pairs_make_sense():
    assert len(PAIRS) >= 100
    for pair in PAIRS:
        assert pair.sure <= pair.possible and len(pair.sure) > len(pair.target) / 3
        assert all(s < len(pair.source) and t < len(pair.target) for s, t in pair.possible)
        assert {t for _, t in pair.possible} >= {len(pair.target) - 1}  # the final punctuation has its link


def test_the_measure_knows_right_from_wrong():
    assert error_rate(PAIRS, [sorted(pair.sure) for pair in PAIRS]) == 0
    assert error_rate(PAIRS, [[] for _ in PAIRS]) == 1
    assert 0.4 < error_rate(PAIRS, [diagonal(pair) for pair in PAIRS]) < uniform_rate(PAIRS) < 1


def test_pieces_of_words():
    assert group_pieces(["▁我", "们去", "▁", "吧", "</s>"], ["我们", "去", "吧"]) == [[0, 1], [], [3]]
    with pytest.raises(ValueError, match="pieces"):
        group_pieces(["▁我"], ["我们"])


def test_the_shipped_model_aligns_far_better_than_the_diagonal():
    try:
        bundle = read_bundle(locate("zh-en"))
    except NotFoundError:
        pytest.skip("no model is shipped")
    translator = Translator(bundle, engine="torch")
    maps = [translator.attention(*pair.texts) for pair in PAIRS]
    aligner = bundle.config.aligner
    assert aligner != Aligner(), "measure it:  python -m tests.benchmarks.alignment --pairs dev.tsv --store"
    for place, share in ((aligner, 0.6), (Aligner(layer=aligner.view), 0.75)):
        found = [word_links(pair, whole, place) for pair, whole in zip(PAIRS, maps, strict=True)]
        assert error_rate(PAIRS, found) < share * error_rate(PAIRS, [diagonal(pair) for pair in PAIRS])
