"""The file that everything is kept in: short transactions, one after the other, and errors in sentences."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.event import listen
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from bot.conversation import StartupError
from bot.migrations import NewerDatabase, upgrade

T = TypeVar("T")
Values = Mapping[str, object]


class StoreError(Exception):
    """The database could not do it; the text says why and holds nothing of what a customer wrote."""


class Database:
    """One SQLite file, over one connection: SQLite writes one at a time anyway.

    Transactions run one after the other, in the order in which they were asked for; one that was begun ends even when
    its caller was cancelled.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._turn = asyncio.Lock()
        self._begun: set[asyncio.Future[Any]] = set()

    async def do(self, work: Callable[[sa.Connection], T], then: Callable[[T], None] | None = None) -> T:
        """Run one transaction; `then` hears what it brought once that is on the disk, whatever became of the caller."""
        transaction = asyncio.ensure_future(self._transaction(work, then))
        self._begun.add(transaction)
        transaction.add_done_callback(self._begun.discard)
        return await asyncio.shield(transaction)

    async def _transaction(self, work: Callable[[sa.Connection], T], then: Callable[[T], None] | None) -> T:
        try:
            async with self._turn:
                async with self._engine.begin() as connection:
                    brought = await connection.run_sync(work)
                if then:
                    then(brought)
                return brought
        except (SQLAlchemyError, UnicodeError, OverflowError) as error:
            raise StoreError(_why(error)) from error

    async def execute(self, statement: sa.Executable, values: Values | None = None) -> None:
        """Run one statement."""
        await self.do(lambda connection: connection.execute(statement, values).close())

    async def rows(self, statement: sa.Executable, values: Values | None = None) -> Sequence[sa.Row[Any]]:
        """Return all that a query finds."""
        return await self.do(lambda connection: connection.execute(statement, values).all())

    async def checkpoint(self) -> None:
        """Write everything into the file itself, and empty the log beside it, which still holds what was erased."""
        await self.do(lambda connection: connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").close())

    async def finish_begun(self) -> None:
        """Wait for the transactions whose callers have gone."""
        await asyncio.gather(*self._begun, return_exceptions=True)


@asynccontextmanager
async def open_database(path: Path) -> AsyncGenerator[Database]:
    """Open the file, bring its tables to the newest shape, and close it at the end; raises StartupError."""
    url = sa.URL.create("sqlite+aiosqlite", database=str(path))
    engine = create_async_engine(url, poolclass=StaticPool, pool_reset_on_return=None, hide_parameters=True)
    listen(engine.sync_engine, "connect", _prepare)
    try:
        await _open(engine, path)
        database = Database(engine)
        try:
            yield database
        finally:
            await database.finish_begun()
    finally:
        await engine.dispose()


def unusable(path: Path, why: str) -> StartupError:
    """Return what is said of a file that nothing can be kept in."""
    return StartupError(
        f"Conversations cannot be kept in {str(path)!r} ({why}):"
        " mend that, or point SARAH_HOME at a folder that can be written to."
    )


async def _open(engine: AsyncEngine, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        async with engine.begin() as connection:
            await connection.run_sync(upgrade)
    except NewerDatabase as newer:
        raise StartupError(
            f"{str(path)!r} was written by a newer version of this program (its tables are at {newer}):"
            " start that version, or point SARAH_HOME at another folder."
        ) from newer
    except (OSError, SQLAlchemyError) as error:
        raise unusable(path, _why(error)) from error


def _why(error: Exception) -> str:
    """Tell the database's own reason: SQLAlchemy's text would add the statement."""
    return str(error.orig) if isinstance(error, DBAPIError) else str(error)


def _prepare(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
    # What a customer had deleted is overwritten, not only unlinked.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON", "secure_delete=ON"):
        connection.cursor().execute(f"PRAGMA {pragma}")
