"""Confidence is a probability, found where it is known what is good, kept in the bundle, and compared with."""

import json
import math
import random

import pytest
from commands import run
from hypothesis import given
from hypothesis import strategies as st

from tfcli.bundle import read_bundle
from tfcli.config import Confidence
from tfcli.decoding.confidence import calibrate, precision_recall, store
from tfcli.decoding.translator import Translator
from tfcli.errors import DataError, UsageError


def sample(confidence: Confidence, size: int) -> tuple[list[float], list[float]]:
    """Scores, and chrFs that are good as often as the confidence says."""
    rng = random.Random(size)
    scores = [rng.uniform(-3, 0) for _ in range(size)]
    return scores, [100.0 if rng.random() < confidence.of(score) else 0.0 for score in scores]


def test_calibration_finds_what_the_scores_are_worth():
    true = Confidence(3.0, 2.5)
    found = calibrate(*sample(true, 20_000))
    assert found.intercept == pytest.approx(3.0, abs=0.2) and found.slope == pytest.approx(2.5, abs=0.15)
    scores, chrfs = sample(true, 5_000)
    for low in (0.0, 0.25, 0.5, 0.75):  # of those that are 60 % sure, 60 % are good
        part = [
            (found.of(s), chrf > 0) for s, chrf in zip(scores, chrfs, strict=True) if low <= found.of(s) < low + 0.25
        ]
        assert sum(p for p, _ in part) / len(part) == pytest.approx(sum(good for _, good in part) / len(part), abs=0.06)


def test_the_threshold_finds_bad_ones_best():
    scores, chrfs = sample(Confidence(3.0, 2.5), 2_000)
    found = calibrate(scores, chrfs)

    def f1(threshold: float) -> float:
        flagged, bad = [found.of(score) < threshold for score in scores], [chrf < 40 for chrf in chrfs]
        precision, recall = precision_recall(flagged, bad)
        return 2 * precision * recall / (precision + recall) if precision else 0.0

    assert f1(found.threshold) >= max(f1(step / 50) for step in range(51)) - 1e-3


@pytest.mark.parametrize(
    ("scores", "chrfs"),
    [([], []), ([-1.0] * 200, [50.0] * 200), ([-1.0] * 200, [50.0, 0.0] * 100), ([0.0, -1.0] * 100, [0.0, 50.0] * 100)],
)
def test_nothing_is_made_of_scores_that_say_nothing(scores, chrfs):
    with pytest.raises(DataError):
        calibrate(scores, chrfs)


@given(st.lists(st.tuples(st.booleans(), st.booleans())))
def test_precision_and_recall(rows):
    flagged, bad = [row[0] for row in rows], [row[1] for row in rows]
    both = sum(row == (True, True) for row in rows)
    precision, recall = precision_recall(flagged, bad)
    assert precision == (both / sum(flagged) if sum(flagged) else None)
    assert recall == (both / sum(bad) if sum(bad) else None)


@given(st.floats(-1e6, 0), st.floats(-1e3, 1e3), st.floats(0, 1e3))
def test_confidence_is_a_probability(score, intercept, slope):
    assert 0 <= Confidence(intercept, slope).of(score) <= 1
    assert not math.isnan(Confidence(intercept, slope).of(score))


@pytest.fixture
def measured(tiny_copy):
    before = json.loads((tiny_copy / "config.json").read_text())
    store(read_bundle(tiny_copy), Confidence(1.0, 2.0, 0.7))
    after = json.loads((tiny_copy / "config.json").read_text())
    assert after.pop("confidence") and before == after
    return tiny_copy


def test_a_bundle_keeps_it_and_an_old_one_has_none(measured, tiny_bundle):
    assert read_bundle(measured).config.confidence == Confidence(1.0, 2.0, 0.7)
    assert not tiny_bundle.config.confidence.is_measured
    assert Translator(tiny_bundle).translate_detailed(["好久不见"])[0].confidence is None
    with pytest.raises(UsageError, match="nobody has measured"):
        Translator(tiny_bundle, flag_below=0.5)


def test_what_is_less_sure_is_flagged(measured):
    texts = ["好久不见", "靐龘爩靐", "", "1", "好久不见。靐龘爩靐。"]
    results = Translator(read_bundle(measured), flag_below=0.6).translate_detailed(texts)
    confidences = [result.confidence for result in results]
    assert confidences[0] > 0.6 > confidences[1] and confidences[2:4] == [None, None]
    assert confidences[4] < confidences[0]  # a text is as sure as its least sure sentence
    assert ["unsure" in result.flags for result in results] == [False, True, False, False, confidences[4] < 0.6]
    assert not any(
        "unsure" in r.flags for r in Translator(read_bundle(measured), flag_below=0).translate_detailed(texts)
    )


def test_the_command_line_shows_it(bare, measured):
    ended = run("translate", "-m", str(measured), "--json", "--flag-below", "1", "好久不见")
    record = json.loads(ended.text)
    assert 0 < record["confidence"] < 1 and record["flags"] == ["unsure"] and "line 1 may well be wrong" in ended.err
    row = (
        run("translate", "-m", str(measured), "--format", "tsv", "--flag-below", "1", "好久不见")
        .text.rstrip("\n")
        .split("\t")
    )
    assert float(row[3]) == record["confidence"] and row[4] == "unsure"
    assert run("translate", "-m", str(measured), "--strict", "--flag-below", "1", "好久不见").code == 0
    assert json.loads(run("translate", "--json", "好久不见").text)["confidence"] is None
    for wrong in ("2", "-0.1", "x"):
        assert run("translate", "--flag-below", wrong, "好").code == 2


def test_evaluate_measures_it_and_says_how_good_it_is(bare, tiny_copy, tmp_path):
    test = tmp_path / "test.tsv"
    good = [("好久不见", "Long time no see."), ("你好", "Hello.")]
    bad = [("好靐龘好靐", "Completely different"), ("爩爩", "Nothing of it")]
    test.write_text("".join(f"{s}\t{t}\n" for s, t in (good + bad) * 60), encoding="utf-8")
    ended = run("evaluate", str(test), "-m", str(tiny_copy), "--calibrate")
    assert ended.code == 0, ended.err
    confidence = read_bundle(tiny_copy).config.confidence
    assert confidence.is_measured and 0 < confidence.threshold < 1
    (row,) = json.loads(run("evaluate", str(test), "-m", str(tiny_copy), "--json").text)
    assert row["unsure"]["below"] == confidence.threshold and row["unsure"]["bad_lines"] >= 120
    assert row["unsure"]["precision"] > 0.9 and row["unsure"]["recall"] > 0.4
    sources = "".join(f"{source}\n" for source, _ in good + bad).encode()
    flags = [
        json.loads(line)["flags"]
        for line in run("translate", "--json", "-m", str(tiny_copy), stdin=sources).text.splitlines()
    ]
    assert row["loops"] == 60 * sum("loop" in found for found in flags)
    assert "unsure of" in run("evaluate", str(test), "-m", str(tiny_copy)).text
    assert run("evaluate", str(test), "--calibrate", "--hyp", str(test)).code == 2
