"""Rows that may be there already: the one place where SQLite and PostgreSQL are asked in their own words."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Rows = Sequence[Mapping[str, object]]
# Of what is inserted, SQLAlchemy counts nothing by itself.
_COUNTING = {"preserve_rowcount": True}


def _insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def add_new(connection: sa.Connection, table: sa.Table, rows: Rows, *key: str) -> int:
    """Insert the rows whose key is not there yet; returns how many."""
    statement = _insert(connection, table).on_conflict_do_nothing(index_elements=key)
    return connection.execute(statement, rows, execution_options=_COUNTING).rowcount if rows else 0


def put(connection: sa.Connection, table: sa.Table, rows: Rows, value: str, *key: str) -> int:
    """Insert rows, or give those that are there already the new value; returns how many are new or have changed."""
    statement = _insert(connection, table)
    new = statement.excluded[value]
    changing = statement.on_conflict_do_update(
        index_elements=key, set_={value: new}, where=table.c[value].is_distinct_from(new)
    )
    return connection.execute(changing, rows, execution_options=_COUNTING).rowcount if rows else 0
