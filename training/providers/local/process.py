"""A trainer's process: begun, told to stop, ended."""

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from training.providers import ProviderError
from training.providers.local.job import LOG, PROCESSES
from training.surroundings import search_path, surroundings

_LOCK, _GROUP = ".lock", ".group"
_MODULE = "training.providers.lora"
# Seconds that the system takes at most to end a process that was killed.
_PATIENCE = 10.0
_LOOK = 0.05


def start(folder: Path, launch: str) -> subprocess.Popen[bytes]:
    """Start the trainer of a folder, through the command `launch` where one is given; raises ProviderError.

    It has a process group of its own. When this process is gone, its standard input ends, and it stops in order.
    """
    path = search_path()
    first, *others = shlex.split(launch) or [sys.executable]
    program = shutil.which(first, path=path)
    if not program:
        raise ProviderError(f"There is no program {first!r}, which SARAH_LOCAL_LAUNCH names: mend it, or leave it out.")
    with (folder / LOG).open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - what the operator set, without a shell
            [program, *others, "-m", _MODULE, str(folder.resolve()), "--tied"],
            env={**surroundings(), "PATH": path, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


@contextmanager
def at_work(folder: Path, rank: int) -> Generator[None]:
    """Hold a place at a folder's training, one for each process that takes part in it, and tell who that is."""
    place = folder / PROCESSES
    place.mkdir(exist_ok=True)
    with FileLock(place / f"{rank}{_LOCK}"):
        (place / f"{rank}{_GROUP}").write_text(json.dumps([socket.gethostname(), os.getpgrp()]))
        yield


def is_held(folder: Path) -> bool:
    """Tell whether a trainer is at work in a folder."""
    return any(_held(folder))


def _held(folder: Path) -> Iterator[Path]:
    """Yield the locks of the processes that train in a folder."""
    for file in sorted((folder / PROCESSES).glob(f"*{_LOCK}")):
        lock = FileLock(file, timeout=0)
        try:
            with lock:
                pass
        except Timeout:
            yield file


def stop(folder: Path) -> None:
    """Ask the trainer of a folder to save what it learned, and to end."""
    _signal(folder, signal.SIGTERM)


def kill(folder: Path, child: subprocess.Popen[bytes] | None) -> None:
    """End the trainer of a folder at once, with all that it started; its memory is free when this returns.

    Raises ProviderError where it does not end.
    """
    if child and child.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait(_PATIENCE)
    ends = time.monotonic() + _PATIENCE
    while is_held(folder):
        _signal(folder, signal.SIGKILL)
        if time.monotonic() > ends:
            raise ProviderError(
                f"The trainer in {folder} does not end: end the processes that {PROCESSES} there names."
            )
        time.sleep(_LOOK)


def _signal(folder: Path, number: signal.Signals) -> None:
    """Send a signal to whoever trains in a folder, as far as that is on this machine."""
    # A process that holds no lock has ended, and its number may be another's by now.
    for lock in _held(folder):
        file = lock.with_suffix(_GROUP)
        # Whoever has just taken the lock may not have written it down yet.
        host, group = json.loads((file.read_text() if file.exists() else "") or "[null, 0]")
        if host == socket.gethostname():
            with suppress(ProcessLookupError):
                os.killpg(group, number)
