"""A process that is killed loses nothing that it acknowledged."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event

from bot.store import open_store
from tests.store_kit import answered, ask

# What SQLite calls synchronous=FULL.
FULL = 2

# Takes one question after the other and tells each as soon as it is acknowledged.
ASKING = """
import asyncio, sys
from itertools import count
from pathlib import Path
from bot.store import open_store
from tests.store_kit import ask

async def main():
    async with open_store(Path(sys.argv[1])) as store:
        for number in count():
            await store.take(ask(message_id=f"q{number}"), "r", 1.0)
            print(f"q{number}", flush=True)

asyncio.run(main())
"""


@asynccontextmanager
async def asking(path: Path) -> AsyncGenerator[Process]:
    """Run a process that keeps asking, and kill it at the end."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", ASKING, str(path), stdout=PIPE)
    try:
        yield process
    finally:
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()


async def told(process: Process) -> str:
    assert process.stdout
    return (await process.stdout.readline()).decode().strip()


async def test_every_acknowledged_question_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "sarah.db"
    async with asking(path) as process:
        acknowledged = [await told(process) for _ in range(30)]
    async with open_store(path) as store:
        kept = [turn.question.message_id for turn in await store.unfinished("slack")]
        assert kept[:30] == acknowledged == [f"q{number}" for number in range(30)]
        assert await store.take(ask(message_id="q29"), "r", 1.0) is None


async def test_every_commit_reaches_the_disk_before_it_is_acknowledged(tmp_path: Path) -> None:
    seen: set[tuple[object, object]] = set()

    def at_commit(connection: sa.Connection) -> None:
        modes = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
        seen.add((modes[0], modes[1]))

    event.listen(sa.Engine, "commit", at_commit)
    try:
        async with open_store(tmp_path / "sarah.db") as store:
            await answered(store, ask())
    finally:
        event.remove(sa.Engine, "commit", at_commit)
    assert seen == {("wal", FULL)}
