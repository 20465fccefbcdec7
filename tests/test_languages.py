"""The table of languages agrees with itself and with what uses it."""

import pytest
from sacrebleu.metrics import BLEU

from tfcli.text.languages import LANGUAGES, find_language
from tfcli.text.scripts import count_letters, foreign, has_letters_of, letters_without_spaces

ROWS = sorted(LANGUAGES)


@pytest.mark.parametrize("code", ROWS)
def test_an_example_is_written_in_the_scripts_of_its_row(code):
    row = LANGUAGES[code]
    letters = count_letters(row.example)
    assert set(letters) <= set(row.scripts) and bool(letters) == bool(row.example)
    assert foreign(letters, code) is None


@pytest.mark.parametrize("code", ROWS)
def test_every_tokenizer_is_one_of_sacrebleu_that_needs_no_other_package(code):
    assert BLEU(tokenize=LANGUAGES[code].bleu_tokenizer).corpus_score(["a b c d"], [["a b c d"]]).score > 99


def test_no_code_stands_for_two_languages():
    codes = [code for row in LANGUAGES.values() for code in (row.code, *row.codes)]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("code", "main"),
    [("zh", "zh"), ("zh-Hant", "zh"), ("cmn_Hans", "zh"), ("eng", "en"), ("PT_br", "pt"), ("xyz", "xyz"), ("", "")],
)
def test_a_language_is_found_by_any_of_its_codes(code, main):
    assert find_language(code).code == main


def test_words_and_spaces_follow_the_spacing():
    assert find_language("zh").words("你好 吗") == ["你", "好", "吗"]
    assert find_language("en").words("how are you") == ["how", "are", "you"]
    assert find_language("zh").join(["你好。", "", "吗？"]) == "你好。吗？"
    assert find_language("zh").join(["我用 Windows", "OK", "好"]) == "我用 Windows OK好"
    assert find_language("en").join(["How.", "", "Are you?"]) == find_language("xx").join(["How.", "Are you?"])
    assert find_language("en").join([]) == ""


def test_letters_of_a_language():
    assert has_letters_of("ISO 9001 认证", "zh") and not has_letters_of("ISO 9001", "zh")
    assert has_letters_of("ISO 9001", "en") and not has_letters_of("2 + 2 = 4 😀", "en")
    assert has_letters_of("2 + 2", "unknown")
    assert "\u4e00" in letters_without_spaces() and "A" not in letters_without_spaces()
