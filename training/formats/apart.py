"""What a process apart reads for us: its lines are bounded, its silence is timed, and it ends when nobody listens."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from training.entries import Entry
from training.examples import DataError
from training.formats.jsonl import refuse_many, too_long
from training.formats.limits import Limits
from training.formats.source import length, opened
from training.formats.strict import Decode, NotStrict, strict_decoder

_ROOT = Path(__file__).parents[2]
_WAY_OUT = "write it again, or as JSONL"
_LONGEST_SENTENCE = 1000


def read_parquet(path: Path, limits: Limits) -> Iterator[Entry]:
    """Yield the rows of a Parquet file, counted from 1; raises DataError when they cannot be read."""
    with opened(path) as file:
        size = length(file)
    # No user's folder on the path of modules, and none of our secrets: the file may take the process over.
    command = [sys.executable, "-P", "-m", "training.formats.parquet", str(path)]
    yield from rows_of(command, path, size, limits)


def rows_of(
    command: list[str], path: Path, size: int, limits: Limits, *, clock: Callable[[], float] = time.monotonic
) -> Iterator[Entry]:
    """Yield the rows that a process writes about a file; raises DataError when it does not write them to the end."""
    decode = strict_decoder(limits.depth)
    rows, number = -1, 0
    left = limits.unpacked_bytes + limits.unpacked_ratio * size
    with _running(command) as process, _Watch(process, limits.patience_s, clock) as watch:
        while line := watch.line(limits.example_bytes + 1):
            left -= len(line)
            if left < 0:
                raise DataError(f"{path} unpacks to far more than its {size} bytes should hold: {_WAY_OUT}.")
            value = _decoded(f"{path}, row {number + 1}", line, decode, limits)
            match value:
                case str():
                    raise DataError(f"{path} {_printable(value)}.")
                case int():
                    rows = value
                case _:
                    number += 1
                    yield Entry(number, value, size * min(number, rows) // max(rows, 1))
        if watch.fired:
            raise DataError(f"{path} took more than {limits.patience_s:g} seconds for one row: {_WAY_OUT}.")
        if number != rows:
            raise DataError(f"{path} is damaged: the reader gave up after {number} rows; {_WAY_OUT}.")


def _decoded(place: str, line: bytes, decode: Decode, limits: Limits) -> object:
    if len(line) > limits.example_bytes:
        raise DataError(f"{place} {too_long(limits.example_bytes)}.")
    if len(line) > limits.example_brackets:
        refuse_many(place, line.count(b"{") + line.count(b"["), limits)
    try:
        return decode(line.decode(), 0)[0]
    except NotStrict as finding:
        raise DataError(f"{place} {finding}: mend or remove the row.") from None
    except ValueError:
        raise DataError(f"{place} cannot be read: {_WAY_OUT}.") from None


def _printable(sentence: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in sentence[:_LONGEST_SENTENCE])


@contextmanager
def _running(command: list[str]) -> Generator[subprocess.Popen[bytes]]:
    """Run a process for as long as it is listened to; what it complains of reaches nobody."""
    environment = {name: os.environ[name] for name in ("SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    environment |= {
        "PYTHONPATH": str(_ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        # Threads and pools take address space, which is scarce there.
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "OMP_NUM_THREADS": "1",
        "ARROW_IO_THREADS": "1",
    }
    process = subprocess.Popen(  # noqa: S603 - our own module, without a shell
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    try:
        yield process
    finally:
        process.kill()
        if process.stdout:
            process.stdout.close()
        process.wait()


class _Watch:
    """Reads lines from a process and kills it when it lets one wait too long; a slow consumer has all the time."""

    def __init__(self, process: subprocess.Popen[bytes], patience_s: float, clock: Callable[[], float]) -> None:
        self.fired = False
        self._process, self._patience_s = process, patience_s
        self._clock = clock
        self._since: float | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="parquet-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def line(self, most: int) -> bytes:
        """Return the next line, or its first `most` bytes; b"" when there is none, or the process was killed."""
        self._since = self._clock()
        line = self._process.stdout.readline(most) if self._process.stdout else b""
        self._since = None
        return line

    def _watch(self) -> None:
        while not self._over.wait(min(self._patience_s / 4, 1)):
            since = self._since
            if since is not None and self._clock() - since > self._patience_s:
                self.fired = True
                self._process.kill()
                return
