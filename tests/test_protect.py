"""Masked spans come back as they were, and nobody types a sentinel."""

import random
from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.text.protect import PATTERNS, SENTINELS, Protected, keeps_tags, mark

KINDS = tuple(PATTERNS)
EVERY_CHOICE = list(chain.from_iterable(combinations(KINDS, size) for size in range(len(KINDS) + 1)))
PARTS = ["https://a.example/x?y=1&z=%20#f", "www.b.example", "c.d@e.example", "{name}", "{0}", "%s", "%(n)s", "${V}"]
PARTS += ["<b>", "</b>", '<a href="x">', "https://", "```sh", "`a b`", "00:00:01,000", "😀", "🇨🇳", "👩‍👩‍👧"]
PARTS += [*"@{}%$<>()., \na1好。`\ud800\U000f0000\U000f0007"]

texts = st.lists(st.sampled_from([*PARTS, *SENTINELS])).map("".join) | st.text()


def protect(text: str, kinds=KINDS) -> Protected:
    marked = mark(text, kinds)
    return marked.protect(marked.text)


@given(texts, st.sampled_from(EVERY_CHOICE))
def test_what_was_marked_comes_back(text, kinds):
    marked = mark(text, kinds)
    assert marked.plain(marked.text) == text
    assert "".join(marked.plain(part) for part in marked.around(marked.text)) == text
    assert "".join(marked.plain(part) for part in marked.edges(marked.text)) == text
    assert len(marked.without_spans(marked.text)) == len(marked.text)


@given(texts, st.sampled_from(EVERY_CHOICE))
def test_what_was_masked_is_restored(text, kinds):
    protected = protect(text, kinds)
    assert len(protected.spans) <= len(SENTINELS)
    restored, complete = protected.restore(protected.text)
    assert complete
    if sum(map(text.count, SENTINELS)) == 0 or len(protected.spans) < len(SENTINELS):
        assert restored == text
    # Sentinels stand once each, in order, and a typed one is nowhere else.
    assert [char for char in protected.text if char in SENTINELS] == list(SENTINELS[: len(protected.spans)])


@given(st.text("ab ", min_size=3, max_size=30), st.data())
def test_other_places_are_masked_too(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    protected = mark(text, KINDS).protect(text, [(start, end, "THERE")])
    assert protected.restore(protected.text) == (text[:start] + "THERE" + text[end:], True)


def test_fuzzed_translations_never_show_a_stray_sentinel():
    rng = random.Random(3)
    complete_ones = 0
    for _ in range(10_000):
        text = "".join(rng.choices(PARTS, k=rng.randrange(8)))
        protected = protect(text)
        said = [*SENTINELS[: len(protected.spans)]]
        if rng.random() < 0.5:
            said += rng.choices(SENTINELS, k=rng.randrange(1, 3))
        if said and rng.random() < 0.5:
            said.pop(rng.randrange(len(said)))
        rng.shuffle(said)
        restored, complete = protected.restore("译".join(said))
        assert complete == (sorted(said) == list(SENTINELS[: len(protected.spans)])), (text, said)
        assert not set(restored) & set(SENTINELS)
        for sentinel, span in zip(SENTINELS, protected.spans, strict=False):
            assert sentinel not in said or span in restored
        complete_ones += complete
    assert 1_000 < complete_ones < 9_000


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("请看https://a.example/路径", ["https://a.example/"]),
        ("请看https://a.example/x。谢谢", ["https://a.example/x"]),
        ("见（http://a.example/x?y=1#z），好", ["http://a.example/x?y=1#z"]),
        ("(see http://a.example/x). Then", ["http://a.example/x"]),
        ("http://a.example/x_(y), http://a.example/z)", ["http://a.example/x_(y)", "http://a.example/z"]),
        ("Really http://a.example?!", ["http://a.example"]),
        ('"http://a.example" <http://b.example>', ["http://a.example", "http://b.example"]),
        ("[www.c.example] `www.d.example`", ["www.c.example", "`www.d.example`"]),
        ("HTTPS://A.EXAMPLE xhttp://no", ["HTTPS://A.EXAMPLE"]),
        ("http:// www. https://好", []),
        ("写信给me+you@a.example。", ["me+you@a.example"]),
        ("a@b, @c, a@b@c.d a@@b.example", []),
        ("{name}{0}你好{user.name:>5}{}{{ x }}", ["{name}", "{0}", "{}", "{{ x }}"]),
        ("{你好} { a b } ${HOME}/x", ["${HOME}"]),
        ("共%d件，%s和%(name)s，%5.2f，%1$s", ["%d", "%s", "%(name)s", "%5.2f", "%1$s"]),
        ("100% sure, 5%discount, 20%好", []),
        ("<b>粗</b><br/><a href='x' id=y>", ["<b>", "</b>", "<br/>", "<a href='x' id=y>"]),
        ("1 < 2 > 1, x<y and y>z, <你好>, <>", []),
        ('<a href="http://a.example">{x}</a>', ['<a href="http://a.example">', "{x}", "</a>"]),
        ("运行 `pip install x`。", ["`pip install x`"]),
        ("```bash", ["```bash"]),
        ("00:00:01,000 --> 00:00:03,500", ["00:00:01,000 --> 00:00:03,500"]),
        ("12:30 到 01:02.50", ["01:02.50"]),
        ("生日快乐🎂🎉！👩‍👩‍👧❤️🇨🇳1️⃣", ["🎂🎉", "👩‍👩‍👧❤️🇨🇳1️⃣"]),
    ],
)
def test_spans(text, spans):
    assert list(protect(text).spans) == spans


