"""Runs a command until it ends or whoever started this is gone: then its standard input ends, however it died.

`python watcher.py LOG GRACE COMMAND...`: what the command says goes to the file LOG, and it has GRACE seconds to stop.
It is run by its path, so that it needs nothing but Python.
"""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

# Bytes of the log, after which it is begun anew; the one before is kept beside it.
LARGEST = 10_000_000
# Seconds for what it said last.
LAST_WORDS = 2.0
_CHUNK = 65536


def main() -> int:
    """Run the command, and return its exit code."""
    log, grace, *command = sys.argv[1:]
    # A group of its own, for an engine may start processes of its own.
    engine = subprocess.Popen(  # noqa: S603 - what whoever started this chose, without a shell
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: asked.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keeping = threading.Thread(target=_keep, args=(engine.stdout, Path(log)), daemon=True)
    for thread in (
        keeping,
        threading.Thread(target=_hear, args=(asked,), daemon=True),
        threading.Thread(target=_stop, args=(engine, asked, float(grace)), daemon=True),
    ):
        thread.start()
    code = engine.wait()
    # What it started may have outlived it.
    _signal(engine, signal.SIGKILL)
    keeping.join(LAST_WORDS)
    return code if code >= 0 else 128 - code


def _hear(asked: threading.Event) -> None:
    """Ask for an end once standard input has ended."""
    while os.read(0, _CHUNK):
        pass
    asked.set()


def _stop(engine: subprocess.Popen[bytes], asked: threading.Event, grace: float) -> None:
    asked.wait()
    _signal(engine, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        engine.wait(grace)
    _signal(engine, signal.SIGKILL)


def _signal(engine: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(engine.pid, number)


def _keep(said: IO[bytes] | None, log: Path) -> None:
    """Write what the engine says to its log, and begin a new one where that has grown large."""
    while said and (chunk := os.read(said.fileno(), _CHUNK)):
        # An engine answers without a log, too: where the disk is full, its words are lost.
        with suppress(OSError):
            if log.exists() and log.stat().st_size > LARGEST:
                log.replace(log.with_suffix(".log.1"))
            with log.open("ab") as file:
                file.write(chunk)


if __name__ == "__main__":
    sys.exit(main())
