"""Bringing the tables of a database file to their newest shape."""

from pathlib import Path

import sqlalchemy as sa


class NewerDatabase(Exception):  # noqa: N818 - a state of the file, not a fault
    """The file was written by a newer version of Sarah; the text is the revision of its tables."""


def upgrade(steps: Path, newest: str, connection: sa.Connection) -> None:
    """Take the steps of an Alembic folder up to the newest, wholly or not at all; raises NewerDatabase."""
    revision = _revision(connection)
    if revision == newest:
        return
    # Half of a cold start's time, which only a new or an older file needs to spend.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(steps).replace("%", "%%"))
    config.attributes["connection"] = connection
    if connection.dialect.name == "sqlite":
        # Python's sqlite3 begins nothing before a CREATE TABLE, and a crash would leave half of the tables.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        command.upgrade(config, newest)
    except CommandError as error:
        raise NewerDatabase(revision) from error


def _revision(connection: sa.Connection) -> str:
    """Return the revision of the tables in the file, or "" where there are none."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none() or ""
