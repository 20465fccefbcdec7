"""Settings from outside: every key known, every value of its declared type, or one sentence that names it."""

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.config.schema import build, parse_json
from tfcli.errors import ModelError


@dataclass(frozen=True)
class Leaf:
    name: str
    size: int = 3


@dataclass(frozen=True)
class Tree:
    rate: float = 0.5
    size: int = 1
    on: bool = False
    word: str = "a"
    kind: Literal["relu", "gelu"] = "relu"
    limit: int | None = None
    leaf: Leaf = field(default_factory=lambda: Leaf("x"))
    leaves: tuple[Leaf, ...] = ()


def test_what_is_given_is_taken_and_the_rest_is_default():
    values = {"rate": 2, "kind": "gelu", "limit": 7, "leaf": {"name": "l"}, "leaves": [{"name": "m", "size": 9}]}
    tree = build(Tree, values)
    assert tree == Tree(2.0, kind="gelu", limit=7, leaf=Leaf("l"), leaves=(Leaf("m", 9),))
    assert type(tree.rate) is float
    assert build(Tree, {}) == Tree()
    assert build(Tree, dataclasses.asdict(tree)) == tree


@pytest.mark.parametrize(
    ("values", "named", "near"),
    [
        ({"raet": 1}, '"raet"', '"rate"'),
        ({"leaf": {"name": "l", "siez": 1}}, '"leaf.siez"', '"size"'),
        ({"leaves": [{"name": "l"}, {"nam": "l"}]}, '"leaves[1].nam"', '"name"'),
        ({"kind": "rleu"}, "kind is 'rleu'", '"relu"'),
        ({"": 1}, '""', "known here: rate"),
        ({3: 1}, '"3"', "known here: rate"),
        ({"zzzzzz": 1}, '"zzzzzz"', "known here: rate"),
    ],
)
def test_a_misspelling_is_named_with_the_nearest(values, named, near):
    with pytest.raises(ModelError) as raised:
        build(Tree, values)
    assert named in raised.value.message and near in raised.value.hint


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("size", {"size": True}),
        ("size", {"size": 1.0}),
        ("size", {"size": "1"}),
        ("size", {"size": None}),
        ("size", {"size": 1 << 64}),
        ("size", {"size": -(1 << 70000)}),
        ("rate", {"rate": True}),
        ("rate", {"rate": "0.5"}),
        ("rate", {"rate": float("nan")}),
        ("rate", {"rate": float("inf")}),
        ("rate", {"rate": -float("inf")}),
        ("rate", {"rate": 10**400}),
        ("on", {"on": 1}),
        ("on", {"on": "true"}),
        ("word", {"word": 1}),
        ("word", {"word": ["a"]}),
        ("kind", {"kind": None}),
        ("kind", {"kind": ["relu"]}),
        ("limit", {"limit": False}),
        ("limit", {"limit": "7"}),
        ("leaf", {"leaf": 3}),
        ("leaf", {"leaf": [{"name": "l"}]}),
        ("leaf.name is missing", {"leaf": {}}),
        ("leaves", {"leaves": {"name": "l"}}),
        ("leaves", {"leaves": "name"}),
        (r"leaves\[0\]", {"leaves": ["name"]}),
        (r"leaves\[1\].size", {"leaves": [{"name": "l"}, {"name": "l", "size": 0.5}]}),
        ("config", [1]),
        ("config", None),
    ],
)
def test_a_wrong_type_is_named_with_its_place(path, values):
    with pytest.raises(ModelError, match=f"^{path}") as raised:
        build(Tree, values)
    assert len(raised.value.message) < 200


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
NAMES = st.sampled_from([f.name for f in dataclasses.fields(Tree)])


@given(st.dictionaries(NAMES | st.text(max_size=4), ANYTHING, max_size=4))
def test_whatever_comes_is_built_as_declared_or_refused(values):
    try:
        tree = build(Tree, values)
    except ModelError as error:
        assert error.message
    else:
        declared = {name: value for name, value in values.items() if name not in ("leaf", "leaves")}
        assert all(getattr(tree, name) == value for name, value in declared.items())
        assert type(tree.size) is int and type(tree.rate) is float and type(tree.on) is bool


@given(ANYTHING.filter(lambda v: "nan" not in repr(v) and "inf" not in repr(v)))
def test_json_is_read(value):
    assert parse_json(json.dumps(value).encode(), "it") == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"b": {"a": 1, "a": 1}}',
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
)
def test_json_that_is_none_is_refused(data):
    with pytest.raises(ModelError, match="^the config") as raised:
        parse_json(data, "the config")
    assert len(raised.value.message) < 200
