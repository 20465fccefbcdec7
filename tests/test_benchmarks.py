"""The programs that measure run from beginning to end; what they measure is for quiet machines."""

import subprocess
import sys
from pathlib import Path

from conftest import TINY


def test_decoding_speed_prints_all_its_parts():
    arguments = ["--model", TINY, "--sentences", "8", "--rounds", "1", "--threads", "1", "--lines", "10"]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.decoding_speed", *map(str, arguments)],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    for part in (
        "CPU flags",
        "8 short lines",
        "8 long lines",
        "CTranslate2, tuned script",
        "tfcli translate -i",
        "characters of a line",
        "processes",
        "M operations",
        "Where the time of Python goes",
    ):
        assert part in ended.stdout, part
