"""Which model answers customers, and which did before."""

from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa

from training.registry import audits
from training.registry.models import EVERY, find, model_of
from training.registry.records import Model, Promotion, RegistryError
from training.registry.tables import models, promotions

_HISTORY = sa.select(promotions).order_by(promotions.c.seq)


def _promotion(row: sa.Row[Any]) -> Promotion:
    return Promotion(row.seq, row.model or "", row.at, row.by, row.action, row.reason, row.forced)


def history(connection: sa.Connection) -> list[Promotion]:
    """Return who answered customers when, oldest first."""
    return [_promotion(row) for row in connection.execute(_HISTORY).all()]


def champion(connection: sa.Connection) -> Model | None:
    """Return the model that answers customers, if one does."""
    newest = sa.select(sa.func.max(promotions.c.seq)).scalar_subquery()
    query = EVERY.join(promotions, promotions.c.model == models.c.id).where(promotions.c.seq == newest)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else model_of(row)


def _chain(changes: list[Promotion]) -> list[str]:
    """Return the models that a rollback would go back through, the champion last."""
    chain: list[str] = []
    for change in changes:
        if change.action == "promote":
            chain.append(change.model)
        else:
            chain.pop()
    return chain


def promote(connection: sa.Connection, change: Promotion, over: str | None, overridden: str) -> Promotion:
    """Put a model on the chain; raises RegistryError where it is the champion already, or `over` is not any more."""
    model = find(connection, change.model).id
    now = seen(connection, over)
    if now is not None and now.id == model:
        raise RegistryError(f"{model} is the champion already: there is nothing to promote.")
    action = "promote, forced" if change.forced else "promote"
    detail = f"{change.reason} (in spite of: {overridden})" if overridden else change.reason
    audits.write(connection, change.by, change.at, action, model, detail)
    return _added(connection, replace(change, model=model))


def seen(connection: sa.Connection, over: str | None) -> Model | None:
    """Return the champion, if it is the model that somebody saw ("" for none; None: whoever it is)."""
    _see_champion(connection, over, "promote")
    return champion(connection)


def _see_champion(connection: sa.Connection, over: str | None, verb: str) -> None:
    """See that the model that somebody saw answers still ("" for none; None: whoever does); raises RegistryError."""
    now = champion(connection)
    if over is None or over == (now.id if now else ""):
        return
    again = f"look at it, and {verb} again if you still want to"
    changes = history(connection)
    if not changes:
        raise RegistryError(f"No model has been promoted, {over!r} neither: look at those that there are.")
    last = changes[-1]
    if last.action == "promote":
        raise RegistryError(f"{last.model} was promoted meanwhile by {last.by}: {again}.")
    to = last.model or "the models that the bot is set up with"
    raise RegistryError(f"{last.by} rolled back meanwhile to {to}: {again}.")


def rollback(connection: sa.Connection, by: str, at: float, reason: str, *, over: str | None) -> Promotion:
    """Take the champion off the chain; raises RegistryError where there is none, or `over` is not any more."""
    _see_champion(connection, over, "roll back")
    chain = _chain(history(connection))
    if not chain:
        raise RegistryError(
            "No model has been promoted that could be rolled back: `sarah model promote` makes a champion."
        )
    before = chain[-2] if len(chain) > 1 else ""
    detail = f"to {before or 'the models that the bot is set up with'}" + (f": {reason}" if reason else "")
    audits.write(connection, by, at, "rollback", chain[-1], detail)
    return _added(connection, Promotion(0, before, at, by, "rollback", reason, forced=False))


def _added(connection: sa.Connection, change: Promotion) -> Promotion:
    values = asdict(change) | {"model": change.model or None}
    del values["seq"]
    seq = connection.execute(promotions.insert().returning(promotions.c.seq), values).scalar_one()
    return replace(change, seq=seq)
