"""Ids: made so that no other has them, and found by their beginning."""

import secrets
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import sqlalchemy as sa

from training.quoting import cited
from training.registry.records import RegistryError

_SHOWN = 3
_WAYS_OUT = {
    "run": "`sarah train list` shows those that there are.",
    "model": "`sarah model list` shows those that there are.",
    "permit": "`sarah data permissions` shows those that there are.",
    "prop": "propose the run again.",
}
_WORDS = {"permit": "permission", "prop": "proposal"}


def fresh(connection: sa.Connection, column: sa.Column[Any], kind: str) -> str:
    """Return an id such as run-1f0c22ab that is not in the column yet; the transaction holds the write lock."""
    while True:
        name = f"{kind}-{secrets.token_hex(4)}"
        if connection.execute(sa.select(column).where(column == name)).first() is None:
            return name


def found(connection: sa.Connection, column: sa.Column[Any], asked: str, kind: str) -> str:
    """Return the one id that is what was asked for, or begins with it; raises RegistryError naming near ones.

    The kind is what the ids begin with, such as run, and may be left out.
    """
    if connection.execute(sa.select(column).where(column == asked)).first() is not None:
        return asked
    beginning = f"{kind}-{asked.removeprefix(f'{kind}-')}"
    query = sa.select(column).where(column.startswith(beginning, autoescape=True)).order_by(column)
    candidates: Sequence[str] = connection.scalars(query).all() if beginning != f"{kind}-" else ()
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise RegistryError(f"{cited(asked)} could be {listed(candidates)}: write more of it.")
    raise RegistryError(
        f"There is no {_WORDS.get(kind, kind)} {cited(asked)}: {_near(connection, column, beginning, kind)}"
    )


def _near(connection: sa.Connection, column: sa.Column[Any], asked: str, kind: str) -> str:
    names = connection.scalars(sa.select(column)).all()
    return suggestion(get_close_matches(asked, names, _SHOWN), _WAYS_OUT[kind])


def suggestion(near: Sequence[str], otherwise: str) -> str:
    """Return the way out of a name that does not exist."""
    return f"did you mean {listed(near)}?" if near else otherwise


def listed(names: Sequence[str]) -> str:
    """Join names as a person would, leaving out what would be too many."""
    shown = list(names[:_SHOWN]) + ([f"{len(names) - _SHOWN} more"] if len(names) > _SHOWN else [])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
