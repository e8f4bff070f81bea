"""Who did what to what: a line for every change, in the transaction that makes it."""

from dataclasses import fields

import sqlalchemy as sa

from training.registry.records import AuditLine
from training.registry.tables import audit


def write(  # noqa: PLR0913, PLR0917 - a line, field by field
    connection: sa.Connection, by: str, at: float, action: str, subject: str, detail: str = ""
) -> None:
    """Add a line."""
    connection.execute(audit.insert().values(by=by, at=at, action=action, subject=subject, detail=detail))


def newest_first(connection: sa.Connection, limit: int, without: str) -> list[AuditLine]:
    """Return the newest lines, but for those of one action."""
    query = sa.select(*(audit.c[part.name] for part in fields(AuditLine))).where(audit.c.action != without)
    return [AuditLine(*row) for row in connection.execute(query.order_by(audit.c.seq.desc()).limit(limit))]
