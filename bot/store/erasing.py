"""Taking turns out, so that none of their words is left."""

import sqlalchemy as sa

from bot.store.database import Values
from bot.tables import feedback, turns


def erase(connection: sa.Connection, which: sa.ColumnElement[bool], values: Values) -> int:
    """Leave of these turns tombstones without text or author, by which a late redelivery is still recognised.

    Returns how many there were.
    """
    gone = sa.select(turns.c.id).where(which)
    tombstone = turns.update().where(which).values(state="deleted", question="", answer="", author="")
    connection.execute(feedback.delete().where(feedback.c.turn_id.in_(gone)), values)
    return connection.execute(tombstone, values).rowcount
