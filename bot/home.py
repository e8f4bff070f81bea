"""The folder in which everything that is kept lives, held by one process at a time."""

from pathlib import Path

from filelock import FileLock, Timeout

from bot.conversation import StartupError


def held(home: Path) -> FileLock:
    """Hold the home folder, so that two processes never answer the same customers; raises StartupError."""
    lock = FileLock(home / "lock", timeout=0)
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise StartupError(
            f"Another process works in {home}: stop it, or give this one a folder of its own in SARAH_HOME."
        ) from None
    except OSError as error:
        raise StartupError(
            f"{home} cannot be written to ({error.strerror}): set SARAH_HOME to a folder that can."
        ) from error
    return lock
