"""LibreTranslate's API: what its clients get, and what is said to a request that is wrong."""

import json
import random
import re
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from tfcli.looking import Translator
from tfcli.serve.app import make_app
from tfcli.serve.models import Models
from tfcli.serve.requests import Limits

SENTENCES = ["好久不见", "我喜欢喝茶。", "你好吗？", "他昨天去了北京。"]
LIMITS = Limits(characters=1000, texts=20)


@pytest.fixture(scope="module")
def translator(tiny_bundle):
    return Translator(tiny_bundle, threads=1)


@pytest.fixture(scope="module")
def client(translator):
    with TestClient(make_app(Models([translator]), LIMITS)) as client:
        yield client


def ask(client, **fields):
    answer = client.post("/translate", json={"source": "zh", "target": "en"} | fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_text_and_an_array_are_translated_as_by_the_translator(client, translator):
    wanted = translator.translate(SENTENCES)
    assert [ask(client, q=text)["translatedText"] for text in SENTENCES] == wanted
    assert ask(client, q=SENTENCES) == {"translatedText": wanted}
    form = {"q": SENTENCES[0], "source": "zh", "target": "en"}
    assert client.post("/translate", data=form).json() == {"translatedText": wanted[0]}
    assert client.post("/translate", data=form | {"q": SENTENCES}).json() == {"translatedText": wanted}


def test_others_are_given_where_they_are_asked_for(tiny_bundle):
    wide = Translator(tiny_bundle, threads=1, beam=3, alternatives=3)
    with TestClient(make_app(Models([wide]), LIMITS)) as client:
        found = wide.translate_detailed(SENTENCES)
        wanted = [[other.translation for other in one.alternatives[1:]] for one in found]
        assert all(len(others) == 2 for others in wanted)
        answer = ask(client, q=SENTENCES, alternatives=9)
        assert answer == {"translatedText": [one.translation for one in found], "alternatives": wanted}
        assert ask(client, q=SENTENCES[0], alternatives=1)["alternatives"] == wanted[0][:1]
        assert "alternatives" not in ask(client, q=SENTENCES[0])
        assert ask(client, q="\n".join(SENTENCES), alternatives=2)["alternatives"] == []
        assert ask(client, q=["<p>好</p>"], format="html", alternatives=2)["alternatives"] == [[]]


def test_lines_keep_their_number_and_their_ends(client, translator):
    one, two = translator.translate(SENTENCES[:2])
    text = f"\n{SENTENCES[0]}\r\n\r\n  \n{SENTENCES[1]}\r"
    assert ask(client, q=text)["translatedText"] == f"\n{one}\r\n\r\n  \n{two}\r"
    assert ask(client, q="")["translatedText"] == ""


def test_html_keeps_its_tags(client, translator):
    page = '<ul id=a><li>我喜欢喝茶。</li><li><a href="x?a&amp;b">我喜欢<b>喝茶</b>。</a></li></ul><script>好</script>'
    translated = ask(client, q=page, format="html")["translatedText"]
    assert translated.startswith(f"<ul id=a><li>{translator.translate(['我喜欢喝茶。'])[0]}</li><li>")
    assert translated.endswith("<script>好</script>") and '<a href="x?a&amp;b">' in translated
    assert translated.count("<b>") == translated.count("</b>") == 1
    assert ask(client, q=[page, "<p>"], format="html")["translatedText"] == [translated, "<p>"]


def test_the_source_is_found_by_its_script(client, translator):
    answer = ask(client, q=[SENTENCES[0], "Long time no see.", "1 + 1"], source="auto")
    assert answer["translatedText"] == [*translator.translate(SENTENCES[:1]), "Long time no see.", "1 + 1"]
    assert answer["detectedLanguage"][:2] == [
        {"confidence": 100, "language": "zh"},
        {"confidence": 100, "language": "en"},
    ]
    assert client.post("/detect", json={"q": SENTENCES[0]}).json() == [{"confidence": 100, "language": "zh"}]
    assert client.post("/detect", json={"q": "?"}).json() == [{"confidence": 0, "language": "zh"}]


def test_each_direction_has_its_model(tiny_bundle):
    def fake(source, target):
        return SimpleNamespace(bundle=SimpleNamespace(config=SimpleNamespace(source=source, target=target)))

    first, back, second = fake("zho", "eng"), fake("en", "zh"), fake("zh", "en")
    models = Models([first, back, second, fake("ru", "en")])
    assert models.find("zh", "en") is first and models.find("en", "zh") is back and models.find("zh", "ru") is None
    assert [(row["code"], row["targets"]) for row in models.languages()] == [
        ("zh", ["zh", "en"]),
        ("en", ["zh", "en"]),
        ("ru", ["en", "ru"]),
    ]
    assert [models.detect(text)[0][0] for text in ("好久不见", "Long time", "Привет", "")] == ["zh", "en", "ru", "zh"]
    assert models.detect("Привет", target="zh")[0][1] == 0  # nobody translates it to that


def test_what_else_there_is(client):
    assert client.get("/health").json() == {"status": "ok"}
    assert [row["code"] for row in client.get("/languages").json()] == ["zh", "en"]
    settings = client.get("/frontend/settings").json()
    assert settings["charLimit"] == LIMITS.characters and settings["language"]["source"]["code"] == "zh"
    assert "access-control-allow-origin" not in client.get("/languages", headers={"Origin": "http://x"}).headers


GOOD = {"q": "好", "source": "zh", "target": "en"}


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"source": "zh", "target": "en"}, 400, "missing q parameter"),
        ({"q": "好", "target": "en"}, 400, "missing source parameter"),
        ({"q": "好", "source": "zh"}, 400, "missing target parameter"),
        (GOOD | {"q": 7}, 400, "not a string"),
        (GOOD | {"q": ["好", None]}, 400, "not a string"),
        (GOOD | {"source": "xx"}, 400, "xx is not supported"),
        (GOOD | {"target": ["en"]}, 400, "target is not a string"),
        (GOOD | {"source": "en", "target": "zh"}, 400, "not available as a target language from English"),
        (GOOD | {"format": "pdf"}, 400, "pdf format is not supported"),
        (GOOD | {"alternatives": "many"}, 400, "alternatives is not a number"),
        (GOOD | {"q": "好" * 1001}, 400, r"request \(1001\) exceeds text limit \(1000\)"),
        (GOOD | {"q": ["好"] * 21}, 400, r"request \(21\) exceeds batch limit \(20\)"),
        (["好"], 400, "not a JSON object"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(client, fields, status, said):
    answer = client.post("/translate", json=fields)
    assert answer.status_code == status and list(answer.json()) == ["error"]
    assert re.search(said, answer.json()["error"])


def test_wrong_bodies_methods_and_paths(client):
    def post(content, kind):
        answer = client.post("/translate", content=content, headers={"Content-Type": kind})
        return answer.status_code, list(answer.json())

    assert post(b"{", "application/json") == (400, ["error"])
    assert post(b"[" * 100_000, "application/json")[0] in (400, 413)
    assert post(b"9" * 5000, "application/json") == (400, ["error"])
    assert post(b"\xff\xfe\xfa", "application/json") == (400, ["error"])
    assert post(b"q=\xff", "application/x-www-form-urlencoded") == (400, ["error"])
    assert post(b"q=1", "text/plain") == (415, ["error"])
    assert post(b"q=1", "") == (415, ["error"])
    assert post(b" " * 100_000, "application/json") == (413, ["error"])
    assert client.get("/translate").status_code == 405 and client.get("/nope").json() == {"error": "Not Found"}
    assert client.get("/health", headers={"Host": "stranger.example"}).status_code == 200


def test_a_key(translator):
    app = make_app(Models([translator]), LIMITS, "sésame", ("testserver",))
    with TestClient(app) as client:
        keys = (None, "", "x", "\ud800", 7, ["sésame"], "sésame")
        codes = [_post(client, GOOD | {"api_key": key}).status_code for key in keys]
        assert codes == [401, 401, 403, 403, 403, 403, 200]
        assert client.post("/detect", json={"q": "好"}).status_code == 401
        assert client.post("/translate?api_key=sésame", json=GOOD).status_code == 401  # addresses end up in logs
        assert client.get("/health").status_code == 200
        assert client.get("/health", headers={"Host": "stranger.example"}).status_code == 400


def _post(client, fields):
    content = json.dumps(fields).encode()  # also half characters, as \ud800
    return client.post("/translate", content=content, headers={"Content-Type": "application/json"})


def test_half_a_character_is_no_failure(client):
    answer = _post(client, GOOD | {"q": ["\ud800", "好\udfff久"]})
    assert answer.status_code == 200 and len(answer.json()["translatedText"]) == 2
    assert _post(client, GOOD | {"q": "<b>\ud800好</b>", "format": "html"}).status_code == 200


def test_an_unexpected_failure_quotes_no_text(translator, monkeypatch, caplog, capsys):
    def fail(self, texts):
        raise RuntimeError(f"cannot do {texts}")

    monkeypatch.setattr(Translator, "translate_detailed", fail)
    with TestClient(make_app(Models([translator]), LIMITS), raise_server_exceptions=False) as client:
        answer = client.post("/translate", json=GOOD | {"q": "秘密"})
        page = client.post("/translate", json=GOOD | {"q": "<p>秘密</p>", "format": "html"})
    assert answer.status_code == page.status_code == 500
    assert answer.json() == page.json() == {"error": "Cannot translate text: unexpected error"}
    told = caplog.text + "".join(capsys.readouterr())
    assert "RuntimeError" in told and "秘密" not in told


def concurrent(client, clients: int, requests: int, wanted: dict[str, str]) -> None:
    """Many at once, each asks for texts of its own choice and checks every answer."""

    def visit(seed: int) -> int:
        chance = random.Random(seed)
        for _ in range(requests):
            texts = chance.choices(list(wanted), k=chance.randint(1, 5))
            if chance.random() < 0.3:
                assert ask(client, q="\n".join(texts))["translatedText"].split("\n") == [wanted[text] for text in texts]
            else:
                assert ask(client, q=texts)["translatedText"] == [wanted[text] for text in texts]
        return 1

    with ThreadPoolExecutor(clients) as pool:
        assert sum(pool.map(visit, range(clients))) == clients


@pytest.fixture(scope="module")
def wanted(translator):
    texts = [*SENTENCES, *(f"{one}{two}" for one in SENTENCES for two in SENTENCES), "Hi", "我 3 点去 http://a.b/c"]
    return {text: translator.translate([text])[0] for text in texts}


def test_many_at_once_get_their_own_answers(client, wanted):
    concurrent(client, 8, 5, wanted)


@pytest.mark.slow
def test_200_at_once_get_their_own_answers(client, wanted):
    concurrent(client, 200, 10, wanted)


def malformed(chance: random.Random) -> tuple[str, bytes, str]:
    """A path, a body and its kind: good ones, with something broken in most of them."""
    values = [None, True, 0, -1, 1e999, "", "x" * 2000, "好", "\ud800", [], [[]], {}, ["好"] * 30, "\0\x1b[31m", "auto"]
    fields = {name: chance.choice([value, value, chance.choice(values)]) for name, value in GOOD.items()}
    fields |= {chance.choice(["format", "alternatives", "api_key", "é", ""]): chance.choice([*values, "html", "text"])}
    body = bytearray(json.dumps(fields, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass"))
    if chance.random() < 0.3:
        body = bytearray("&".join(f"{name}={value}" for name, value in fields.items()).encode("utf-8", "replace"))
    for _ in range(chance.choice([0, 0, 1, 5])):
        place = chance.randrange(len(body) + 1)
        body[place : place + chance.choice([0, 1, 1000])] = chance.randbytes(chance.choice([0, 1]))
    kinds = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/html", "x", ""]
    return chance.choice(["/translate", "/translate", "/detect"]), bytes(body), chance.choice([*kinds[:2] * 3, *kinds])


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_malformed_requests_are_answered_in_json(client, count):
    chance = random.Random(17)
    statuses = set()
    for _ in range(count):
        path, body, kind = malformed(chance)
        answer = client.post(path, content=body, headers={"Content-Type": kind})
        assert answer.status_code in (200, 400, 413, 415), (answer.status_code, path, body, kind)
        assert answer.headers["content-type"] == "application/json" and "Traceback" not in answer.text
        assert answer.status_code == 200 or list(answer.json()) == ["error"]
        statuses.add(answer.status_code)
    assert {200, 400, 415} <= statuses
