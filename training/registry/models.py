"""Models, and where each came from."""

from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any, cast

import sqlalchemy as sa

from training.providers import Hyperparameters
from training.registry import audits
from training.registry.naming import found, fresh
from training.registry.records import Model, RegistryError, Tuned
from training.registry.runs import end_or_change
from training.registry.runs import find as find_run
from training.registry.tables import models, runs

# What a run was asked to do is read from the run, so that the two can never differ.
_OF_THE_RUN = ("dataset", "provider", "base", "base_url")
_COLUMNS = [(runs if part.name in _OF_THE_RUN else models).c[part.name].label(part.name) for part in fields(Model)]
EVERY = sa.select(*_COLUMNS).join(runs, models.c.run == runs.c.id)


def model_of(row: sa.RowMapping) -> Model:
    """Return a row of EVERY as a model."""
    learned = {"hyperparameters": Hyperparameters(**row["hyperparameters"]), "parent": row["parent"] or ""}
    return Model(**cast("dict[str, Any]", dict(row) | learned))


def find(connection: sa.Connection, asked: str) -> Model:
    """Return the model of that id, or beginning of one; raises RegistryError."""
    name = found(connection, models.c.id, asked, "model")
    return model_of(connection.execute(EVERY.where(models.c.id == name)).mappings().one())


def lineage(connection: sa.Connection, asked: str) -> Iterator[Model]:
    """Yield the model of that id, or beginning of one, then the one that it was tuned from, and so on."""
    model = find(connection, asked)
    yield model
    while model.parent:
        model = find(connection, model.parent)
        yield model


def newest_first(connection: sa.Connection) -> list[Model]:
    """Return every model."""
    return [model_of(row) for row in connection.execute(EVERY.order_by(models.c.seq.desc())).mappings()]


def register(connection: sa.Connection, tuned: Tuned, by: str, at: float) -> Model:
    """Insert the model of a run, or return the one that it has; raises RegistryError where the run did not succeed."""
    run = find_run(connection, tuned.run)
    if run.model:
        return find(connection, run.model)
    if run.state in {"failed", "cancelled"}:
        raise RegistryError(f"{run.id} has {run.state}, so nothing of it is registered: start another run.")
    parent = find(connection, tuned.parent).id if tuned.parent else None
    model = fresh(connection, models.c.id, "model")
    values = asdict(tuned) | {"id": model, "run": run.id, "parent": parent, "created_at": at}
    connection.execute(models.insert().values(**values))
    end_or_change(connection, run.id, {"state": "succeeded", "step": "done", "ended_at": at})
    audits.write(connection, by, at, "register model", model, f"{run.plan.provider} tuned {run.plan.base} in {run.id}")
    return find(connection, model)
