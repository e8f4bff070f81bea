"""An engine's process: started on this machine's loopback, and ended with whoever started it."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bot.engines import watcher
from training.surroundings import surroundings

# Seconds that an engine is given for the answers that it is at, before it is killed.
GRACE = 10.0


@asynccontextmanager
async def open_process(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path, grace: float = GRACE
) -> AsyncGenerator[Process]:
    """Run a command in a folder, with what it says in a log, and end it with the block, and all that it started.

    It ends as well when this process is killed: a watcher between the two notices it.
    """
    process = await asyncio.create_subprocess_exec(
        # Nothing in the folder that it works in may pass for a module.
        *(sys.executable, "-P", watcher.__file__, str(log), str(grace), *command),
        cwd=folder,
        env={**surroundings(), "PYTHONUNBUFFERED": "1", "PYTHONSAFEPATH": "1", **environment},
        stdin=PIPE,
        # Out of reach of a Ctrl-C, which is heard here.
        start_new_session=True,
    )
    try:
        yield process
    finally:
        await _end(process, grace)


async def _end(process: Process, grace: float) -> None:
    if process.returncode is None and process.stdin:
        process.stdin.close()
    try:
        async with asyncio.timeout(2 * grace):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
