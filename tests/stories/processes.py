"""What an admin's story needs of real processes: their settings, and an end of what works on runs."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from tests.servers.tuning import BASE, KEY, TuningServer
from tests.training.local_kit import LAUNCH
from training.registry import RegistryError, open_registry

# Seconds until what works on runs must have ended, once every run has.
LAST_WAIT = 180.0


def settings(data: Path, server: TuningServer) -> dict[str, str]:
    """Return the variables of a process that answers for a company and tunes at a server."""
    return {
        "SARAH_DATA": str(data),
        "SARAH_TUNING_URL": server.url,
        "SARAH_TUNING_KEY": KEY,
        "SARAH_TUNING_MODEL": BASE,
        "SARAH_LOCAL_LAUNCH": LAUNCH,
        "SARAH_APPROVAL_ABOVE": "1000",
        # The story's company has no bulbs, and would refuse to speak of them.
        "SARAH_GUARD": "false",
    }


@contextmanager
def around(said: Mapping[str, str]) -> Generator[None]:
    """Let this be the whole environment while the block lasts, for settings and for processes that are started."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(said)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@asynccontextmanager
async def with_runs(home: Path) -> AsyncGenerator[None]:
    """Let the process that works on a home's runs end with the block: it does where no run is left."""
    try:
        yield
    finally:
        await asyncio.to_thread(_end_runs, home)


def _end_runs(home: Path) -> None:
    with open_registry(home) as registry:
        for run in registry.unfinished():
            # One that has ended since is no longer in the way.
            with suppress(RegistryError):
                registry.want_cancel(run.id, "tests", time.time())
    with FileLock(home / "training.lock", timeout=LAST_WAIT):
        pass
