"""Alembic's entry: brings the tables to the newest shape over the connection that it is handed."""

from alembic import context
from sqlalchemy import Connection

from training.registry.tables import metadata

connection: Connection = context.config.attributes["connection"]
# SQLite cannot alter most things in place; batch mode rebuilds the table.
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
