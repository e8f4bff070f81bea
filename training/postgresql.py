"""PostgreSQL, as everything here speaks to it: found out soon when it is gone, and its troubles told in sentences."""

from collections.abc import Mapping
from typing import Any

import psycopg
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.event import listen
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

# Seconds that a connection may take to come about.
_PATIENCE = 5
# Either side notices in some ten seconds that the other is gone, though nobody said so.
_NOTICING = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
_NOTICED = {f"tcp_{name}" if name.startswith("keep") else name: str(value) for name, value in _NOTICING.items()}
_MOST_CONNECTIONS = 20


class UnknownDatabase(Exception):  # noqa: N818 - a slip of the pen, not a fault
    """The address of a database cannot be read; the text is a sentence that does not tell it."""

    def __init__(self) -> None:
        super().__init__("SARAH_DATABASE_URL is no address: write postgresql://name:password@server/database.")


def url_of(address: SecretStr) -> sa.URL:
    """Return the address of a database as SQLAlchemy has it; raises UnknownDatabase."""
    try:
        return sa.make_url(address.get_secret_value()).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):
        raise UnknownDatabase from None


def named(address: SecretStr) -> str:
    """Return how a database is called towards people: its name and its server."""
    try:
        url = url_of(address)
    except UnknownDatabase:
        return "the database of SARAH_DATABASE_URL"
    host = url.host or url.query.get("host") or "this machine"
    return f"the database {url.database!r} at {host if isinstance(host, str) else host[0]}"


def connected(address: SecretStr, name: str) -> psycopg.Connection:
    """Return a connection to be held for long, under a name that the server shows to whoever looks after it.

    Each statement stands by itself. Raises UnknownDatabase, and psycopg's errors.
    """
    url = url_of(address)
    _, given = url.get_dialect()().create_connect_args(url)
    told: dict[str, Any] = {**given, **_connecting(), "application_name": name}
    return psycopg.connect(autocommit=True, **told)


def _connecting() -> dict[str, str | int]:
    return {"connect_timeout": _PATIENCE, "application_name": "sarah", "keepalives": 1, **_NOTICING}


def engine_for(address: SecretStr, session: Mapping[str, str]) -> sa.Engine:
    """Return an engine whose sessions have these settings; raises UnknownDatabase. Connections are made when needed."""
    engine = sa.create_engine(
        url_of(address),
        hide_parameters=True,
        # A server that was started again is met with a new connection, and not with an error.
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=_MOST_CONNECTIONS - 5,
        pool_timeout=_PATIENCE,
        connect_args=_connecting(),
    )
    told = {**_NOTICED, **session}

    def prepare(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
        cursor = connection.cursor()
        for name, value in told.items():
            cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
        cursor.close()
        # The pool takes back what was not committed.
        connection.commit()

    listen(engine, "connect", prepare)
    return engine


def state_of(error: Exception) -> str:
    """Return PostgreSQL's own code for what happened, or ""."""
    return str(getattr(getattr(error, "orig", None) or error, "sqlstate", None) or "")


def why(error: Exception) -> str:
    """Say what happened in the database's own words, on one line, without the statement and its values."""
    original = error.orig if isinstance(error, DBAPIError) else error
    # All else that it tells holds statements and values.
    told = original.diag.message_primary if isinstance(original, psycopg.Error) else None
    return " ".join((told or str(original)).split()).rstrip(".")


def is_away(error: Exception) -> bool:
    """Tell whether the database could not be reached, or closed the connection."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    # Class 08 is about connections, 57P about a server that shuts down or starts.
    return not state_of(error) or state_of(error).startswith(("08", "57P"))
