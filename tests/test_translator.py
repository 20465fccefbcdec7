"""N texts in, N texts out, in order, whatever they contain; and whatever a reader should know is flagged."""

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tfcli
from tfcli.config import EOS, PLACEHOLDERS
from tfcli.decoding import engines
from tfcli.decoding.hypothesis import Hypothesis
from tfcli.decoding.translation import FLAGS
from tfcli.decoding.translator import Translator
from tfcli.errors import ResourceError, UsageError
from tfcli.text.glossary import Glossary

HOSTILE = [
    "",
    "   ",
    "\t\u3000\xa0",
    "好久不见",
    "<s>你好</s><unk><pad>",
    "▁▁▁ <0x0A> \ue000\ue007",
    "\ue003" * 40,
    "a\x00b\x1b[31mc\x85d\u2028e\rf\x0bg\x0ch",
    "\u200b\u200d\ufeff",
    "龘靐齉爩𠜎👩‍👩‍👧‍👦🇨🇳",
    "\ud800 lone \udfff",
    "你" * 3000,
    "!?。，" * 300,
    "x" * 1000,
    "{name} %s https://例子.测试/路径 a@b.cn " * 5,
    "مرحبا بالعالم שלום ไทย",
    "0" * 100 + "哈" * 100,
]


class Stub:
    """An engine that says back what it is told, so that texts can be followed through the translator."""

    device, dtype, threads, batch_tokens, model = "cpu", "float32", 1, 400, None

    def __init__(self):
        self.batches, self.most_tokens = [], 10**9
        self.say = lambda ids: ids

    def __call__(self, *options):  # it is its own class
        return self

    def refusal(self, *options):
        return ""

    def translate(self, src, search):
        size = len(src) * (max(map(len, src)) + 1)
        if size > self.most_tokens:
            raise MemoryError
        self.batches.append([len(ids) for ids in src])
        return [[Hypothesis([*search.prefix, *self.say(list(ids))], -0.5, True, False)] for ids in src]


@pytest.fixture
def stub(monkeypatch):
    stub = Stub()
    monkeypatch.setitem(engines.ENGINES, "stub", stub)
    return stub


@pytest.fixture
def echo(stub, tiny_bundle):
    """Makes translators with the stub engine."""
    return lambda **options: Translator(tiny_bundle, engine="stub", **options)


@pytest.fixture(scope="module")
def tiny(tiny_bundle):
    return Translator(tiny_bundle, batch_tokens=300)


def test_hostile_texts_come_back_in_order_and_on_one_line(tiny):
    results = tiny.translate_detailed(HOSTILE)
    assert [result.source for result in results] == HOSTILE
    for result in results:
        if result.source.strip():
            assert not re.search("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", result.translation)
            assert result.translation or "empty" in result.flags
        else:
            assert result.translation == result.source and result.flags == () and result.source_tokens == 0
        assert tuple(flag for flag in FLAGS if flag in result.flags) == result.flags
        assert result.score <= 0
    assert results[3].translation == "Long time no see." and results[3].flags == ()


def test_together_is_one_by_one(tiny):
    texts = ["好久不见", "你好吗？", "我有42本书。我很好。" * 9, "请看https://a.b/c。", "他是谁？", "", "再见"]
    assert tiny.translate(texts) == [tiny.translate([text])[0] for text in texts]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters()), max_size=8))
def test_any_texts_come_back_in_order(tiny_bundle, texts):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(engines.ENGINES, "stub", Stub())
        results = Translator(tiny_bundle, engine="stub").translate_detailed(texts)
    assert [result.source for result in results] == texts
    assert all(result.translation.encode() is not None for result in results if result.source.strip())


def test_a_long_text_is_split_and_nothing_is_lost(echo, stub):
    text = "你好吗？我很好。谢谢你。" * 40
    result = echo().translate_detailed([text])[0]
    assert result.translation.replace(" ", "") == text.replace("？", "?")  # as the tokenizer folds it
    assert result.flags == ("split",)
    assert max(itertools.chain(*stub.batches)) < 48  # with EOS at most what the model takes
    assert result.source_tokens == result.target_tokens == sum(itertools.chain(*stub.batches))


def test_a_text_without_any_seam_is_cut_and_flagged(echo):
    result = echo().translate_detailed(["好" * 200])[0]
    assert result.translation.replace(" ", "") == "好" * 200 and result.flags == ("cut", "split")


def test_without_splitting_the_end_is_lost_and_flagged(echo, stub):
    result = echo(split=False).translate_detailed(["好" * 200])[0]
    assert result.flags == ("cut",) and stub.batches == [[47]]
    assert set(result.translation) == {"好"}


