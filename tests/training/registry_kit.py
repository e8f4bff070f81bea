"""A registry for tests, over a real file or a real server, with something in it."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import LiteralString

import psycopg

from tests.store_kit import change
from training.place import Place
from training.registry import Model, Plan, Registry, Run, Tuned

DATASET = "0a1b2c3d"
PLAN = Plan(DATASET, "embedded", "nearest-example")


def started(registry: Registry, plan: Plan = PLAN, by: str = "ana", at: float = 2.0) -> Run:
    """Return a queued run, with its dataset recorded."""
    registry.record_dataset(plan.dataset, "seed", 10, 8, 2, by, 1.0)
    return registry.start_run(plan, by, at)


def registered(registry: Registry, tuned: Tuned | None = None) -> Model:
    """Return the model of a run of its own."""
    return registry.register(tuned or Tuned(started(registry).id), "worker", 3.0)


def actions(registry: Registry) -> list[str]:
    """Return what the audit log says was done, oldest first."""
    return [line.action for line in reversed(registry.audit_log(1000))]


@contextmanager
def without_audit(place: Place) -> Generator[None]:
    """Hide the table of the audit log; it is back afterwards, for later tests may use the same database."""
    behind(place, "ALTER TABLE audit RENAME TO elsewhere")
    try:
        yield
    finally:
        behind(place, "ALTER TABLE elsewhere RENAME TO audit")


def behind(place: Place, statement: LiteralString) -> None:
    """Change what is kept behind the registry's back."""
    if not place.database:
        change(place.home / "registry.db", statement)
        return
    with psycopg.connect(place.database.get_secret_value()) as connection:
        connection.execute(statement)
