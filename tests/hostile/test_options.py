"""Random values for every option of every command, in random environments: each ends by itself, or at SIGTERM, with an
exit code of the table and never with words for what nobody expected."""

import multiprocessing
import os
import random
import re
import shlex
import shutil
import signal
import sys
import time
from multiprocessing import forkserver
from pathlib import Path

import pytest
import torch  # noqa: F401 (so that forks have it)
from commands import run
from conftest import TINY

from tfcli.cli import app

_FORKS = multiprocessing.get_context("forkserver")
SECONDS = 30
CODES = {*range(11), 130, 141, 143}
COMMANDS = ["translate", "attention", "explain", "train", "evaluate", "info", "list", "runs", "average", "export"]
COMMANDS += ["config", "doctor", "push", "pull", "tokenizer train", "tokenizer encode", "tokenizer decode"]
COMMANDS += ["tokenizer info", "data check", "data clean", "data score", "cache list"]
SHORT = {
    "train": ["--train", "corpus.tsv", "--run-dir", "run", "--steps", "1", "--preset", "tiny"],
    "evaluate": ["corpus.tsv", "--limit", "2"],
    "tokenizer train": ["-i", "corpus.tsv", "-o", "t.model", "--vocab-size", "288"],
    "data check": ["corpus.tsv"],
    "data clean": ["corpus.tsv"],
    "data score": ["corpus.tsv"],
    "average": [str(TINY), "-o", "averaged"],
    "export": [str(TINY), "-o", "exported"],
    "push": [str(TINY), "owner/name", "--dry-run"],
    "pull": ["owner/name"],
    "explain": ["attention", "你好"],
    "translate": ["你好"],
    "attention": ["你好"],
    "tokenizer encode": ["你好"],
}
NUMBERS = ["0", "-1", "1", "2", "7", "1.5", "nan", "inf", "-inf", "1e308", "1e999", "99999999999999999999", "9" * 5000]
NUMBERS += ["0x10", "١", "1,000", "", "1_0", " 3 "]
TEXTS = [
    "",
    " ",
    "\n",
    "\x1b[31m",
    "好",
    "\u202e",
    os.fsdecode(b"\xff"),
    "n" * 300,
    "[bold]",
    "a=b",
    "=",
    ".",
    "..",
    "/",
]
TEXTS += ["/dev/null", "corpus.tsv", "missing", "folder", "config.toml", "{}", "a,b", "zh", "en", "xx", "auto", "mean"]
ENVIRONMENT = ["TFCLI_THREADS", "TFCLI_DEVICE", "TFCLI_MODEL", "TFCLI_ENGINE", "TFCLI_BATCH_TOKENS", "TFCLI_X"]
ENVIRONMENT += [
    "WORLD_SIZE",
    "RANK",
    "LOCAL_RANK",
    "LOCAL_WORLD_SIZE",
    "OMP_NUM_THREADS",
    "COLUMNS",
    "TERM",
    "NO_COLOR",
]
ENVIRONMENT += ["LANG", "LC_ALL", "HOME", "HF_HOME", "HF_TOKEN", "HF_ENDPOINT", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"]


def options(command: str) -> list[tuple[str, str]]:
    """The options of a command, as its help shows them, each with its metavar; none for a flag."""
    found = re.findall(r"^  (?:-\w, )?(--[a-z-]+)(?: (\S+))?", run(*command.split(), "--help").text, re.M)
    return [(name, metavar) for name, metavar in found if name != "--help"]


def random_line(rng: random.Random, known: dict[str, list[tuple[str, str]]]) -> list[str]:
    command = rng.choice(COMMANDS)
    words = [*command.split(), *SHORT.get(command, [])]
    for name, metavar in rng.sample(known[command], min(rng.randint(1, 4), len(known[command]))):
        if name in ("--yes", "--push-to"):
            continue
        words.append(name)
        choices = re.findall(r"[\w.-]+", metavar) if metavar.startswith("<") else []
        if metavar:
            words.append(rng.choice(choices * 3 + NUMBERS + TEXTS))
    if rng.random() < 0.3:
        words.append(rng.choice(TEXTS))
    return words


def random_environment(rng: random.Random) -> dict[str, str]:
    names = rng.sample(ENVIRONMENT, rng.randint(0, 3))
    return {name: rng.choice(NUMBERS + TEXTS).replace("\0", "") for name in names}


def end(words: list[str], environ: dict[str, str], folder: str, said: str) -> None:
    """In a fork."""
    os.chdir(folder)
    for descriptor, path in ((0, os.devnull), (1, os.devnull), (2, said)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), descriptor)
    os.environ |= environ
    sys.stdin, sys.stdout, sys.stderr = (open(i, "rw"[i > 0], encoding="utf-8") for i in range(3))  # noqa: SIM115
    code = app.main(words)
    os._exit(code)


def test_random_options_and_environments(known, count, tmp_path):
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    said, codes = tmp_path / "said", {}
    for number in range(count):
        folder = make(tmp_path / "here")
        words, environ = random_line(rng, known), random_environment(rng)
        environ = {"TFCLI_MODEL": str(TINY), "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hub")} | environ
        process = _FORKS.Process(target=end, args=(words, environ, str(folder), str(said)))
        process.start()
        stopped = rng.random() < 0.1
        if stopped:
            time.sleep(rng.uniform(0, 1))
            process.terminate()  # unless it has ended
        process.join(SECONDS)
        what = f"seed {seed}, line {number}: {shlex.join(words)} in {environ}"
        if process.exitcode is None:
            os.kill(process.pid, signal.SIGTERM)
            process.join(SECONDS)
            dead = process.exitcode is not None
            process.kill()
            pytest.fail(f"{what}: still there after {SECONDS} s, and SIGTERM ends it: {dead}")
        words_said = said.read_text(encoding="utf-8", errors="replace") if said.exists() else ""
        fine = CODES | {-signal.SIGTERM} if stopped else CODES
        assert process.exitcode in fine, f"{what}: {process.exitcode} {words_said}"
        assert "tfcli: unexpected" not in words_said, f"{what}: {words_said}"
        assert {"-v", "--verbose"} & set(words) or "Traceback" not in words_said, f"{what}: {words_said}"
        codes[process.exitcode] = codes.get(process.exitcode, 0) + 1
    assert 2 in codes and 0 in codes
    print(f"exit codes: {codes}")


def make(folder: Path) -> Path:
    """The same for each line."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "folder").mkdir(parents=True)
    pairs = "".join(f"第{n}句话\tSentence {n}\n" for n in range(60))
    (folder / "corpus.tsv").write_text(pairs, encoding="utf-8")
    (folder / "config.toml").write_text("", encoding="utf-8")
    return folder


@pytest.fixture(params=[30, pytest.param(2000, marks=pytest.mark.slow)])
def count(request):
    return request.param


@pytest.fixture(scope="module")
def known():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        patch.setenv("OMP_NUM_THREADS", "1")
        _FORKS.set_forkserver_preload([__name__])
        forkserver.ensure_running()
    found = {command: options(command) for command in COMMANDS}
    assert min(map(len, found.values())) >= 3 and ("--threads", "N") in found["translate"]
    return found
