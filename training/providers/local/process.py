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
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from training.providers import ProviderError
from training.providers.local.job import LOCK, LOG, PROCESS

_MODULE = "training.providers.lora"
# What a trainer has no use for, among it every secret that the settings know; HF_TOKEN is no such, and stays.
_KEPT_BACK = ("SARAH_", "DISCORD_", "SLACK_", "OPENAI_", "WANDB_")
# Seconds that the system takes at most to end a process that was killed.
_PATIENCE = 10.0
_LOOK = 0.05


def start(folder: Path, launch: str) -> subprocess.Popen[bytes]:
    """Start the trainer of a folder, through the command `launch` where one is given; raises ProviderError.

    It has a process group of its own. When this process is gone, its standard input ends, and it stops in order.
    """
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    first, *others = shlex.split(launch) or [sys.executable]
    program = shutil.which(first, path=path)
    if not program:
        raise ProviderError(f"There is no program {first!r}, which SARAH_LOCAL_LAUNCH names: mend it, or leave it out.")
    around = {name: value for name, value in os.environ.items() if not name.startswith(_KEPT_BACK)}
    with (folder / LOG).open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - what the operator set, without a shell
            [program, *others, "-m", _MODULE, str(folder.resolve()), "--tied"],
            env={**around, "PATH": path, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def write_process(folder: Path) -> None:
    """Write down which process group trains in a folder, and on which machine; raises OSError."""
    (folder / PROCESS).write_text(json.dumps([socket.gethostname(), os.getpgrp()]))


def is_held(folder: Path) -> bool:
    """Tell whether a trainer is at work in a folder."""
    if not (folder / LOCK).exists():
        return False
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        with lock:
            return False
    except Timeout:
        return True


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
            raise ProviderError(f"The trainer in {folder} does not end: end the process that {PROCESS} there names.")
        time.sleep(_LOOK)


def _signal(folder: Path, number: signal.Signals) -> None:
    """Send a signal to whoever trains in a folder, if that is on this machine."""
    # A process that holds no lock has ended, and its number may be another's by now.
    if not is_held(folder):
        return
    # Whoever has just taken the lock may not have written it down yet.
    written = (folder / PROCESS).read_text() if (folder / PROCESS).exists() else ""
    host, group = json.loads(written or "[null, 0]")
    if host == socket.gethostname():
        with suppress(ProcessLookupError):
            os.killpg(group, number)
