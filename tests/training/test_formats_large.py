"""Large files take flat memory, measured in a process of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.training.test_formats import BYE, HI

# Forked first: the peak of a new process counts what its parent had before it became another program.
_SCRIPT = """
import os, resource, sys
if child := os.fork():
    os.waitpid(child, 0)
    sys.exit()
from pathlib import Path
from training.examples import DataError
from training.formats import Reader
said, count = "", 0
try:
    for entry in Reader(Path(sys.argv[1])):
        count += 1
except DataError as refusal:
    said = str(refusal)
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, said)
"""
_MIB = 1024 * 1024


def measured(path: Path) -> tuple[int, int, str]:
    """Return how many examples a process reads, its peak memory in MiB, and what it says at last."""
    done = subprocess.run([sys.executable, "-c", _SCRIPT, str(path)], capture_output=True, text=True, check=True)  # noqa: S603 - our own script
    count, memory, said = done.stdout.strip("\n").split(" ", 2)
    return int(count), int(memory), said


def spent() -> float:
    """Return the seconds of processor time that processes took which have ended."""
    times = os.times()
    return times.children_user + times.children_system


def written(path: Path, pieces: Iterable[bytes]) -> Path:
    with path.open("wb") as file:
        file.writelines(pieces)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("name", ["e.jsonl", "e.json", "w.json", "e.csv"])
def test_a_hundred_megabytes_take_flat_memory(tmp_path: Path, name: str) -> None:
    one = json.dumps({**BYE, "note": "ü" * 150}, ensure_ascii=False).encode()
    times = 100 * _MIB // len(one)
    pieces = {
        "e.jsonl": [one + b"\n"] * times,
        "e.json": [b"[", *[one + b",\n"] * (times - 1), one, b"]"],
        "w.json": [b'{"data": [', *[one + b","] * (times - 1), one, b"]}"],
        "e.csv": [b"q,a\n", *[b'"' + b"Hi, " * 50 + b'",' + b"x" * (len(one) - 203) + b"\n"] * times],
    }
    count, memory, said = measured(written(tmp_path / name, pieces[name]))
    assert (count, said) == (times, "")
    assert memory < 80


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "begin"),
    [
        ("e.jsonl", json.dumps(HI) + '\n{"messages": "'),
        ("e.json", f"[{json.dumps(HI)},\n" + '{"messages": "'),
        ("o.json", '{"messages":\n"'),
        ("e.csv", 'q,a\n"'),
    ],
)
def test_a_line_of_500_megabytes_is_refused_without_being_read_whole(tmp_path: Path, name: str, begin: str) -> None:
    path = written(tmp_path / name, [begin.encode(), *[b"x" * _MIB] * 500])
    started = spent()
    _, memory, said = measured(path)
    assert "is longer than 16 MiB" in said
    assert name in said
    assert memory < 200
    assert spent() - started < 20


@pytest.mark.slow
def test_ten_million_lines_take_flat_memory(tmp_path: Path) -> None:
    path = written(tmp_path / "e.jsonl", [b"{}\n" * 100_000] * 100)
    count, memory, _ = measured(path)
    assert count == 10_000_000
    assert memory < 80


@pytest.mark.slow
def test_gigabytes_of_nothing_are_passed_over_quickly(tmp_path: Path) -> None:
    path = written(tmp_path / "e.json", [b"[", *[b" " * _MIB] * 300, b"{}]"])
    started = spent()
    assert measured(path)[0] == 1
    assert spent() - started < 20
