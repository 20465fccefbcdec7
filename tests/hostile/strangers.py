"""Folders full of somebody else's files, and what they look like byte for byte and mode for mode."""

import os
import random
import stat
from pathlib import Path

NAMES = (
    "out",
    "out.partial",
    "out.01234567.partial",
    ".out.01234567.new",
    "run",
    "run.lock",
    ".tfcli-run",
    ".earlier.01234567.old",
    ".bundle.01234567.old",
    ".recipe.toml.01234567.new",
    ".step-000000001.01234567.gone",
    "metrics.jsonl",
    "recipe.toml",
    "tokenizer.model",
    "curves.svg",
    "stages.json",
    "tensorboard",
    "checkpoints",
    "step-000000001",
    "bundle",
    "config.json",
    "model.safetensors",
    "model.bin",
    "metrics.json",
    "README.md",
    "LICENSE",
    "tfcli.toml",
    "corpus.tsv",
    "corpus.tsv.gz",
    "notes.svg",
    "runs",
    "-rf",
    " ",
    "\n",
    "[bold]",
    "中文",
    os.fsdecode(b"\xff"),
    "n" * 255,
)
"""What tfcli writes, or might, and what is no name at all."""
_CONTENTS = (
    b"",
    b"precious\n",
    b"\xff\0\xfe",
    "好\tGood\n".encode() * 40,
    b"{}",
    b'{"format": 1}',
    b"[",
    b"7",
    b"x" * 5000,
)
_MODES = (0o644, 0o600, 0o444, 0o000, 0o755, 0o640)
_DEVICE = os.makedev(1, 3)  # of /dev/null


def fill(folder: Path, rng: random.Random, depth: int = 2) -> None:
    """Files, folders, links, pipes and, where that is allowed, devices, of any mode and content."""
    for name in rng.sample(NAMES, rng.randint(3, 14)):
        path = folder / name
        match rng.choice(["file"] * 5 + ["folder"] * 3 + ["link", "link", "pipe", "device"]):
            case "folder" if depth:
                path.mkdir()
                fill(path, rng, depth - 1)
                path.chmod(rng.choice((0o755, 0o700, 0o555)))
            case "link":
                path.symlink_to(rng.choice([*NAMES[:12], "..", ".", "nowhere", name, "/dev/null", "../out"]))
            case "pipe":
                os.mkfifo(path)
            case "device" if os.geteuid() == 0:
                os.mknod(path, stat.S_IFCHR | 0o666, _DEVICE)
            case _:
                path.write_bytes(rng.choice(_CONTENTS))
                path.chmod(rng.choice(_MODES))


def look(folder: Path) -> dict[str, tuple]:
    """What each path below is: its kind, its mode, and its content or where it leads."""
    found = {}
    for parent, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(parent, name)
            status = os.lstat(path)
            content: object = status.st_rdev
            if stat.S_ISREG(status.st_mode):
                with open(path, "rb") as file:
                    content = file.read()
            elif stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)
            found[os.path.relpath(path, folder)] = (stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode), content)
    return found
