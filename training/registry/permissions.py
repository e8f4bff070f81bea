"""Who allowed what to be learned from: what every example that was a message must be able to show."""

from dataclasses import asdict, fields, replace
from typing import Any, get_args

import sqlalchemy as sa

from training.registry import audits
from training.registry.naming import found, fresh
from training.registry.records import Permission, PermittingPlatform, RegistryError
from training.registry.tables import permissions

EVERYWHERE = "*"
_EVERY = sa.select(*(permissions.c[part.name] for part in fields(Permission))).order_by(permissions.c.seq)


def _permission(row: sa.Row[Any]) -> Permission:
    return Permission(*row)


def standing(connection: sa.Connection) -> list[Permission]:
    """Return the permissions that were not withdrawn, oldest first."""
    rows = connection.execute(_EVERY.where(permissions.c.withdrawn_at.is_(None))).all()
    return [_permission(row) for row in rows]


def find(connection: sa.Connection, asked: str) -> Permission:
    """Return the permission of that id, or beginning of one; raises RegistryError."""
    name = found(connection, permissions.c.id, asked, "permit")
    return _permission(connection.execute(_EVERY.where(permissions.c.id == name)).one())


def permit(connection: sa.Connection, asked: Permission) -> Permission:
    """Insert a permission under an id of its own; raises RegistryError where it could not hold."""
    _check(asked)
    permission = replace(asked, id=fresh(connection, permissions.c.id, "permit"))
    connection.execute(permissions.insert().values(**asdict(permission)))
    detail = f"{permission.platform} {permission.workspace}, from {permission.granted_by}: {permission.reference}"
    audits.write(connection, permission.recorded_by, permission.recorded_at, "permit", permission.id, detail)
    return permission


def _check(asked: Permission) -> None:
    if asked.platform not in get_args(PermittingPlatform):
        raise RegistryError(f"A permission is from discord or slack, not {asked.platform!r}: say which of them.")
    if asked.workspace == EVERYWHERE and asked.platform != "discord":
        raise RegistryError("Only Discord itself can permit every workspace: name the Slack workspace's id.")
    for name in ("workspace", "reference", "granted_by"):
        if not getattr(asked, name).strip():
            raise RegistryError(f"The permission lacks its {name.replace('_', ' ')}: without it nobody can check it.")
    if asked.until is not None and asked.until <= asked.recorded_at:
        raise RegistryError("The permission would be over already: give a day that is still to come.")


def withdraw(connection: sa.Connection, asked: str, by: str, at: float) -> Permission:
    """Mark a permission as withdrawn; raises RegistryError where it was before."""
    permission = find(connection, asked)
    if permission.withdrawn_at is not None:
        raise RegistryError(f"{permission.id} was withdrawn before: there is nothing to withdraw.")
    connection.execute(permissions.update().where(permissions.c.id == permission.id).values(withdrawn_at=at))
    audits.write(connection, by, at, "withdraw permission", permission.id)
    return replace(permission, withdrawn_at=at)