def test_only_the_kinds_asked_for():
    text = "http://a.example b@c.example <b> {x} `d` 00:01.23 😀"
    for kind, span in zip(KINDS, text.split(), strict=True):
        assert protect(text, (kind,)).spans == (span,)
    assert protect(text, ()).text == text


def test_typed_sentinels_are_never_control():
    typed = f"a{SENTINELS[5]}b{SENTINELS[0]}"
    protected = protect(typed, ())
    assert protected.text == f"a{SENTINELS[0]}b{SENTINELS[1]}"
    assert protected.restore(protected.text) == (typed, True)


def test_more_than_eight_spans():
    protected = protect("{x}" * 8 + SENTINELS[3] + "{y}" + f'<a b="{SENTINELS[2]}">')
    assert protected.text == SENTINELS + '\ufffd{y}<a b="\ufffd">'
    assert protected.spans == ("{x}",) * 8


def test_lost_doubled_and_foreign_sentinels():
    protected = protect("{a} {b}")
    one, two, three = SENTINELS[:3]
    assert protected.restore(f"{two} {one}") == ("{b} {a}", True)
    assert protected.restore(f"{one}") == ("{a}", False)
    assert protected.restore(f"{one}{two}{one}") == ("{a}{b}", False)
    assert protected.restore(f"{one}{two}{three}") == ("{a}{b}", False)
    assert protect("a").restore(one) == ("", False)


def test_a_span_that_holds_a_sentinel_is_put_back_once():
    text = f'<a b="{SENTINELS[0]}{SENTINELS[1]}">x</a>'
    protected = protect(text)
    assert protected.restore(protected.text) == (text, True)


@pytest.mark.parametrize(
    ("source", "translation", "kept"),
    [
        ("<b>好</b>", "<b>good</b>", True),
        ("<b>好</b>", "</b>good<b>", False),
        ("<b><i>好</i></b>", "<b><i>good</b></i>", False),
        ("<b>好</b><i>坏</i>", "<i>bad</i> <b>good</b>", True),
        ("<br/>好<br/>", "good<br/><br/>", True),
        ("</b>好<b>", "<b>good</b>", True),
        ("<br>好</p>", "</p>good<br>", True),
    ],
)
def test_tags_stay_in_order(source, translation, kept):
    assert keeps_tags(mark(source, KINDS).spans, translation) == kept


@pytest.mark.parametrize("unit", ["a", "a@", "a.", "a@b.", "http://", "www.a(", "<a ", "<a b=", "{", "%1", SENTINELS])
@pytest.mark.parametrize("more", ["`", "0:00.", "😀", "```"])
def test_long_hostile_texts_end(unit, more):
    for text in unit * 100_000, unit + (unit + more)[-1] * 300_000, more * 100_000:
        protected = protect(text)
        assert len(protected.text) + sum(map(len, protected.spans)) - len(protected.spans) == len(text)
