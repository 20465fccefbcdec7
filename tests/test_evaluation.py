"""Scores equal sacreBLEU called directly; the counts beside them say what they promise."""

import json

import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from tfcli import evaluation
from tfcli.cli.app import main
from tfcli.errors import DataError
from tfcli.text.repetition import is_loop

ENGLISH = [
    ("The cat sat on the mat.", "A cat was sitting on the mat."),
    ("It is 3:15 p.m., he said.", "He said it's 3:15 p.m."),
    ("Long time no see!", "Long time no see!"),
]
CHINESE = [("今天天气很好。", "今天的天气真好。"), ("我有12本书。", "我有12本书。"), ("好久不见", "好久没见")]


def sides(pairs):
    return [list(side) for side in zip(*pairs, strict=True)]


def test_bleu_and_chrf_are_those_of_sacrebleu():
    hypotheses, references = sides(ENGLISH)
    assert evaluation.bleu(hypotheses, references, "en").value == sacrebleu.corpus_bleu(hypotheses, [references]).score
    assert evaluation.chrf(hypotheses, references).value == sacrebleu.corpus_chrf(hypotheses, [references]).score


def test_chinese_is_scored_by_character():
    hypotheses, references = sides(CHINESE)
    score = evaluation.bleu(hypotheses, references, "zh")
    assert score.value == sacrebleu.corpus_bleu(hypotheses, [references], tokenize="zh").score
    assert score.value > evaluation.bleu(hypotheses, references, "en").value


@pytest.mark.parametrize(("target", "tokenizer"), [("en", "13a"), ("de", "13a"), ("zh", "zh"), ("zh-Hant", "zh")])
def test_the_signature_names_tokenizer_and_version(target, tokenizer):
    signature = evaluation.bleu(["a"], ["a"], target).signature
    assert f"|tok:{tokenizer}|" in signature and f"version:{sacrebleu.__version__}" in signature
    assert "case:mixed" in signature


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=20, max_size=60), min_size=1, max_size=5))
def test_the_references_themselves_get_the_best_chrf(texts):
    texts = [" ".join(text.split()) or "a" for text in texts]
    assert evaluation.chrf(texts, texts).value == pytest.approx(100)


def test_perfect_is_100_and_another_order_is_not():
    hypotheses, references = sides(ENGLISH)
    assert evaluation.bleu(references, references, "en").value == pytest.approx(100)
    assert evaluation.bleu(references[::-1], references, "en").value < 60
    assert evaluation.chrf(references[::-1], references).value < 60


def test_an_evaluation_holds_the_same_scores():
    hypotheses, references = sides(ENGLISH)
    result = evaluation.evaluate(references, hypotheses, references, "en")
    assert (result.lines, result.bleu) == (3, evaluation.bleu(hypotheses, references, "en"))
    assert result.chrf == evaluation.chrf(hypotheses, references)
    assert result.length_ratio == 16 / 16


@pytest.mark.parametrize(
    ("source", "hypothesis", "reference", "recall"),
    [
        ("他有１２本书", "He has 12 books.", "He has 12 books.", 1.0),
        ("12000人", "12,000 people", "12,000 people", 1.0),
        ("1998年5月", "In May 1998", "In 5/1998", 0.5),
        ("7和7", "7", "7 and 7", 0.5),
        ("三只猫", "3 cats", "3 cats", None),  # the source has no number to copy
        ("1.2亿", "120 million", "120 million", None),  # a number that rightly changes is no loss
    ],
)
def test_digit_recall(source, hypothesis, reference, recall):
    assert evaluation.digit_recall([source], [hypothesis], [reference]) == recall


@pytest.mark.parametrize(
    ("text", "target", "answer"),
    [
        ("I am sorry I am sorry I am sorry", "en", True),
        ("no no no no no", "en", True),
        ("no no no no", "en", False),
        ("I am sorry, I am sorry", "en", False),
        ("我不知道，我不知道，我不知道", "zh", True),
        ("", "en", False),
    ],
)
def test_loops(text, target, answer):
    assert is_loop("x", text, ("en", target)) is answer
    assert not is_loop("la la la la", text, ("en", target)) and not is_loop("哈哈哈哈", text, ("zh", target))


def test_a_loop_of_the_source_and_an_empty_reference_are_not_held_against_the_model():
    song = "la la la la la la"
    result = evaluation.evaluate([song, "x", "x", "x"], [song, song, "", ""], [song, "la", "a", ""], "en", "de")
    assert (result.loops, result.empty) == (1, 1)


@pytest.mark.parametrize("hypotheses", [["a"], ["a", "b", "c"], []])
def test_sides_of_different_length_are_refused(hypotheses):
    with pytest.raises(DataError):
        evaluation.evaluate(["x", "y"], hypotheses, ["a", "b"], "en")


def test_nothing_is_refused():
    with pytest.raises(DataError):
        evaluation.evaluate([], [], [], "en")


def test_a_test_set_can_be_read_the_other_way_round(tmp_path, capsys):
    (tmp_path / "one.tsv").write_text("你好\tHello\n谢谢\tThanks\n", encoding="utf-8")
    (tmp_path / "other.tsv").write_text("Hello\t你好\nThanks\t谢谢\n", encoding="utf-8")
    (tmp_path / "hyp").write_text("你好\n谢\n", encoding="utf-8")
    said = []
    for arguments in (["one.tsv", "--reverse"], ["other.tsv"]):
        test = [str(tmp_path / arguments[0]), *arguments[1:]]
        assert main(["evaluate", *test, "--hyp", str(tmp_path / "hyp"), "--target", "zh", "--json"]) == 0
        row = json.loads(capsys.readouterr().out)[0]
        said.append((row["bleu"], row["chrf"], row["length_ratio"]))
    assert said[0] == said[1] and said[0][1]["value"] > 0