def test_pieces_of_another_language_are_joined_without_a_space(tiny_copy, stub):
    config = tiny_copy / "config.json"
    config.write_text(config.read_text().replace('"target": "en"', '"target": "zh"'))
    translator = tfcli.load(str(tiny_copy), engine="stub")
    assert translator.translate(["你好。" * 40]) == ["你好。" * 40]


def test_protected_spans_come_back_as_they_were(tiny):
    texts = ["请看https://example.org/a?b=1和{name}。", "打开a@b.cn、%s和{x}。", "请看\ue000。"]
    assert [(r.translation, r.flags) for r in tiny.translate_detailed(texts)] == [
        ("Please look at https://example.org/a?b=1 and {name}.", ()),
        ("Open a@b.cn, %s and {x}.", ()),
        ("Please look at \ue000.", ()),
    ]


PLACEHOLDER_IDS = range(EOS + 1, EOS + 1 + len(PLACEHOLDERS))
SPANS = ["www.a.cn", "a@b.cn", "{x}", "%s", "<b>", "</b>", "<br/>", "`x y`", "00:00:01,000", "😀"]


@pytest.mark.parametrize(
    "say",
    [
        lambda ids: [i for i in ids if i not in PLACEHOLDER_IDS],
        lambda ids: ids + ids,
        lambda ids: ids[::-1],
        lambda ids: [*PLACEHOLDER_IDS, *ids],
        lambda ids: [],
    ],
    ids=["drops", "repeats", "reverses", "invents", "silent"],
)
@settings(max_examples=15)
@given(st.lists(st.sampled_from([*SPANS, "请看", "。", "，", " "]), max_size=24).map("好".join))
def test_no_span_is_lost_or_invented_whatever_the_model_says(tiny_bundle, say, text):
    stub = Stub()
    stub.say = say
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(engines.ENGINES, "stub", stub)
        translation = Translator(tiny_bundle, engine="stub").translate([text])[0]
    for span in SPANS:
        assert translation.count(span) == text.count(span), (text, translation)
    assert not set(translation) & set(PLACEHOLDERS)


def test_flags_of_decoding(echo, stub):
    translator = echo()
    stub.translate = lambda src, search: [
        [Hypothesis(ids, -1.0, finished, looped)]
        for ids, (finished, looped) in zip(src, [(True, False), (False, True), (False, False)], strict=True)
    ]
    flags = [result.flags for result in translator.translate_detailed(["好好好", "好好", "好"])]
    assert flags == [(), ("loop",), ("cut",)]


def test_flags_of_text(echo, stub):
    assert echo().translate_detailed(["靐"])[0].flags == ("unknown",)
    assert echo().translate_detailed(["好\ud800"])[0].flags == ("unknown", "encoding")
    stub.say = lambda ids: []
    assert echo().translate_detailed(["好"])[0].flags == ("empty",)


def test_bytes_a_model_says_are_made_one_line(echo, stub, tiny_tokenizer):
    every_byte = [i for i, piece in enumerate(tiny_tokenizer.pieces(range(len(tiny_tokenizer)))) if "<0x" in piece]
    assert len(every_byte) == 256
    stub.say = lambda ids: every_byte
    translation = echo().translate(["好"])[0]
    assert not re.search("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]", translation) and "A" in translation


def test_batches_hold_sentences_of_like_length_and_no_more_than_allowed(echo, stub):
    texts = ["好" * (1 + i * 7 % 40) for i in range(100)]
    assert echo(batch_tokens=120).translate(texts) == texts
    assert all(len(batch) * (max(batch) + 1) <= 120 for batch in stub.batches)
    assert list(itertools.chain(*stub.batches)) == sorted(itertools.chain(*stub.batches), reverse=True)
    assert len(stub.batches) < 30


def test_a_batch_too_large_for_the_memory_is_halved(echo, stub):
    stub.most_tokens = 50
    translator = echo()
    texts = ["好" * (1 + i % 9) for i in range(40)]
    assert translator.translate(texts) == texts
    assert translator.batch_tokens <= 50
    stub.most_tokens = 3
    with pytest.raises(ResourceError, match="not enough memory"):
        translator.translate(texts)


def test_a_stream_is_read_in_windows(echo):
    taken = []

    def texts():
        for i in itertools.count():
            taken.append("好" * (1 + i % 5))
            yield taken[-1]

    stream = echo().translate_stream(texts(), window=50)
    results = [result.translation for result in itertools.islice(stream, 1000)]
    assert results == taken[:1000]
    assert len(taken) < 1000 + 50


