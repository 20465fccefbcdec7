"""Punctuation beside wide letters is wide, and nothing else changes."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.text.languages import find_language
from tfcli.text.punctuation import widen


@pytest.mark.parametrize(
    ("folded", "text"),
    [
        ("喂!", "喂！"),
        ("多少钱?你能便宜点吗?", "多少钱？你能便宜点吗？"),
        ("好, 谢谢!", "好，谢谢！"),
        ("他(汤姆)说:“好!”", "他（汤姆）说：“好！”"),
        ("我有1,000元,你有3.5元;他没有。", "我有1,000元，你有3.5元；他没有。"),
        ("利率提高了6.5%.", "利率提高了6.5%。"),
        ("我用Python 3.11, 你呢?", "我用Python 3.11，你呢？"),
        ("嗯...我想想", "嗯……我想想"),
        ("见 https://a.b/c?d=1,e 吧", "见 https://a.b/c?d=1,e 吧"),
        ("12:30见", "12:30见"),
        ("Hello, Tom!", "Hello, Tom!"),
        ("好吗?!", "好吗？！"),
    ],
)
def test_marks_are_as_wide_as_their_letters(folded, text):
    assert widen(folded) == text
    assert find_language("zh").punctuate(folded) == text and find_language("en").punctuate(folded) == folded


@given(st.text(st.sampled_from("好吗ab1 ,.?!:;()…“”%"), max_size=30))
def test_only_the_width_of_marks_and_spaces_beside_them_change(text):
    def bare(text: str) -> str:
        return unicodedata.normalize("NFKC", text).replace("。", ".").replace(" ", "").replace("......", "...")

    wide = widen(text)
    assert widen(wide) == wide
    if "..." not in text and "…" not in text:
        assert bare(wide) == bare(text)
