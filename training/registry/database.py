"""Where the registry is kept; its file: short transactions, one writer at a time, and errors in sentences."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.event import listen
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from training.migrating import NewerDatabase
from training.place import Where, place_of
from training.registry.migrations import upgrade
from training.registry.records import RegistryError

if TYPE_CHECKING:
    from training.registry.server import Server

FILE = "registry.db"
PATIENCE_SECONDS = 10.0
_BEGIN = "begin"

T = TypeVar("T")
Work = Callable[[sa.Connection], T]


class Database:
    """A file that any number of processes and threads may have open.

    Releases of SQLite before 3.51.3 can lose a write when two connections write to a WAL or clear it in the same
    moment; hence the lock beside the file, which whoever writes or closes holds.
    """

    def __init__(self, path: Path, engine: sa.Engine) -> None:
        self._path = path
        self._reading = engine.execution_options(**{_BEGIN: "BEGIN"})
        # Taking the write lock at once, for a transaction that reads first could not take it later.
        self._writing = engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
        self._lock = FileLock(path.with_suffix(".lock"), timeout=PATIENCE_SECONDS, poll_interval=0.005)

    def read(self, work: Work[T]) -> T:
        """Look at one moment of the registry; raises RegistryError."""
        with self._errors(), self._reading.begin() as connection:
            return work(connection)

    def write(self, work: Work[T]) -> T:
        """Change the registry wholly or not at all; raises RegistryError."""
        with self._errors(), self._lock, self._writing.begin() as connection:
            return work(connection)

    def prepare(self) -> None:
        """Bring the tables to their newest shape; raises RegistryError."""
        with self._errors():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._lock, self._reading.engine.execution_options(**{_BEGIN: ""}).begin() as connection:
                upgrade(connection)

    def close(self) -> None:
        """Close every connection; the last one of all processes clears the WAL."""
        # What was written is safe either way, so a lock that cannot be had is no error any more.
        with suppress(Timeout, OSError):
            self._lock.acquire()
        self._writing.dispose()
        self._lock.release()

    @contextmanager
    def _errors(self) -> Generator[None]:
        try:
            yield
        except NewerDatabase as newer:
            raise RegistryError(
                f"{str(self._path)!r} was written by a newer version of this program (its tables are at {newer}):"
                " start that version, or point SARAH_HOME at another folder."
            ) from newer
        except Timeout:
            raise RegistryError(_locked(self._path)) from None
        # What SQLAlchemy tells holds the statement and its values, hence not where the error came from.
        except (SQLAlchemyError, OSError, OverflowError, json.JSONDecodeError) as error:
            raise RegistryError(_sentence(self._path, error)) from None


def _locked(path: Path) -> str:
    return (
        f"Another process has been writing to {str(path)!r} for more than {PATIENCE_SECONDS:g} seconds:"
        " try again, or end that process."
    )


def _sentence(path: Path, error: Exception) -> str:
    """Tell what happened in the database's own words, and what to do about it."""
    why = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    if "is locked" in why:
        return _locked(path)
    if isinstance(error, OverflowError):
        return f"The registry {str(path)!r} takes no number this large, and nothing was changed: give a smaller one."
    if "full" in why or "No space" in why or "disk I/O" in why:
        return f"There is no room left for {str(path)!r} ({why}), and nothing was changed: free some, and try again."
    return (
        f"The registry cannot be kept in {str(path)!r} ({why}):"
        " mend that, or point SARAH_HOME at a folder that can be written to."
    )


@contextmanager
def open_database(where: Where) -> Generator["Database | Server"]:
    """Open the registry of a place, and close it at the end; raises RegistryError."""
    place = place_of(where)
    if place.database:
        # Its driver takes a moment to import.
        from training.registry.server import open_server  # noqa: PLC0415

        with open_server(place.database) as server:
            yield server
    else:
        with _open_file(place.home / FILE) as file:
            yield file


def is_there(where: Where) -> bool:
    """Tell whether a place has a registry already; a database always counts as one."""
    place = place_of(where)
    return bool(place.database) or (place.home / FILE).exists()


@contextmanager
def _open_file(path: Path) -> Generator[Database]:
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)), hide_parameters=True)
    listen(engine, "connect", _prepare)
    listen(engine, "begin", _begin)
    database = Database(path, engine)
    try:
        database.prepare()
        yield database
    finally:
        database.close()


def _prepare(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
    # The driver is to begin nothing by itself: see _begin.
    connection.isolation_level = None
    milliseconds = int(PATIENCE_SECONDS * 1000)
    for pragma in (f"busy_timeout={milliseconds}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.cursor().execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    if how := connection.get_execution_options().get(_BEGIN):
        connection.exec_driver_sql(how)
