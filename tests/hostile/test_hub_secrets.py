"""What is secret stays here: a token of any shape, though a server sends it back, and whatever else looks like one."""

import base64
import re

import pytest
from hub_processes import MODEL, Servant
from hub_server import Fault, Hub

SHAPES = ["hf_goodgoodgoodgood", "hf_oauth_eyJhbGciOi.eyJzdWIi.c2ln-_x", "hf_jwt_eyJhbGciOi.eyJzdWIi.c2ln-_x"]
SHAPES += ["api_org_goodgoodgoodgood", "no-known/shape+of=a.token", "Y7" * 100]
ENCODED = ["geheim\u00fcber", "a b", "tab\there", "\udcff" * 9]


@pytest.fixture(scope="module")
def hub():
    with Hub() as running:
        running.add("eve/x", MODEL, private=False)
        yield running


@pytest.fixture(scope="module")
def servant(hub, tmp_path_factory):
    with Servant(hub, tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture(autouse=True)
def fresh(hub):
    hub.log.clear()
    hub.faults.clear()


@pytest.mark.parametrize("token", SHAPES)
def test_a_token_that_is_sent_back_is_not_shown(hub, servant, token):
    """At the start of what the server says, and where it is cut."""
    for before in ("", "x" * 290, "x" * (300 - len(token) // 2)):
        for status in (400, 403, 404, 418, 500):
            said = {"X-Error-Message": f"{before}{token}", "X-Error-Code": "Odd"}
            hub.faults[:] = [Fault("/api/models/", status, times=99, headers=said)]
            for talk in ((), ("-v",)):
                ended = servant.run("pull", "eve/x", *talk, HF_TOKEN=token)
                assert ended.returncode in (5, 6, 7)
                shown = ended.stdout + ended.stderr
                assert not any(token[i : i + 8] in shown for i in range(4, len(token) - 8)), shown
    assert (hub.url.removeprefix("http://"), f"Bearer {token}") in hub.seen_tokens


def test_a_log_of_the_library_shows_neither_a_token_nor_escapes(hub, tmp_path):
    token = SHAPES[-2]
    hub.faults[:] = [Fault("/api/models/", {"X-HF-Warning": f"odd; \x1b[31m{token}"}, times=99)]
    with Servant(hub, tmp_path, HF_TOKEN=token, HF_DEBUG="1") as servant:
        servant.run("pull", "eve/x")
        assert "\\x1b[31m***" in servant.logged()


@pytest.mark.parametrize("token", ENCODED)
def test_a_token_that_cannot_be_sent_is_refused_in_a_sentence(hub, servant, token):
    ended = servant.run("pull", "eve/x", HF_TOKEN=token)
    assert ended.returncode == 6 and re.match("tfcli: the token from HF_TOKEN ", ended.stderr), ended.stderr
    assert token not in ended.stderr and hub.log == []


KEY = base64.b64encode(bytes(64)).decode()
SECRETS = ["hf_" + "a1" * 17, "hf_oauth_eyJhbGciOi.eyJzdWIi.c2ln-_x", "hf_jwt_eyJhbGciOi.eyJzdWIi.c2ln-_x"]
SECRETS += ["api_org_" + "a1" * 17, "glpat-" + "a1b2c3d4e5f6g7h8i9j0", "ghp_" + "a1" * 18, "no-known/shape+of=a.token"]
SECRETS += [f"-----BEGIN {kind}PRIVATE KEY-----\n{KEY}" for kind in ("", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ")]
SECRETS += [f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n{KEY}", "AKIA" + "A1" * 8, "xoxb-" + "123456789012-abcdef"]
HARMLESS = ["hf_hub_download", "hf_jwt_", "the glpat- tokens", "-----BEGIN PUBLIC KEY-----", "api_org_name"]


def test_push_takes_no_secret_along(hub, servant, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    for name, data in MODEL.items():
        (folder / name).write_bytes(data)
    for file in ("README.md", "LICENSE"):
        for text, code in [*((secret, 2) for secret in SECRETS), *((word, 0) for word in HARMLESS)]:
            (folder / file).write_text(f"my notes: {text}\n")
            command = ["push", str(folder), "eve/x", "--yes", "--dry-run"]
            ended = servant.run(*command, HF_TOKEN="no-known/shape+of=a.token")
            assert ended.returncode == code, (text, ended.stderr)
            assert text not in ended.stderr
        (folder / file).write_bytes(MODEL.get(file, b""))
    assert hub.log == []
