"""Notes that whoever answers and `sarah serve` leave for each other in the home: what is asked for, what is loaded."""

import json
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from training.files import written_whole

FOLDER = "serving"
_ASKED = "asked"
_LOADED = "loaded.json"
_LOCK = "lock"
# Seconds that a model is waited for, at most; an adapter takes one, a large model with its base may take longer.
PATIENCE = 20.0
_LOOK = 0.05


def lock(home: Path, patience: float = 0.0) -> FileLock:
    """Return the lock of whoever serves a home's models; it is free as soon as that process is gone."""
    return FileLock(home / FOLDER / _LOCK, timeout=patience)


def is_served(home: Path) -> bool:
    """Tell whether somebody serves the home's models."""
    if not (home / FOLDER / _LOCK).exists():
        return False
    try:
        with lock(home):
            return False
    except Timeout:
        return True


def ask(home: Path, model: str, patience: float = PATIENCE, sleep: Callable[[float], None] = time.sleep) -> bool:
    """Ask for a model, wait until it is loaded, but not for long, and tell whether it is; raises OSError.

    Where nobody serves, nobody is waited for, but whoever begins to serve soon finds what was asked for.
    """
    with written_whole(home / FOLDER / _ASKED / model) as file:
        file.write(repr(time.time()).encode())
    ends = time.monotonic() + patience
    while not (there := model in loaded(home)) and time.monotonic() < ends and is_served(home):
        sleep(_LOOK)
    return there


def asked(home: Path) -> Mapping[str, float]:
    """Return when each model was asked for, in seconds since 1970."""
    return {file.name: _when(file) for file in _files(home)}


def state(home: Path) -> tuple[object, ...]:
    """Return what changes with everything that is asked for; costs microseconds."""
    return tuple(sorted((file.name, file.stat().st_ino, file.stat().st_mtime_ns) for file in _files(home)))


def _files(home: Path) -> Iterator[os.DirEntry[str]]:
    with suppress(OSError), os.scandir(home / FOLDER / _ASKED) as folder:
        # Those that are being written have a dot before their names.
        yield from (file for file in folder if not file.name.startswith("."))


def _when(file: os.DirEntry[str]) -> float:
    try:
        return float(Path(file.path).read_bytes())
    except (OSError, ValueError):
        return 0.0


def loaded(home: Path) -> frozenset[str]:
    """Return what every engine that can be reached has loaded."""
    try:
        return frozenset(json.loads((home / FOLDER / _LOADED).read_bytes()))
    except (OSError, ValueError):
        return frozenset()


def publish(home: Path, models: Collection[str]) -> None:
    """Tell what every engine that can be reached has loaded; raises OSError."""
    with written_whole(home / FOLDER / _LOADED) as file:
        file.write(json.dumps(sorted(models)).encode())
