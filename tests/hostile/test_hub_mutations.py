"""tfcli against a Hub that answers with random mutations of right answers.

Nothing but the cache changes, memory and time are bounded, no other server learns the token, and a sentence with its
exit code says what is wrong.
"""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hub_processes import MODEL, Servant, files_of
from hub_server import TOKEN, Hub

from hostile.mutations import Mutations

LIMITS = {"CALL_SECONDS": 1.0, "WINDOW_SECONDS": 0.5}
MEMORY_KIB = 400 << 10
SEED = 0


def state(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def peak_kib(servant: Servant) -> int:
    """The most memory that the process ever had in use."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{servant.process.pid}/status").read_text())[1])


def assert_in_order(ended) -> None:
    assert ended.returncode in (0, 4, 5, 6, 7, 8), ended.stderr
    assert not re.search("Traceback|unexpected", ended.stderr) and TOKEN not in ended.stderr + ended.stdout, (
        ended.stderr
    )
    assert "\x1b" not in ended.stdout + ended.stderr
    if ended.returncode:
        assert ended.stdout == "" and len(re.findall("^tfcli: (?!warning)", ended.stderr, re.M)) == 1, ended.stderr


@pytest.mark.parametrize("mutations", [200, pytest.param(5000, marks=pytest.mark.slow)])
def test_mutated_answers(tmp_path, mutations):
    outside, home = tmp_path / "outside", tmp_path / "home"
    outside.mkdir()
    for name, data in MODEL.items():
        (outside / name).write_bytes(data)
    before = state(outside)
    with Hub() as hub, Servant(hub, home, LIMITS) as servant:
        hub.tamper = tamper = Mutations(hub, SEED)
        codes = set()
        for i in range(mutations):
            if tamper.count >= mutations:
                break
            name = f"eve/x{i}"
            tamper.chance = tamper.rng.choice([0.1, 0.3, 1.0])
            push = i % 4 == 3
            if not push or tamper.rng.random() < 0.5:
                hub.add(name, MODEL, private=False)
                if push:
                    hub.large.clear()  # or nothing would have to be uploaded
            ended = servant.run(*(["push", str(outside), name, "--yes", "-q"] if push else ["pull", name]), limit=60)
            try:
                assert_in_order(ended)
                if ended.returncode == 0 and not push:
                    assert files_of(Path(ended.stdout.rstrip("\n"))) == MODEL
            except AssertionError as error:
                raise AssertionError(f"seed {SEED}, command {i}: {ended.args}") from error
            codes.add(ended.returncode)
        assert state(outside) == before and {path.name for path in tmp_path.iterdir()} == {"outside", "home"}
        assert {path.name for path in home.iterdir()} <= {"hub"}
        assert {path.name for path in home.glob("hub/models--*/snapshots/*/**/*")} <= set(MODEL)
        assert sum(path.stat().st_size for path in home.rglob("*") if not path.is_symlink()) < 64 << 20
        assert peak_kib(servant) < MEMORY_KIB
        others = {token for host, token in hub.seen_tokens if host != urlsplit(hub.url).netloc}
        assert others == {None} and (urlsplit(hub.url).netloc, f"Bearer {TOKEN}") in hub.seen_tokens
        assert TOKEN not in servant.logged()
        assert {0, 4, 7} <= codes
