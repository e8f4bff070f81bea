"""Runs: how each goes, and what somebody wants of it."""

from dataclasses import asdict, fields, replace
from typing import Any, Literal

import sqlalchemy as sa

from training.providers import Hyperparameters
from training.registry import audits
from training.registry.naming import found, fresh
from training.registry.records import Plan, RegistryError, Run, RunChanges, Wanted
from training.registry.tables import datasets, models, runs

UNFINISHED = ("queued", "running", "paused")
_IS_UNFINISHED = runs.c.state.in_(UNFINISHED)
_EVERY = sa.select(runs, models.c.id.label("model")).outerjoin(models, models.c.run == runs.c.id)
_PLAN = tuple(part.name for part in fields(Plan))
_REST = tuple(part.name for part in fields(Run) if part.name != "plan")
_AT_FIRST = {
    "state": "queued",
    "step": "waiting",
    "job": "",
    "reason": "",
    "cost_usd": 0.0,
    "trained_tokens": 0,
    "started_at": 0.0,
    "ended_at": 0.0,
    "finishes_at": 0.0,
    "cancel_wanted": False,
    "wanted": "",
}


def _run(row: sa.RowMapping) -> Run:
    values: dict[str, Any] = dict(row) | {"model": row["model"] or ""}
    return Run(plan=plan_of(row), **{name: values[name] for name in _REST})


def plan_of(row: sa.RowMapping) -> Plan:
    """Return the plan that stands in a row, whose columns are named as its fields."""
    values: dict[str, Any] = dict(row) | {"hyperparameters": Hyperparameters(**row["hyperparameters"])}
    return Plan(**{name: values[name] for name in _PLAN})


def described(plan: Plan) -> str:
    """Return a plan as the audit log tells it."""
    return f"{plan.provider} tunes {plan.base} with {plan.dataset}"


def _exactly(connection: sa.Connection, run: str) -> Run:
    return _run(connection.execute(_EVERY.where(runs.c.id == run)).mappings().one())


def find(connection: sa.Connection, asked: str) -> Run:
    """Return the run of that id, or beginning of one; raises RegistryError."""
    return _exactly(connection, found(connection, runs.c.id, asked, "run"))


def _listed(connection: sa.Connection, query: sa.Select[Any]) -> list[Run]:
    return [_run(row) for row in connection.execute(query).mappings()]


def newest_first(connection: sa.Connection) -> list[Run]:
    """Return every run."""
    return _listed(connection, _EVERY.order_by(runs.c.seq.desc()))


def unfinished(connection: sa.Connection) -> list[Run]:
    """Return the runs that have not ended, oldest first."""
    return _listed(connection, _EVERY.where(_IS_UNFINISHED).order_by(runs.c.seq))


def start(connection: sa.Connection, plan: Plan, by: str, at: float) -> Run:
    """Insert a run; raises RegistryError where its dataset is not recorded."""
    see_dataset(connection, plan)
    run = fresh(connection, runs.c.id, "run")
    connection.execute(runs.insert().values(id=run, by=by, created_at=at, **_AT_FIRST, **asdict(plan)))
    audits.write(connection, by, at, "start run", run, described(plan))
    return _exactly(connection, run)


def see_dataset(connection: sa.Connection, plan: Plan) -> None:
    """See that a plan's dataset is recorded; raises RegistryError."""
    if connection.execute(sa.select(datasets.c.id).where(datasets.c.id == plan.dataset)).first() is None:
        raise RegistryError(f"There is no dataset with the id {plan.dataset!r}: add it first, with `sarah data add`.")


def see_startable(connection: sa.Connection, plan: Plan) -> None:
    """See that a plan's dataset is recorded, and that no such run goes on already; raises RegistryError."""
    see_dataset(connection, plan)
    # What a run may cost at most does not make it another.
    wanted = replace(plan, spending_limit_usd=0.0)
    for run in unfinished(connection):
        if replace(run.plan, spending_limit_usd=0.0) == wanted:
            raise RegistryError(
                f"The same run goes on already: {run.id}, started by {run.by}; wait for its end, or cancel it."
            )


def change(connection: sa.Connection, asked: str, changes: RunChanges, by: str, at: float) -> Run:
    """Change a run that has not ended, and return it; one that has ended stays as it is."""
    before = find(connection, asked)
    values = _dated(before, changes, at)
    if not values or not end_or_change(connection, before.id, values):
        return before
    after = _exactly(connection, before.id)
    if after.state != before.state:
        audits.write(connection, by, at, f"run {after.state}", after.id, after.reason)
    if after.job != before.job:
        audits.write(connection, by, at, "run has its job", after.id, after.job)
    return after


def end_or_change(connection: sa.Connection, run: str, values: RunChanges) -> bool:
    """Change a run unless it has ended; returns whether it had not."""
    return bool(connection.execute(runs.update().where(runs.c.id == run, _IS_UNFINISHED).values(**values)).rowcount)


def _dated(run: Run, changes: RunChanges, at: float) -> RunChanges:
    """Add when a run started or ended, where it is not said."""
    dates: RunChanges = {}
    if changes.get("state") == "running" and not run.started_at:
        dates["started_at"] = at
    if changes.get("state", run.state) not in UNFINISHED:
        dates["ended_at"] = at
    return {**dates, **changes}


def want(
    connection: sa.Connection, asked: str, wanted: Literal["cancel", "pause", "resume"], by: str, at: float
) -> Run:
    """Ask a run to stop for good, to hold or to go on; raises RegistryError where it has ended."""
    run = find(connection, asked)
    values = {"cancel_wanted": True} if wanted == "cancel" else {"wanted": wanted}
    if not connection.execute(runs.update().where(runs.c.id == run.id, _IS_UNFINISHED).values(**values)).rowcount:
        raise RegistryError(f"{run.id} has ended, so there is nothing to {wanted}: {_ending(run)}.")
    audits.write(connection, by, at, f"want {wanted}", run.id)
    return _exactly(connection, run.id)


def _ending(run: Run) -> str:
    if run.state == "succeeded":
        return f"it succeeded, and made {run.model}" if run.model else "it succeeded"
    if run.state == "failed":
        return f"it failed ({run.reason.rstrip('.')})" if run.reason else "it failed"
    return "it was cancelled"


def heeded(connection: sa.Connection, asked: str, wanted: Wanted) -> Run:
    """Forget what was wanted of a run, unless it is something else by now."""
    run = find(connection, asked)
    connection.execute(runs.update().where(runs.c.id == run.id, runs.c.wanted == wanted).values(wanted=""))
    return _exactly(connection, run.id)
