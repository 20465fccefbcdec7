"""Where the value of a setting comes from, and what is said about a bad one."""

import itertools

import pytest

from tfcli import settings
from tfcli.errors import ModelError, UsageError
from tfcli.text.protect import PATTERNS
from tfcli.text.verify import KINDS

PLACES = ("user", "folder", "variable", "option")  # from the weakest to the strongest


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    user = tmp_path / "user" / "config.toml"
    user.parent.mkdir()
    monkeypatch.setattr(settings, "user_file", lambda: user)
    return user, tmp_path / "tfcli.toml"


@pytest.mark.parametrize("used", [c for n in range(5) for c in itertools.combinations(PLACES, n)])
def test_the_strongest_place_wins_and_is_named(used, folders):
    user, folder = folders
    if "user" in used:
        user.write_text('model = "user"', encoding="utf-8")
    if "folder" in used:
        folder.write_text('model = "folder"', encoding="utf-8")
    environ = {"TFCLI_MODEL": "variable"} if "variable" in used else {}
    flags = {"model": "option"} if "option" in used else {"model": None}
    resolved = settings.resolve(flags, environ)
    origins = {
        "user": f"model in {user}",
        "folder": "model in tfcli.toml",
        "variable": "TFCLI_MODEL",
        "option": "--model",
    }
    assert resolved.settings.model == (used[-1] if used else "zh-en")
    assert resolved.origins["model"] == (origins[used[-1]] if used else "built-in")
    assert resolved.origins["device"] == "built-in"


def test_every_setting_has_an_origin():
    resolved = settings.resolve({}, {})
    assert set(resolved.origins) == set(vars(resolved.settings))
    assert set(resolved.origins.values()) == {"built-in"}


def test_text_is_read_as_the_declared_type():
    environ = {"TFCLI_THREADS": "3", "TFCLI_LENGTH_RATIO": "2", "TFCLI_PROTECT": "url, tag"}
    resolved = settings.resolve({"protect": "none"}, environ).settings
    assert (resolved.threads, resolved.length_ratio, resolved.protect) == (3, 2.0, ())
    assert settings.resolve({}, environ).settings.protect == ("url", "tag")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("device", "gpu"),
        ("device", "cuda:x"),
        ("dtype", "float16"),
        ("engine", "tensorflow"),
        ("threads", "two"),
        ("threads", "0"),
        ("threads", "1.5"),
        ("batch_tokens", "-1"),
        ("length_ratio", "nan"),
        ("length_ratio", "inf"),
        ("protect", "url,phone"),
        ("split", "maybe"),
    ],
)
def test_a_bad_value_names_its_origin(name, value, folders):
    variable, option = f"TFCLI_{name.upper()}", "--" + name.replace("_", "-")
    with pytest.raises(UsageError, match=variable):
        settings.resolve({}, {variable: value})
    with pytest.raises(UsageError, match=option):
        settings.resolve({name: value}, {})
    folders[1].write_text(f'{name} = "{value}"', encoding="utf-8")
    with pytest.raises(ModelError, match=f"{name} in tfcli.toml"):
        settings.resolve({}, {})


def test_an_unknown_key_is_refused_with_the_nearest(folders):
    with pytest.raises(UsageError) as raised:
        settings.resolve({}, {"TFCLI_DEVCE": "cpu"})
    assert "TFCLI_DEVCE" in raised.value.message and '"TFCLI_DEVICE"' in raised.value.hint
    folders[1].write_text("bach_tokens = 5", encoding="utf-8")
    with pytest.raises(ModelError) as raised:
        settings.resolve({}, {})
    assert "bach_tokens" in raised.value.message and "batch_tokens" in raised.value.hint


def test_a_bad_value_counts_even_where_a_stronger_place_has_a_good_one(folders):
    folders[0].write_text("threads = true", encoding="utf-8")
    with pytest.raises(ModelError, match="threads"):
        settings.resolve({"threads": 2}, {})


def test_an_empty_variable_is_not_set():
    assert settings.resolve({}, {"TFCLI_MODEL": ""}).origins["model"] == "built-in"


@pytest.mark.parametrize("content", [b"model = ", b"\xff\xfe", b"[model]\nx = 1"])
def test_a_damaged_file_is_named(content, folders):
    folders[1].write_bytes(content)
    with pytest.raises(ModelError, match="tfcli.toml"):
        settings.resolve({}, {})


def test_protected_kinds_are_those_of_the_text_room():
    assert sorted(settings.PROTECTED) == sorted([*PATTERNS, *KINDS])
    assert settings.Settings.protect == settings.PROTECTED
