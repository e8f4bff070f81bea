"""What tests of the command line share: a home of their own, and the commands, in this process or apart."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

import pytest
from typer.testing import CliRunner

from training.__main__ import app
from training.registry import Run, open_registry

REPOSITORY = Path(__file__).parents[2]
SEED = REPOSITORY / "data" / "examples" / "round1.jsonl"
MOST = 300_000_000
"""Bytes of memory that a command may take, whatever it is given."""
PATIENCE = 180.0
"""Seconds after which something will not come about: on a busy machine a command takes many to begin."""

# Small, so that what it has in memory itself does not count as memory of its child. It adds up what the child and those
# that it starts have at a time, and knows the most that each of them had.
_APART = """
import resource, subprocess, sys, time

def held(process):
    try:
        with open(f"/proc/{process}/smaps_rollup") as file:
            own = sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        with open(f"/proc/{process}/task/{process}/children") as file:
            return own + sum(map(held, file.read().split()))
    except OSError:
        return 0

place, most, *command = sys.argv[1:]
limited = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))
process, peak = subprocess.Popen(command, preexec_fn=limited if int(most) else None), 0
while process.poll() is None:
    peak = max(peak, held(process.pid))
    time.sleep(0.1)
with open(place, "w") as file:
    file.write(str(max(peak, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)))
sys.exit(process.returncode)
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a command told."""

    code: int
    out: str
    err: str
    peak: int = 0
    """The most memory that the process and those that it started had, in bytes; where it was measured."""

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever stands in it
        """What is on standard output, which is JSON and nothing else."""
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out, parse_constant=_no_json)

    @property
    def refusal(self) -> str:
        """The one sentence with which a command was refused."""
        assert self.code == 2, self
        assert not self.out
        [sentence] = self.err.splitlines()
        assert sentence.startswith("sarah: ")
        assert sentence.endswith((".", "?"))
        return sentence.removeprefix("sarah: ")


def _no_json(name: str) -> NoReturn:
    raise AssertionError(f"{name} is not JSON")


class Sarah:
    """The commands, with a home of their own and no other settings."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.home = folder / "home"
        for name in os.environ:
            if name.startswith(("SARAH_", "OPENAI_")):
                patch.delenv(name)
        patch.setenv("SARAH_HOME", str(self.home))
        patch.setenv("SARAH_DATA", str(REPOSITORY / "data"))
        patch.setenv("SARAH_AUTHOR", "kim")
        # Another folder may hold somebody's .env.
        patch.chdir(folder)

    def __call__(self, *words: str | Path, typed: str = "") -> Told:
        """Give a command in this process."""
        result = CliRunner().invoke(app, [str(word) for word in words], input=typed, catch_exceptions=False)
        return Told(result.exit_code, result.stdout, result.stderr)

    def apart(
        self, *words: str | Path, settings: Mapping[str, str] | None = None, into: int | IO[bytes] = subprocess.PIPE
    ) -> Told:
        """Give a command in a process of its own, with these settings too; `into` is where it prints."""
        environment = {**os.environ, **(settings or {})}
        command = [sys.executable, "-m", "training", *map(str, words)]
        result = subprocess.run(  # noqa: S603 - our own
            command, env=environment, stdin=subprocess.DEVNULL, stdout=into, stderr=subprocess.PIPE, check=False
        )
        return Told(result.returncode, (result.stdout or b"").decode(), result.stderr.decode())

    def measured(self, *words: str | Path, largest_file: int = 0) -> Told:
        """Give a command in a process of its own that can write no larger file, and measure its memory."""
        place = self.home.parent / "peak"
        wrapped = [sys.executable, "-I", "-S", "-c", _APART, str(place), str(largest_file)]
        command = [*wrapped, sys.executable, "-m", "training", *map(str, words)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
        return Told(result.returncode, result.stdout, result.stderr, int(place.read_text()) * 1024)

    @contextmanager
    def begun(self, *words: str | Path) -> Generator[subprocess.Popen[str]]:
        """Begin a command in a process of its own, which is over at the end of the block in any case."""
        process = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-m", "training", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def kept(self) -> list[str]:
        """Return the names of what stands in the store of datasets, but for the lock."""
        folder = self.home / "datasets"
        return sorted(one.name for one in folder.iterdir() if one.name != ".lock") if folder.exists() else []

    def dataset(self, name: str = "seed") -> str:
        """Keep the seed as a dataset, and return its id."""
        kept = self("add", SEED, "--name", name, "--json").json["dataset"]
        assert isinstance(kept, str)
        return kept


def interrupted(process: subprocess.Popen[str]) -> Told:
    """Interrupt a process and those that it started, as Ctrl-C does, and return what it told."""
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    return Told(process.returncode, out, err)


def wait_for(seen: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until something is true."""
    until = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.02)


def has_open(process: int, ending: str) -> bool:
    """Tell whether a process has a file open whose path ends so."""
    return any(_opened(handle).endswith(ending) for handle in Path(f"/proc/{process}/fd").iterdir())


def _opened(handle: Path) -> str:
    """Return the path of what a handle of a process has open; "" where it was closed meanwhile."""
    try:
        return os.readlink(handle)  # noqa: PTH115 - text is what is compared
    except FileNotFoundError:
        return ""


def example(question: str, answer: str) -> dict[str, object]:
    """Return an example of one question and one answer."""
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def written(path: Path, examples: Iterable[object]) -> Path:
    """Write examples to a file, one a line."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in examples)
    return path


def lines(path: Path) -> list[Any]:
    """Return the values of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


GOOD = [example(f"Is lamp {number} dark?", f"Lamp {number} is off, in room {number * 7}.") for number in range(12)]
BAD = [
    *GOOD,
    example("I am jane.doe@lumen-homes.com, who are you?", "Sarah."),
    {"messages": [{"role": "user", "content": "And why?"}]},
    {"messages": [{"role": "alien", "content": "hi"}, {"role": "assistant"}]},
    [1, 2],
    example("Is it [bold]on[/bold]?", "It\u200b is caf\u00c3\u00a9."),
]


def run_of(sarah: Sarah, wanted: str) -> Run:
    """Return a run of the home that the commands work in."""
    with open_registry(sarah.home) as registry:
        return registry.run(wanted)
