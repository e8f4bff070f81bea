"""The registry in PostgreSQL: short transactions, one writer at a time, and errors in sentences."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError

from training.migrating import NewerDatabase
from training.postgresql import UnknownDatabase, engine_for, is_away, named, state_of, why
from training.registry.migrations import upgrade
from training.registry.records import RegistryError

PATIENCE_SECONDS = 10.0
# Where listeners hear that something was written.
CHANNEL = "sarah_registry"
# Any number, as long as nothing else in the database locks it.
_WRITERS = 0x5A12A4
_ALONE = sa.text(f"SELECT pg_advisory_xact_lock({_WRITERS})")
_ALONE_AND_TELLING = sa.text(f"SELECT pg_advisory_xact_lock({_WRITERS}), pg_notify('{CHANNEL}', '')")
# What PostgreSQL calls it.
_WAITED_TOO_LONG = {"55P03", "57014"}
_FULL = {"53100"}
_NO_SUCH_NUMBER = {"22003"}
_FORBIDDEN = {"42501"}

T = TypeVar("T")
Work = Callable[[sa.Connection], T]


class Server:
    """A database that any number of machines have open, with the same promises as a file."""

    def __init__(self, name: str, engine: sa.Engine) -> None:
        self._name = name
        self._reading = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        # Each statement sees what those committed who wrote before.
        self._writing = engine.execution_options(isolation_level="READ COMMITTED")

    def read(self, work: Work[T]) -> T:
        """Look at one moment of the registry; raises RegistryError."""
        with self._errors(), self._reading.begin() as connection:
            return work(connection)

    def write(self, work: Work[T]) -> T:
        """Change the registry wholly or not at all, and tell listeners; raises RegistryError."""
        with self._errors(), self._writing.begin() as connection:
            # What is read before something is written must not change in between.
            connection.execute(_ALONE_AND_TELLING)
            return work(connection)

    def prepare(self) -> None:
        """Bring the tables to their newest shape; raises RegistryError."""
        with self._errors(), self._writing.begin() as connection:
            connection.execute(_ALONE)
            upgrade(connection)

    def close(self) -> None:
        """Close every connection."""
        self._writing.dispose()

    @contextmanager
    def _errors(self) -> Generator[None]:
        try:
            yield
        except NewerDatabase as newer:
            raise RegistryError(
                f"{self._called} was written by a newer version of this program (its tables are at {newer}):"
                " start that version, or name another database in SARAH_DATABASE_URL."
            ) from newer
        # What SQLAlchemy tells holds the statement and its values, hence not where the error came from.
        except (SQLAlchemyError, OverflowError, json.JSONDecodeError) as error:
            raise RegistryError(self._sentence(error)) from None

    @property
    def _called(self) -> str:
        return self._name[:1].upper() + self._name[1:]

    def _sentence(self, error: Exception) -> str:
        """Tell what happened in the database's own words, and what to do about it."""
        state, told = state_of(error), why(error)
        if state in _WAITED_TOO_LONG:
            return (
                f"Another process has been writing to {self._name} for more than {PATIENCE_SECONDS:g} seconds:"
                " try again, or end that process."
            )
        if state in _NO_SUCH_NUMBER or isinstance(error, OverflowError):
            return f"{self._called} takes no number this large, and nothing was changed: give a smaller one."
        if state in _FULL:
            return (
                f"There is no room left for {self._name} ({told}), and nothing was changed: free some, and try again."
            )
        if state in _FORBIDDEN:
            return f"{self._called} does not allow it ({told}): make its user the owner of the database."
        if is_away(error):
            return f"{self._called} cannot be reached ({told}): start it, or correct SARAH_DATABASE_URL."
        return f"The registry cannot be kept in {self._name} ({told}): mend that, or correct SARAH_DATABASE_URL."


@contextmanager
def open_server(address: SecretStr) -> Generator[Server]:
    """Open the registry of a PostgreSQL database, and close it at the end; raises RegistryError."""
    milliseconds = int(PATIENCE_SECONDS * 1000)
    session = {
        "lock_timeout": f"{milliseconds}",
        "statement_timeout": f"{2 * milliseconds}",
        # Whoever freezes while it writes does not hold the others up for ever.
        "idle_in_transaction_session_timeout": f"{milliseconds}",
    }
    try:
        engine = engine_for(address, session)
    except UnknownDatabase as unknown:
        raise RegistryError(str(unknown)) from None
    server = Server(named(address), engine)
    try:
        server.prepare()
        yield server
    finally:
        server.close()
