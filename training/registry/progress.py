"""What a run tells and measures while it goes on."""

import math
from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa

from training.providers import Event, Metric
from training.registry.naming import found
from training.registry.records import RunEvent
from training.registry.tables import events as events_table
from training.registry.tables import metrics as metrics_table
from training.registry.tables import runs
from training.registry.upserts import add_new, put


def _found(connection: sa.Connection, asked: str) -> str:
    return found(connection, runs.c.id, asked, "run")


def add_events(connection: sa.Connection, asked: str, events: Sequence[Event]) -> int:
    """Insert the events whose keys are new; returns how many."""
    run = _found(connection, asked)
    return add_new(connection, events_table, [{"run": run, **asdict(event)} for event in events], "run", "key")


def add_metrics(connection: sa.Connection, asked: str, metrics: Sequence[Metric]) -> int:
    """Insert measurements or their newest values; returns how many are new or have changed."""
    run = _found(connection, asked)
    rows = [
        {"run": run, "name": metric.name, "step": metric.step, "value": _stored(metric.value)} for metric in metrics
    ]
    return put(connection, metrics_table, rows, "value", "run", "name", "step")


def _stored(value: float) -> float | None:
    return None if math.isnan(value) else value


def events(connection: sa.Connection, asked: str, after: int) -> list[RunEvent]:
    """Return what a run told after an event, in order."""
    table = events_table.c
    query = sa.select(table.seq, table.key, table.at, table.level, table.text).order_by(table.seq)
    told = query.where(table.run == _found(connection, asked), table.seq > after)
    return [RunEvent(*row) for row in connection.execute(told)]


def metrics(connection: sa.Connection, asked: str) -> list[Metric]:
    """Return what a run measured, by name and step."""
    table = metrics_table.c
    query = sa.select(table.step, table.name, table.value).where(table.run == _found(connection, asked))
    rows = connection.execute(query.order_by(table.name, table.step))
    return [Metric(step, name, math.nan if value is None else value) for step, name, value in rows]
