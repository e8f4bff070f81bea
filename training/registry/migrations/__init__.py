"""How the registry's tables came to be, one step a file."""

from pathlib import Path

import sqlalchemy as sa

from training import migrating

NEWEST = "0003"


def upgrade(connection: sa.Connection) -> None:
    """Bring the tables to their newest shape, wholly or not at all; raises NewerDatabase."""
    migrating.upgrade(Path(__file__).parent, NEWEST, connection)
