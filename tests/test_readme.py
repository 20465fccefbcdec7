"""Every command of the README and of docs/ runs as it stands there; only training is cut short, and the endless ones
are ended."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
COMMANDS = list(dict.fromkeys(re.findall(r"^\$ (.*?)(?: +# .*)?$", TEXT, re.MULTILINE)))
PROGRAMS = f"""
tfcli() {{ {sys.executable} -m tfcli "$@"; }}
torchrun() {{ {sys.executable} -m torch.distributed.run "$@"; }}
"""
SHORT = " --steps 2 --batch-tokens 512 --set training.valid_every=2 --set data.valid_pairs=4"
PAIRS = (ROOT / "tfcli" / "phrasebook.tsv").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the files that the README speaks of."""
    folder = tmp_path_factory.mktemp("readme")
    for name in ("corpus.tsv", "mine.tsv"):
        (folder / name).write_text(PAIRS, encoding="utf-8")
    for name in ("dev.tsv", "test.tsv"):
        (folder / name).write_text("你好\tHello.\n好久不见\tLong time no see.\n", encoding="utf-8")
    (folder / "news.zh").write_text("你好\n\n好久不见\n", encoding="utf-8")
    for name in ("wrapped.txt", "old.txt"):
        (folder / name).write_bytes("好久不见。\n".encode("gb18030" if name == "old.txt" else "utf-8"))
    (folder / "terms.csv").write_text("text,number\n你好,1\n", encoding="utf-8")
    (folder / "film.srt").write_text("1\n00:00:01,000 --> 00:00:03,500\n好久不见。\n", encoding="utf-8")
    (folder / "notes").mkdir()
    (folder / "notes" / "a.md").write_text("# 你好\n\n**好久不见**。\n", encoding="utf-8")
    (folder / "chat.log").write_text("你好\n", encoding="utf-8")
    recipe = "[model]\nd_model = 16\nnum_heads = 4\n[tokenizer]\nvocab_size = 2000\n"
    recipe += '[[data.train]]\npath = "corpus.tsv"\n'
    recipe += "".join(f'[[stage]]\nname = "{name}"\ntraining = {{ steps = 2 }}\n' for name in ("general", "clean"))
    (folder / "recipe.toml").write_text(recipe, encoding="utf-8")
    return folder


def shortened(command: str) -> str:
    """The command as it is run here."""
    command = command.replace("tail -f", "tail -n +1")
    if " train" not in command or "tokenizer" in command or "--dry-run" in command:
        return command.replace("--vocab-size 8000", "--vocab-size 2000")
    small = "" if re.search(r"recipe.toml|--init|train$", command) else " --set tokenizer.vocab_size=2000"
    return command + SHORT + small


def test_the_readme_has_commands():
    assert len(COMMANDS) > 15


def test_every_command_runs(place):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    for command in COMMANDS:
        elsewhere = "tfcli pu(ll|sh)|--push-to|opus|--tensorboard"  # what needs a Hub or an extra has its own tests
        if command.startswith(("pip ", "python -m pytest", "python3 -m venv")) or re.search(elsewhere, command):
            continue
        script = PROGRAMS + "set -o pipefail\n" + shortened(command)
        ended = subprocess.run(["bash", "-c", script], cwd=place, env=environment, capture_output=True, timeout=300)
        assert ended.returncode == 0, f"{command}: {ended.stderr.decode()[-2000:]}"
    assert (place / "news.en").read_bytes().count(b"\n") == 3


def test_the_first_command_says_what_the_readme_says(place):
    script = PROGRAMS + 'tfcli translate "好久不见"'
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(["bash", "-c", script], cwd=place, env=environment, capture_output=True, timeout=300)
    assert ended.stdout.decode() == "Long time no see.\n"


def test_python_from_the_readme_runs(place):
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", code], cwd=place, env=environment, capture_output=True, timeout=300)
    assert ended.stdout.decode() == "['Long time no see.']\n", ended.stderr.decode()