def test_a_stream_ends_with_all_texts(tiny):
    texts = ["好久不见", "", "你好"] * 7
    for window in (1, 5, 10**6, None):
        assert [r.translation for r in tiny.translate_stream(iter(texts), window)] == tiny.translate(texts)
    assert list(tiny.translate_stream([])) == []


def test_the_prefix_begins_each_translation_once(echo, tiny_bundle):
    results = echo(prefix="I \ue000am").translate_detailed(["好久。", "你好。" * 40, ""])
    assert results[0].translation == "I am 好久。"
    assert results[1].translation.startswith("I am 你好。") and results[1].translation.count("I am") == 1
    assert results[2].translation == ""
    assert Translator(tiny_bundle, prefix="Long").translate(["好久不见"]) == ["Long time no see."]
    with pytest.raises(UsageError, match="prefix has"):
        Translator(tiny_bundle, prefix="I am " * 30)


def test_limits_of_length(tiny_bundle):
    result = Translator(tiny_bundle, max_length=4).translate_detailed(["好久不见"])[0]
    assert result.target_tokens == 4 and result.flags == ("cut",)
    search = Translator(tiny_bundle, length_ratio=1.5).search
    assert (search.max_length, search.limit(5), search.limit(36)) == (47, int(1.5 * 5) + 16, 47)


def test_one_string_is_not_a_list_of_texts(tiny):
    with pytest.raises(TypeError):
        tiny.translate("好久不见")


def test_an_unknown_device_is_refused(tiny_bundle):
    for device in ("cuda:77", "abacus"):
        with pytest.raises(UsageError, match=device):
            Translator(tiny_bundle, device=device)


def test_a_lost_number_is_protected_or_flagged(echo, stub, tiny_tokenizer):
    digit = set(tiny_tokenizer.encode("5")) - set(tiny_tokenizer.encode(" "))
    stub.say = lambda ids: [i for i in ids if i not in digit]
    texts = ["好1985", "好5000万", "好153", "好https://a.b/1985", "好5月"]
    results = echo().translate_detailed(texts)
    assert [r.translation for r in results[:4]] == ["好1985", "好50 million", "好153", "好https://a.b/1985"]
    assert ["number" in r.flags for r in results] == [False, False, False, False, True]
    part = echo().translate_parts("好1985")
    assert part[0] == results[0] and part[1][0].spans == ("1985",)
    stub.say = lambda ids: [i for i in ids if i not in digit and i not in PLACEHOLDER_IDS]
    assert ["number" in r.flags for r in echo().translate_detailed(texts)] == [True, True, True, False, True]
    assert echo(protect=()).translate_detailed(["好1985"])[0].flags == ()


def test_a_number_of_its_own_making_is_flagged(echo, stub, tiny_tokenizer):
    stub.say = lambda ids: [*ids, *tiny_tokenizer.encode(" 77")]
    assert [r.flags for r in echo().translate_detailed(["好", "好77"])] == [("number",), ()]


def test_a_lost_name_is_protected_or_flagged(echo, stub, tiny_tokenizer):
    letters = set(tiny_tokenizer.encode("iPhone")) - set(tiny_tokenizer.encode(" "))
    stub.say = lambda ids: [i for i in ids if i not in letters]
    assert echo().translate_detailed(["好iPhone好"])[0].translation == "好iPhone好"
    assert echo(protect=("number",)).translate_detailed(["好iPhone好"])[0].translation == "好好"
    stub.say = lambda ids: [i for i in ids if i not in letters and i not in PLACEHOLDER_IDS]
    assert echo().translate_detailed(["好iPhone好"])[0].flags == ("placeholder",)


def test_terms_of_a_glossary_come_out_or_are_flagged(echo, stub):
    glossary = Glossary({"好": "fine", "好吗": "OK?"})
    results = echo(glossary=glossary).translate_detailed(["你好吗", "你好", "你"])
    assert [r.translation for r in results] == ["你OK?", "你fine", "你"] and not any(r.flags for r in results)
    stub.say = lambda ids: [i for i in ids if i not in PLACEHOLDER_IDS]
    results = echo(glossary=glossary).translate_detailed(["你好吗", "你好", "你"])
    assert [r.flags for r in results] == [("glossary",), ("glossary",), ()]


