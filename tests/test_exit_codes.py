"""Each exit code of `tfcli --help` belongs to a kind of error or an end of the process, and each kind has one."""

import re

from commands import run
from runs import short_recipe, training
from test_run import poison

from tfcli import errors
from tfcli.cli.errors import Interrupted
from tfcli.config.recipe import to_toml

OF_THE_PROCESS = {0, 141, 143}  # done, closed pipe, SIGTERM


def test_the_codes_of_the_help_are_those_of_the_kinds():
    listed = {int(code) for code in re.findall(r"(?:^|\s)(\d+)  \w", run("--help").text)}
    kinds = {kind.exit_code for kind in vars(errors).values() if isinstance(kind, type)}
    assert listed == kinds | {Interrupted.exit_code} | OF_THE_PROCESS
    assert kinds == set(range(1, 11))


def test_training_that_diverges_ends_with_ten(tmp_path, monkeypatch):
    poison(monkeypatch, range(1, 100))
    (tmp_path / "recipe.toml").write_text(to_toml(training(short_recipe(tmp_path), save_every=2)), encoding="utf-8")
    ended = run("train", str(tmp_path / "recipe.toml"), "--run-dir", str(tmp_path / "run"), "--device", "cpu")
    assert ended.code == 10 and ended.out == b""
    assert len(re.findall("^tfcli: (?!warning)", ended.err, re.M)) == 1 and "Traceback" not in ended.err
