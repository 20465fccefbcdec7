"""The entity lists are clean, and what stands with an article in a sentence gets one."""

import re
from importlib import resources

import pytest

from tfcli.data.synthetic.entities import FILES, of_kind, read_list, with_article


@pytest.mark.parametrize("name", [*FILES, "cities"])
def test_every_line_is_chinese_english_kind(name):
    for row in read_list(name):
        assert len(row) == 3 and all(cell == cell.strip() and cell for cell in row), row
        assert not re.search("[\u4e00-\u9fff]", row[1]), row


@pytest.mark.parametrize("kinds", [("given-char",), ("surname",), ("given-m", "given-f"), ("cities",)])
def test_no_name_twice(kinds):
    names = [zh for zh, *_ in (read_list("cities") if kinds == ("cities",) else of_kind(*kinds))]
    assert len(names) == len(set(names)) > 200


def test_every_city_has_a_listed_province():
    provinces = {zh for zh, _ in of_kind("province")}
    assert {province for _, _, province in read_list("cities")} <= provinces


@pytest.mark.parametrize(
    ("name", "article"),
    [("Great Wall", True), ("Yangtze River", True), ("Netherlands", True), ("Czech Republic", True), ("Red Sea", True)]
    + [("University of Chicago", True), ("Gulf of Mexico", True), ("United States", True), ("Himalayas", True)]
    + [("Lake Tai", False), ("Tower Bridge", False), ("France", False), ("People's Square", False), ("the Bund", False)]
    + [
        ("Deutsche Bank", False),
        ("National Taiwan University", False),
        ("Czechoslovakia", False),
        ("Mount Tai", False),
    ],
)
def test_articles(name, article):
    assert with_article(name) == (f"the {name}" if article else name)


def test_no_list_or_frame_lies_about_unused():
    """What the wheel carries is read by something."""
    here = resources.files("tfcli.data.synthetic")
    code = "".join(path.read_text("utf-8") for path in here.iterdir() if path.name.endswith(".py"))
    for folder in ("lists", "frames"):
        for path in (here / folder).iterdir():
            assert f'"{path.name.removesuffix(".tsv")}"' in code or f"/{path.name}" in code, path.name