@pytest.mark.parametrize(
    "text",
    [
        "00:00:01,000 --> 00:00:03,500",
        "```bash",
        "1",
        "😀",
        "OK",
        "12:30",
        "  a b ",
        "$ ls -l",
        "?!",
        "。。。",
        "3.5 kg",
    ],
)
def test_what_has_nothing_of_the_source_language_comes_back_as_it_is(echo, stub, text):
    result = echo(prefix="I").translate_detailed([text])[0]
    assert (result.translation, result.flags, result.score, stub.batches) == (text, (), 0.0, [])
    together = echo().translate([f"好。{text} 好。"])[0]
    assert text.strip() in together


def test_sentences_are_translated_one_by_one_and_joined(echo, stub):
    result = echo().translate_detailed(["你好。你好。好。"])[0]
    assert (result.translation, result.flags) == ("你好。 你好。 好。", ("split",))
    assert len(stub.batches[0]) == 3
    together = echo(split=False).translate_detailed(["你好。你好。"])[0]
    assert (together.translation, together.flags) == ("你好。你好。", ())


def test_spans_around_a_sentence_are_not_read(echo, stub):
    assert echo().translate(["😀 你好<br/>", "<p>你好</p>", "你好😀"]) == ["😀 你好<br/>", "<p>你好</p>", "你好 😀"]
    assert {length for batch in stub.batches for length in batch} == {stub.batches[0][0]}


def test_a_text_is_normalized_before_it_is_read_and_its_spans_are_not(echo):
    pytest.importorskip("opencc")
    result = echo(normalize="t2s").translate_detailed(["請看{請}https://a.b/c。"])[0]
    assert (result.source, result.translation) == ("請看{請}https://a.b/c。", "请看{请}https://a.b/c。")
    assert echo().translate(["好"]) == ["好"]


@pytest.mark.parametrize(
    ("text", "translation"),
    [
        ("你好<b>北京</b>，好", "你好 <b>北京</b>, 好"),
        ("你好{name}，好%s。", "你好 {name}, 好 %s."),
        ("（你好<br/>好）", "(你好<br/>好)"),
        ("<i><b>你好</b></i>好", "<i><b>你好</b></i> 好"),
        ("你好 <b> 好</b> 好", "你好 <b> 好</b> 好"),
        ("好www.a.cn好", "好 www.a.cn 好"),
    ],
)
def test_a_sentence_whose_spans_are_lost_is_translated_around_them(echo, stub, text, translation):
    stub.say = lambda ids: [i for i in ids if i not in PLACEHOLDER_IDS]
    assert echo().translate([text]) == [translation]


def test_what_closes_a_sentence_stays_with_it(echo, stub):
    assert echo().translate(["<p>你<b>好</b>。</p>", "你好。😀好。"]) == ["<p>你<b>好</b>。</p>", "你好。 😀 好。"]


@pytest.fixture
def backwards(tiny_copy, stub):
    """Makes translators that read English and write Chinese, with the stub engine."""
    config = tiny_copy / "config.json"
    swapped = config.read_text().replace('"target": "en"', '"target": "zh"').replace('"source": "zh"', '"source": "en"')
    config.write_text(swapped)
    return lambda **options: tfcli.load(str(tiny_copy), engine="stub", **options)


def test_the_other_direction(backwards, stub):
    texts = ["你好", "00:00:01,000", "```sh", "1,000", "Hello. How are you?", "See www.a.cn.", "<b>Hello</b> you"]
    assert backwards().translate(texts[:4]) == texts[:4] and stub.batches == []
    assert backwards().translate(texts[4:]) == ["Hello. How are you?", "See www.a.cn.", "<b>Hello</b> you"]
    stub.say = lambda ids: [i for i in ids if i not in PLACEHOLDER_IDS]
    assert backwards().translate(texts[4:]) == ["Hello. How are you?", "See www.a.cn.", "<b>Hello</b> you"]


def test_names_and_numbers_of_the_other_direction(backwards, stub, tiny_tokenizer):
    digits = {i for i, piece in enumerate(tiny_tokenizer.pieces(range(len(tiny_tokenizer)))) if piece.isdigit()}
    stub.say = lambda ids: [i for i in ids if i not in digits]
    texts = ["It has 50 million", "my iPhone15 is", "in the 1980s"]
    results = backwards().translate_detailed(texts)
    assert [r.translation for r in results] == ["It has 5000万", "my iPhone15 is", "in the 1980s"]
    assert not any(r.flags for r in results)


def test_a_long_line_of_many_sentences_and_spans_comes_back_whole(echo):
    unit = "好。www.a.cn好😀5，"
    translation = echo().translate([unit * 300])[0]
    assert translation.replace(" ", "") == unit.replace("，", ",") * 300
