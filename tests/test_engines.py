"""Every engine keeps the same rules, and finds what the torch engine finds: on models whose random weights say anything
at any time, so that every rule is needed."""

import dataclasses
import random
import subprocess
import sys

import pytest
import torch
from conftest import TINY
from test_conversion import SMALL, SWITCHES

from tests.benchmarks.engine_parity import compare
from tfcli.build import build_model
from tfcli.bundle import Bundle, BundleConfig, locate, read_bundle, write_bundle
from tfcli.config import EOS, CorpusConfig, ModelConfig
from tfcli.data.corpus import PHRASEBOOK, read_pairs
from tfcli.decoding.engines import ENGINES, choose_engine
from tfcli.decoding.search import NUM_CONTROL, Search, banned, repeated_placeholder
from tfcli.decoding.translator import Translator
from tfcli.errors import UsageError

WITHOUT_TORCH = [name for name in ENGINES if name != "torch"]
ROUNDS = [range(6), pytest.param(range(6, 200), marks=pytest.mark.slow)]


@pytest.fixture
def make_bundle(tiny_tokenizer, tmp_path):
    def make(model: ModelConfig, seed: int) -> Bundle:
        """A model with random weights, which often says its end or placeholders, or never does."""
        model = dataclasses.replace(model, vocab_size=len(tiny_tokenizer), max_length=48)
        draw, network = random.Random(seed), build_model(model)
        scale = draw.choice([0.3, 1, 3])
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                if "norm" in name or name.endswith("bias"):
                    parameter.add_(0.1 * torch.randn_like(parameter))
                else:
                    parameter.mul_(scale)
            embedding = network.embedding.weight
            embedding[EOS] += draw.choice([0, 0.5, 1]) * embedding.std()
            embedding[EOS + 1 : NUM_CONTROL] += draw.choice([0, 0.5]) * embedding[EOS]
        config = BundleConfig(1, "zh", "en", model, tiny_tokenizer.sha256, "float32", "0")
        story = dict(recipe_toml="", metrics={}, card="")
        folder = tmp_path / f"random-{seed}"
        return read_bundle(
            write_bundle(folder, config=config, state=network.state_dict(), tokenizer=tiny_tokenizer, **story)
        )

    return make


def draw_sources(seed: int, vocab_size: int, count: int = 12) -> list[list[int]]:
    """Sentences of ids, half of them placeholders, some of them twice."""
    draw = random.Random(seed)
    ranges = (range(EOS + 1, NUM_CONTROL), range(NUM_CONTROL, vocab_size))
    return [[draw.choice(draw.choice(ranges)) for _ in range(draw.randrange(1, 30))] for _ in range(count)]


def draw_search(seed: int, beams: tuple[int, ...]) -> Search:
    draw = random.Random(seed)
    beam = draw.choice(beams)
    return Search(
        max_length=draw.choice([5, 20, 47]),
        beam_size=beam,
        num_hypotheses=draw.randint(1, beam),
        length_penalty=draw.choice([0, 1, 1.7]),
        length_ratio=draw.choice([0.5, 2, 5]),
        prefix=tuple(draw.sample(range(NUM_CONTROL, 60), draw.choice([0, 0, 2]))),
    )


@pytest.mark.parametrize("rounds", ROUNDS, ids=str)
@pytest.mark.parametrize("name", ENGINES)
def test_the_rules_hold(name, rounds, make_bundle):
    for seed in rounds:
        bundle = make_bundle(dataclasses.replace(SMALL, **SWITCHES[seed % len(SWITCHES)]), seed)
        src, search = draw_sources(seed, bundle.config.model.vocab_size), draw_search(seed, (1, 3))
        for ids, found in zip(src, ENGINES[name](bundle, "cpu", "float32", 1).translate(src, search), strict=True):
            assert 1 <= len(found) <= search.num_hypotheses
            assert len({tuple(hypothesis.ids) for hypothesis in found}) == len(found)
            for hypothesis in found:
                assert hypothesis.ids[: len(search.prefix)] == list(search.prefix)
                assert not set(hypothesis.ids) & {*banned(ids), EOS}
                assert repeated_placeholder(hypothesis.ids) is None
                assert len(hypothesis.ids) <= search.limit(len(ids))
                assert not (hypothesis.finished and hypothesis.looped) and hypothesis.score <= 0


@pytest.mark.parametrize("rounds", ROUNDS, ids=str)
@pytest.mark.parametrize("beams", [(1,), (2, 3, 5)], ids=["greedy", "beam"])
@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_float32_finds_what_torch_finds(name, beams, rounds, make_bundle):
    flags = set()
    for seed in rounds:
        bundle = make_bundle(dataclasses.replace(SMALL, **SWITCHES[seed % len(SWITCHES)]), seed)
        src, search = draw_sources(seed, bundle.config.model.vocab_size), draw_search(seed, beams)
        found, wanted = (
            engine(bundle, "cpu", "float32", 1).translate(src, search) for engine in (ENGINES[name], ENGINES["torch"])
        )
        for ids, ours, theirs in zip(src, found, wanted, strict=True):
            assert [(h.ids, h.finished, h.looped) for h in ours] == [(h.ids, h.finished, h.looped) for h in theirs], (
                f"seed {seed}, {search}, source {ids}"
            )
            assert [h.score for h in ours] == pytest.approx([h.score for h in theirs], abs=1e-3), f"seed {seed}"
            flags |= {(h.finished, h.looped) for h in theirs}
    assert {(False, True), (False, False)} <= flags, "no rule was needed"


