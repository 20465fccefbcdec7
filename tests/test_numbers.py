"""Long numbers of a text and of its translation are compared by value, however each language writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.text.numbers import has_lost_number, long_numbers
from tfcli.text.protect import protect


@pytest.mark.parametrize(
    ("source", "translation", "lost"),
    [
        ("我有1234本书", "I have 1,234 books.", False),
        ("１２３４", "1234", False),
        ("5000万元", "50 million yuan", False),
        ("5000万元", "5000 million yuan", True),
        ("1.2345亿", "123450000", False),
        ("2023、2024", "2023", True),
        ("2024,2024", "2024", True),
        ("2024年", "24", True),
        ("0086 1234", "86 1234", True),
        ("123个", "none", False),
        ("1234567", "1,234,568", True),
        ("在1985年", "in 1985.", False),
        ("", "", False),
    ],
)
def test_a_number_is_lost_or_not(source, translation, lost):
    assert has_lost_number(source, translation) == lost


@given(st.text("0123456789,.万 a亿e\uff11"))
def test_any_text_keeps_its_own_numbers(text):
    assert not has_lost_number(text, text)
    protected = protect(text, ("number",))
    assert protected.restore(protected.text) == (text, True)


@given(st.integers(1000, 10**15))
def test_commas_say_nothing(number):
    assert long_numbers(f"{number:,}") == long_numbers(str(number)) != {}
