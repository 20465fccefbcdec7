"""tfcli explain: the numbers of every page are those of the model, found here by another way."""

import inspect
import json
import math
import re
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from commands import run
from conftest import TINY

from tfcli.attention_maps.habits import summarize
from tfcli.build import build_model
from tfcli.bundle import read_bundle, write_bundle
from tfcli.config import BOS, UNK
from tfcli.explain import TOPICS
from tfcli.explain.facts import Matrix, Table, place_of, write_numbers
from tfcli.explain.lesson import Lesson
from tfcli.explain.page import body, title
from tfcli.explain.topics import FACTS, find_facts
from tfcli.looking import Translator

TEXT = "你好吗？"
SIZE = dict(rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def lesson(tiny_bundle):
    return Lesson(Translator(tiny_bundle, dtype="float32"), TEXT)


@pytest.fixture(scope="module")
def numbers(lesson):
    found = {topic: find_facts(topic, lesson).numbers for topic in TOPICS}
    return found.__getitem__


def column(table: Table, number: int) -> np.ndarray:
    return np.array([row[number] for row in table.rows])


def watch(lesson, module, run_model) -> list:
    """(input, output) of every call of a module."""
    seen = []
    with torch.no_grad():
        handle = module.register_forward_hook(lambda module, x, y: seen.append((x[0][0], y[0])))
        run_model()
        handle.remove()
    return seen


def encode(lesson):
    return lesson.model.encode(torch.tensor([lesson.src]))


def logprobs(lesson, reads) -> torch.Tensor:
    with torch.no_grad():
        return lesson.model(torch.tensor([lesson.src]), torch.tensor([reads]))[0].log_softmax(-1)


def test_every_topic_has_facts_and_both_texts():
    assert tuple(FACTS) == TOPICS
    assert all(title(topic, lang) and body(topic, lang) for topic in TOPICS for lang in ("en", "zh"))


def test_embedding(lesson, numbers):
    found, weight = numbers("embedding"), lesson.model.state_dict()["embedding.weight"].numpy()
    ids = column(found["tokens"], 1)
    assert ids.tolist() == lesson.src and column(found["tokens"], 0).tolist() == list(lesson.map.source_tokens)
    np.testing.assert_allclose(column(found["tokens"], 2), weight[ids] * math.sqrt(weight.shape[1]), **SIZE)
    unit = weight / np.linalg.norm(weight, axis=1, keepdims=True)
    best = sorted((unit @ unit[ids[0]])[4:], reverse=True)[1 : 1 + len(found["near"].rows)]
    np.testing.assert_allclose(column(found["near"], 1), best, **SIZE)


def test_positions(lesson, numbers):
    found = numbers("positions")
    assert found["unfelt"] < 1e-5 < found["typical"] / 100 < found["felt"]
    ((embedded, first),) = watch(lesson, lesson.model.encoder.dropout, lambda: encode(lesson))
    added = first.numpy() - lesson.model.embed(torch.tensor(lesson.src)).detach().numpy()
    np.testing.assert_allclose(column(found["added"], 1), added, **SIZE)


def test_query_key_value(lesson, numbers):
    found, layer = numbers("qkv"), lesson.model.encoder.layers[0]
    ((_, made),) = watch(lesson, layer.attention.qkv, lambda: encode(lesson))
    K, D = found["head_width"], found["width"]
    for i, name in enumerate("qkv"):
        np.testing.assert_allclose(found[name], made[0, i * D : i * D + K].numpy(), **SIZE)
    assert found["weights"] == layer.attention.qkv.weight.numel()


def test_scores(lesson, numbers):
    found, encoder = numbers("scores"), lesson.map.encoder
    root = math.sqrt(encoder.q_LHQK.shape[-1])
    np.testing.assert_allclose(found["dots"].values, encoder.scores_LHQM[0, 0] * root, rtol=1e-4, atol=1e-4)
    query, key = encoder.queries.index(found["query"]), encoder.keys.index(found["key"])
    assert found["dots"].values[query][key] == np.max(found["dots"].values) == found["largest"]


def test_scaling(lesson, numbers):
    found, encoder = numbers("scaling"), lesson.map.encoder
    assert found["raw_spread"] == pytest.approx(found["scaled_spread"] * found["root"], rel=1e-4)
    rows = torch.from_numpy(encoder.scores_LHQM).flatten(0, -2)
    for name, scores in (("raw", rows * found["root"]), ("scaled", rows)):
        entropy = torch.distributions.Categorical(logits=scores).entropy().mean() / math.log(2)
        assert found[f"{name}_entropy"] == pytest.approx(float(entropy), rel=1e-3)
        assert found[f"{name}_greatest"] == pytest.approx(float(scores.softmax(-1).amax(-1).mean()), rel=1e-4)
    assert found["scaled_entropy"] <= found["most"]


def test_masks(lesson, numbers):
    found, decoder = numbers("masks"), lesson.map.decoder
    weights = np.array([[w or 0 for w in row] for row in found["weights"].values])
    np.testing.assert_array_equal(weights, decoder.weights_LHQM[0, 0])
    count = len(lesson.reads)
    assert (found["hidden"], found["all"]) == (count * (count - 1) // 2, count**2)
    assert found["earlier"] == 0 < found["there"]


@pytest.mark.parametrize("topic", ["softmax", "attention"])
def test_weights_and_their_sum(lesson, numbers, topic):
    found, cross = numbers(topic), lesson.map.cross
    place = found["layer"] - 1, found["head"] - 1, 0
    table = found["keys" if topic == "softmax" else "values"]
    np.testing.assert_allclose(column(table, 3 if topic == "softmax" else 1), cross.weights_LHQM[place], **SIZE)
    if topic == "softmax":
        np.testing.assert_allclose(column(table, 2) / found["exps"], cross.weights_LHQM[place], **SIZE)
        assert found["sum"] == pytest.approx(1, abs=1e-6)
    else:
        np.testing.assert_allclose(found["ours"], cross.out_LHQK[place], **SIZE)
        assert found["model"] == cross.out_LHQK[place].tolist() and found["difference"] < 1e-4


def test_heads(lesson, numbers):
    found = numbers("heads")
    known = {(h.kind, h.layer, h.head): [h.entropy, h.distance, h.habit] for h in summarize(lesson.map)}
    assert all(known[tuple(row[:3])] == row[3:] for row in found["habits"].rows)
    assert len(found["habits"].rows) == 2 * found["heads"]


def test_cross_attention(lesson, numbers):
    found, whole = numbers("cross-attention"), lesson.map
    expected = whole.cross.weights_LHQM[whole.view_layer - 1].mean(0)
    np.testing.assert_allclose(found["weights"].values, expected, **SIZE)
    assert column(found["strongest"], 1).tolist() == [whole.source_tokens[i] for i in expected.argmax(1)]


def test_residual(lesson, numbers):
    found = numbers("residual")
    for row, layer in zip(found["layers"].rows, lesson.model.encoder.layers, strict=True):
        ((x, z),) = watch(lesson, layer, lambda: encode(lesson))
        ((_, attended),) = watch(lesson, layer.attention, lambda: encode(lesson))
        ((_, thought),) = watch(lesson, layer.feed_forward, lambda: encode(lesson))
        np.testing.assert_allclose(row[1:], [t.norm() for t in (x, attended, thought)], rtol=1e-3)
        torch.testing.assert_close(z, x + attended + thought)
    with_path, without = column(found["fresh"], 1), column(found["fresh"], 3)
    assert (with_path < without).all() and found["alike_without"] > 0.99
    assert (column(found["fresh"], 2) > 0).all() and (column(found["fresh"], 4) > 0).all()


def test_feed_forward(lesson, numbers):
    found, sublayer = numbers("feed-forward"), lesson.model.encoder.layers[0].feed_forward
    ((_, hidden),) = watch(lesson, sublayer.up, lambda: encode(lesson))
    ((_, out),) = watch(lesson, sublayer, lambda: encode(lesson))
    np.testing.assert_allclose(column(found["tokens"], 1), (hidden > 0).float().mean(-1), rtol=1e-6)
    assert column(found["tokens"], 2).tolist() == hidden.argmax(-1).tolist()
    np.testing.assert_allclose(column(found["tokens"], 3), out.norm(dim=-1), rtol=1e-3)
    assert found["active"] == pytest.approx(float((hidden > 0).float().mean()))


def test_training(lesson, numbers):
    found, says = numbers("training"), torch.tensor(lesson.says)
    logits = logprobs(lesson, lesson.reads)
    assert found["loss"] == pytest.approx(float(F.cross_entropy(logits, says)), rel=1e-4)
    smoothed = F.cross_entropy(logits, says, label_smoothing=found["smoothing"])
    assert found["smoothed"] == pytest.approx(float(smoothed), rel=1e-4)
    assert found["perplexity"] == pytest.approx(math.exp(found["loss"]))
    np.testing.assert_allclose(column(found["tokens"], 3), -lesson.map.logprobs_T, rtol=1e-3, atol=1e-5)


def test_inference(lesson, numbers, tiny_bundle):
    found = numbers("inference")
    (translated,) = Translator(tiny_bundle, dtype="float32").translate_detailed([TEXT])
    assert found["translation"] == translated.translation and found["count"] == len(lesson.says)
    loss = F.cross_entropy(logprobs(lesson, lesson.reads), torch.tensor(lesson.says))
    assert found["score"] == pytest.approx(-float(loss), rel=1e-3)
    assert found["probability"] == pytest.approx(math.exp(found["score"] * found["count"]), rel=1e-3)
    assert 0 <= translated.score - found["score"] < 0.01  # what may not be written has no share when translating
    best = [row[2].split("  ")[0].split(" ", 1)[1] for row in found["steps"].rows]
    assert best == list(lesson.map.target_tokens)


def test_parallel(lesson, numbers):
    found, places = numbers("parallel"), torch.arange(len(lesson.says))
    assert found["seen"] == pytest.approx(float(lesson.map.logprobs_T.sum()), abs=1e-4)
    assert found["blind"] < found["seen"]
    blind = logprobs(lesson, [BOS, *[UNK] * (len(lesson.reads) - 1)])[places, torch.tensor(lesson.says)]
    np.testing.assert_allclose(column(found["tokens"], 2), blind.exp(), **SIZE)


def test_efficient(lesson, numbers):
    found = numbers("efficient")
    *narrow, wide = found["windows"].rows
    assert wide[0] >= found["length"] - 1 and wide[1] == found["scores"] == len(lesson.src) ** 2
    assert wide[2] == pytest.approx(1, abs=1e-6) and wide[3] < 1e-5
    assert narrow and all(row[2] < 1 and row[3] > 1e-3 for row in narrow)


SWITCHES = [
    {"positions": "rotary", "norm": "rms", "residual": "post"},
    {"positions": "relative", "cross_attention": "multi_view", "activation": "gelu", "num_decoder_layers": 2},
    {"positions": "shaw", "residual": "none", "norm": "power"},
]


@pytest.mark.parametrize("switches", SWITCHES, ids=lambda switches: switches["positions"])
def test_pages_follow_models_of_other_switches(tiny_bundle, tmp_path, switches):
    config = replace(tiny_bundle.config, model=replace(tiny_bundle.config.model, **switches))
    state = build_model(config.model).state_dict()
    parts = dict(config=config, state=state, tokenizer=tiny_bundle.tokenizer())
    write_bundle(tmp_path / "made", **parts, recipe_toml="", metrics={}, card="")
    lesson = Lesson(Translator(read_bundle(tmp_path / "made")), TEXT)
    for topic in TOPICS:
        assert write_numbers(body(topic, "en"), find_facts(topic, lesson).numbers)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_fits_a_terminal_and_leaves_nothing_open(topic, language):
    from tfcli.attention_maps.terminal import width_of

    shown = run("explain", topic, "--lang", language, terminal=True)
    assert shown.code == 0 and shown.text.startswith(title(topic, language)), shown.err
    assert max(map(width_of, shown.text.split("\n"))) <= 80
    assert not re.search(r"\{\w*[:}]", shown.text)


def test_code_is_where_the_page_says(lesson):
    for topic in TOPICS:
        for code in find_facts(topic, lesson).code:
            name, file, line = place_of(code)
            module = import_module(file.removesuffix(".py").replace("/", "."))
            text = inspect.getsource(module).split("\n")[line - 1]
            assert re.match(rf"\s*(@|class {name}\b|def {name.split('.')[-1]}\b)", text), (name, text)


def test_json_has_the_same_numbers(numbers, lesson):
    for topic in TOPICS:
        found = json.loads(run("explain", topic, TEXT, "--json", "-m", str(TINY)).out)
        assert found["topic"] == topic and found["translation"] == lesson.map.target
        for name, value in found["numbers"].items():
            expected = numbers(topic)[name]
            if isinstance(expected, float):
                assert value == pytest.approx(expected, rel=1e-4, abs=1e-5)
            elif not isinstance(expected, Table | Matrix | list):
                assert value == expected


def test_the_list_and_what_is_not_there():
    listed = run("explain")
    assert listed.code == 0 and all(f"{topic} " in listed.text for topic in TOPICS)
    missing = run("explain", "atention")
    assert missing.code == 2 and "tfcli explain attention" in missing.err
    assert run("explain", "masks", " ").code == 3
    assert run("explain", "masks", "-m", "nowhere").code == 5


def test_text_of_a_stranger_is_inert():
    shown = run("explain", "embedding", "\x1b]0;x\x07你好 {token} <s> [bold]", terminal=True)
    assert shown.code == 0 and "\x1b" not in shown.text