LINES = ["你好", "", "哈" * 18, "写信到 a@b.cn 或看 https://a.cn/x", "1234567 8901 22222", "a" * 300, "今天。" * 60]


@pytest.mark.parametrize("name", WITHOUT_TORCH)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"prefix": "Hello"},
        {"max_length": 4},
        {"protect": ("number",)},
        {"split": False},
        {"beam": 4, "alternatives": 3},
        {"beam": 2, "alternatives": 2, "prefix": "Hello", "length_penalty": 0.5, "max_length": 9},
    ],
    ids=str,
)
def test_texts_come_out_alike(name, options, tiny_bundle):
    # Of a text that says the same sixty times, it does not matter which of them has another translation.
    lines = LINES[:-1] if "alternatives" in options else LINES

    def translate(engine: str):
        return Translator(tiny_bundle, engine=engine, dtype="float32", threads=1, **options).translate_detailed(lines)

    for ours, theirs in zip(translate(name), translate("torch"), strict=True):
        for one, other in zip(ours.alternatives, theirs.alternatives, strict=True):
            assert one.translation == other.translation and one.score == pytest.approx(other.score, abs=1e-4)
        assert dataclasses.replace(ours, score=0, alternatives=()) == dataclasses.replace(
            theirs, score=0, alternatives=()
        )
        assert ours.score == pytest.approx(theirs.score, abs=1e-4)


@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_a_batch_is_what_its_sentences_are(name, tiny_bundle):
    engine = ENGINES[name](tiny_bundle, "cpu", "float32", 3)
    src, search = draw_sources(1, tiny_bundle.config.model.vocab_size, 200), Search(max_length=40)
    together = engine.translate(src, search)
    for ids, (hypothesis,) in zip(src, together, strict=True):
        ((alone,),) = engine.translate([ids], search)
        assert (alone.ids, alone.finished, alone.looped) == (hypothesis.ids, hypothesis.finished, hypothesis.looped)


@pytest.mark.slow
def test_the_shipped_model_translates_alike_with_every_engine():
    """Over the phrasebook; `python -m tests.benchmarks.engine_parity --pairs dev.tsv` says it of any other pairs."""
    pairs = list(read_pairs(CorpusConfig(PHRASEBOOK)))
    sources, references = [pair.source for pair in pairs], [pair.target for pair in pairs]
    torch_side, exact, quantized = compare(read_bundle(locate("zh-en")), sources, references)
    print(exact, quantized, sep="\n")
    assert exact.different == exact.ties and exact.flagged <= exact.different
    assert abs(quantized.bleu - torch_side.bleu) <= 0.2 and abs(quantized.chrf - torch_side.chrf) <= 0.2


def test_auto_takes_the_first_that_can():
    search, plain = Search(max_length=9), dataclasses.replace(SMALL, vocab_size=99)
    assert choose_engine("auto", plain, search, "cpu").name == "ctranslate2"
    for config, device, dtype, why in [
        (dataclasses.replace(plain, norm="power"), "cpu", "auto", 'cannot express model.norm = "power"'),
        (plain, "cuda", "auto", 'not on "cuda"'),
        (plain, "cpu", "bfloat16", "not in bfloat16"),
    ]:
        choice = choose_engine("auto", config, search, device, dtype)
        assert choice.name == "torch" and why in choice.reason
        with pytest.raises(UsageError, match="cannot translate with it") as error:
            choose_engine("ctranslate2", config, search, device, dtype)
        assert why in error.value.message and error.value.hint == "use   --engine torch"


def test_int8_is_not_for_torch(tiny_bundle):
    with pytest.raises(UsageError, match="not in int8"):
        Translator(tiny_bundle, engine="torch", dtype="int8")


def test_without_ctranslate2_there_is_torch(monkeypatch, tiny_bundle):
    monkeypatch.setattr("tfcli.decoding.engines.ctranslate2._is_installed", lambda: False)
    translator = Translator(tiny_bundle, threads=1)
    assert translator.choice.name == "torch" and "not installed" in translator.choice.reason


def test_a_translation_needs_neither_torch_nor_numpy():
    """Nor others that take long to import; only converting a model, the first time, takes numpy."""
    unwanted = ("torch", "numpy", "huggingface_hub", "asyncio", "ssl", "rich")
    program = (
        "import sys; from tfcli.cli.app import main; code = main(sys.argv[1:])\n"
        f"print(code, [name for name in {unwanted} if name in sys.modules])"
    )
    arguments = [sys.executable, "-c", program, "translate", "-m", str(TINY), "你好"]
    first, later = (subprocess.run(arguments, capture_output=True, text=True).stdout.split("\n") for _ in range(2))
    assert later[1] == "0 []" and first[0] == later[0]
