"""A user's own entities stand in the built-in frames, on both sides of every pair."""

import random

import pytest

from tfcli.data.synthetic import SYNTHETIC
from tfcli.data.synthetic.own_lists import KINDS, read_entities, with_entities
from tfcli.errors import DataError, NotFoundError

OWN = [("甲乙丙", "Jia Yibing", "person"), ("丁戊", "Ding Wu", "person"), ("己庚城", "Jigeng", "city")]


@pytest.mark.parametrize("name", ["names", "places"])
def test_every_pair_holds_one_of_the_list(name):
    draw, rng = with_entities(name, OWN), random.Random(1)
    for _ in range(500):
        zh, en = draw(rng)
        there = {(a, b) for a, b, _ in OWN if a in zh or b in en}
        assert there and all(a in zh and b in en for a, b in there), (zh, en)


def test_all_of_the_list_is_drawn_and_the_seed_decides():
    draws = [[with_entities("names", OWN)(rng) for _ in range(300)] for rng in map(random.Random, (1, 1, 2))]
    assert draws[0] == draws[1] != draws[2]
    assert all(any(zh in pair[0] for pair in draws[0]) for zh, _, _ in OWN)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_frame_and_every_form(kind):
    names = [name for name in SYNTHETIC if _has_room(name, kind)]
    for name in names:
        rng, draw = random.Random(3), with_entities(name, [("甲乙丙", "Jia", kind)])
        assert all("甲乙丙" in zh and "Jia" in en for zh, en in (draw(rng) for _ in range(200)))
    assert names


def _has_room(name: str, kind: str) -> bool:
    try:
        return bool(with_entities(name, [("甲", "Jia", kind)]))
    except DataError:
        return False


def test_a_list_without_a_frame_is_refused():
    with pytest.raises(DataError, match="landmark"):
        with_entities("numbers", [("甲", "Jia", "landmark")])


def test_a_list_is_read(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("\ufeff周明\tZhou Ming\tperson\r\n\n 哈密 \tHami\tcity", "utf-8")
    assert read_entities(str(path)) == [("周明", "Zhou Ming", "person"), ("哈密", "Hami", "city")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("周明\tZhou Ming", "line 1"),
        ("周明\tZhou Ming\tperson\n周明\t \tperson", "line 2"),
        ("周明\tZhou Ming\tpersn", "persn"),
        ("\n\n", "no entity"),
    ],
)
def test_what_is_no_list_is_refused(text, message, tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text(text, "utf-8")
    with pytest.raises(DataError, match=message):
        read_entities(str(path))


def test_the_nearest_kind_is_named(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("周明\tZhou Ming\tpersn", "utf-8")
    with pytest.raises(DataError) as raised:
        read_entities(str(path))
    assert raised.value.hint.startswith('"person" is one')
    path.write_bytes(b"\xb0\xa1\tA\tperson")
    with pytest.raises(DataError, match="UTF-8"):
        read_entities(str(path))
    with pytest.raises(NotFoundError):
        read_entities(str(tmp_path / "none.tsv"))
