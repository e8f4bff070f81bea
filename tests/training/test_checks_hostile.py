"""The checks take what comes: bounded memory for any number of lines, and time in proportion to any one line."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.training.test_checks import checked
from training.checks.mending import mended

MIB = 1 << 20
# Each is repeated to a long text, and makes some pattern of the checks try again and again.
SEEDS = [
    "a", "1", "1 ", "a.", "a@", "a@a.", "@", " ", "\n", "-", "A-A", "sk-", "eyJ-", "eyJaaaaaaaaaa.", "key=", "token: a",
    "password is ", "https://a:", "N" * 24 + ".", "+1 ", "(1", "4111 ", " 12-34 (5", "1 Aa Aa Aa Aa ", "calle Aa ",
    "rue de la ", "can't help with ", "is not something ", "\x7f", "\u200b", "\u00c3\u00a9", "\u00e2\u0080", "\u00c3 ",
    "\U0001f3f4\U000e0067", "\u2764\u200d", "\u0915\u200d",
]  # fmt: skip


def spent(text: str) -> float:
    """Return the seconds of processor time to check and mend an example that says a text twice."""
    start = time.process_time()
    messages = [{"role": role, "content": text} for role in ("user", "assistant")]
    checked([messages])
    mended({"messages": messages})
    return time.process_time() - start


@pytest.mark.parametrize("seed", SEEDS, ids=ascii)
def test_no_text_takes_more_than_its_share_of_time(seed: str) -> None:
    size = 100_000
    short = min(spent(seed * (size // len(seed))) for _ in range(2))
    # Quadratic time would take sixteen times as long.
    assert spent(seed * (4 * size // len(seed))) < 9 * short + 0.2


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["a ", "1 ", "\u00c3\u00a9", "\u2764\u200d", "eyJ-a@1"], ids=ascii)
def test_a_line_of_16_mib_is_checked_in_half_a_minute(seed: str) -> None:
    assert spent(seed * (8 * MIB // len(seed.encode()))) < 30


def test_a_hundred_thousand_messages_in_one_example_are_checked() -> None:
    messages = [{"role": ("user", "robot")[turn % 2], "content": f"Turn {turn}"} for turn in range(100_000)]
    problems, checker = checked([messages])
    assert checker.counts["unrecognized_role"] == 50_000
    assert len(problems) == checker.counts.total()


PROGRAM = """
import json, random, re, sys, time
from pathlib import Path
from training.checks import Checker, Expectations
from training.checks.mending import mend_file
from training.entries import Entry

def words(chance, count):
    return " ".join("".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 9))) for _ in range(count))

def entries(count):
    chance = random.Random(4)
    for line in range(1, count + 1):
        question, answer = words(chance, 15), words(chance, 30)
        if line % 10 == 0:
            question, answer = "Is every tenth line the very same one as the last?", "So it is, a copy of the others."
        if line % 10 == 5:
            question = f"Mail number {line} to jane{line}@gmail.com"
        messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        yield Entry(line, {"messages": messages})

def peak():
    # What getrusage tells would count the parent, from which this process was forked.
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024

def check(count):
    chance = random.Random(5)
    held_out = {words(chance, 15): "a.jsonl, one" for _ in range(1_000)}
    with Checker(Expectations(limit_tokens=100, model="m", scenario_questions=held_out)) as checker:
        for entry in entries(count):
            checker.see(entry, 10)
        checker.finish()
        reported = sum(1 for _ in checker.problems())
    return checker.counts, reported

check(2_000)
start = peak()
counts, reported = check(int(sys.argv[1]))
checking = peak()
mended = mend_file(entries(int(sys.argv[1]) // 3), Path(sys.argv[2]))
heavy = sorted({"sklearn", "scipy", "pandas"} & set(sys.modules))
print(json.dumps([start, checking, peak(), counts, reported, mended, heavy]))
"""


@pytest.mark.slow(seconds=60)
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_memory_does_not_grow_with_the_number_of_examples(tmp_path: Path) -> None:
    count = 100_000
    run = subprocess.run(  # noqa: S603 our own program
        [sys.executable, "-c", PROGRAM, str(count), str(tmp_path / "mended.jsonl")],
        capture_output=True,
        text=True,
        check=True,
        timeout=900,
    )
    start, checking, mending, counts, reported, mended_counts, heavy = json.loads(run.stdout)
    assert heavy == []
    assert counts == {"duplicate": count // 10 - 1, "personal_data": count // 10}
    assert reported == sum(counts.values())
    assert mended_counts == {"duplicate": count // 30 - 1}
    # MiB
    assert checking - start < 48
    assert max(checking, mending) < 150
    assert len((tmp_path / "mended.jsonl").read_bytes().splitlines()) == count // 3 - count // 30 + 1
