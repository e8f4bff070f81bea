"""Runs that somebody proposed: each starts once, as soon as everybody has agreed who has to."""

from dataclasses import asdict, fields
from typing import Any

import sqlalchemy as sa

from training.registry import audits, runs
from training.registry.naming import found, fresh
from training.registry.records import Plan, Proposal, RegistryError
from training.registry.tables import proposals

# Prices change, and nobody remembers a question of yesterday.
VALID_SECONDS = 24 * 3600
_REST = tuple(part.name for part in fields(Proposal) if part.name != "plan")


def propose(  # noqa: PLR0913 - who, when and what it costs belong to it
    connection: sa.Connection, plan: Plan, cost_usd: float | None, by: str, at: float, *, needs_second: bool
) -> Proposal:
    """Insert a proposal under an id of its own; raises RegistryError where its dataset is not recorded."""
    runs.see_dataset(connection, plan)
    proposal = fresh(connection, proposals.c.id, "prop")
    told = {"id": proposal, "cost_usd": cost_usd, "needs_second": needs_second, "by": by, "at": at}
    connection.execute(proposals.insert().values(agreed_at=0.0, approved_by="", **told, **asdict(plan)))
    cost = "at a cost that is not known" if cost_usd is None else f"for ${cost_usd:,.2f}"
    audits.write(connection, by, at, "propose run", proposal, f"{runs.described(plan)}, {cost}")
    return _exactly(connection, proposal)


def _proposal(row: sa.RowMapping) -> Proposal:
    values: dict[str, Any] = dict(row) | {"run": row["run"] or ""}
    return Proposal(plan=runs.plan_of(row), **{name: values[name] for name in _REST})


def _exactly(connection: sa.Connection, proposal: str) -> Proposal:
    return _proposal(connection.execute(sa.select(proposals).where(proposals.c.id == proposal)).mappings().one())


def find(connection: sa.Connection, asked: str) -> Proposal:
    """Return the proposal of that id, or beginning of one; raises RegistryError."""
    return _exactly(connection, found(connection, proposals.c.id, asked, "prop"))


def waiting(connection: sa.Connection, at: float) -> list[Proposal]:
    """Return the proposals that somebody may still agree to, newest first."""
    is_open = sa.and_(proposals.c.run.is_(None), proposals.c.at >= at - VALID_SECONDS)
    query = sa.select(proposals).where(is_open).order_by(proposals.c.at.desc())
    return [_proposal(row) for row in connection.execute(query).mappings()]


def agree(connection: sa.Connection, asked: str, by: str, at: float) -> Proposal:
    """Keep that somebody agrees, and start the run unless somebody else has to agree too; raises RegistryError."""
    proposal = find(connection, asked)
    _see_open(connection, proposal, at)
    _see_turn(proposal, by)
    runs.see_startable(connection, proposal.plan)
    if proposal.needs_second and by == proposal.by:
        audits.write(connection, by, at, "agree to run", proposal.id, "a second admin has to approve it")
        return _changed(connection, proposal, {"agreed_at": at})
    run = runs.start(connection, proposal.plan, by, at).id
    approved = {} if by == proposal.by else {"approved_by": by}
    audits.write(connection, by, at, "approve run" if approved else "agree to run", proposal.id, run)
    return _changed(connection, proposal, {"agreed_at": proposal.agreed_at or at, "run": run, **approved})


def _changed(connection: sa.Connection, proposal: Proposal, values: dict[str, object]) -> Proposal:
    connection.execute(proposals.update().where(proposals.c.id == proposal.id).values(**values))
    return _exactly(connection, proposal.id)


def _see_open(connection: sa.Connection, proposal: Proposal, at: float) -> None:
    """See that a proposal has started nothing and is not too old."""
    if proposal.run:
        run = runs.find(connection, proposal.run)
        raise RegistryError(f"{proposal.id} was started already by {run.by}, as {run.id}: see how that one goes.")
    if at - proposal.at > VALID_SECONDS:
        raise RegistryError(f"{proposal.id} is older than a day: start again, the price may have changed.")


def _see_turn(proposal: Proposal, by: str) -> None:
    """See that it is this person who has to agree now, where two have to: first the proposer, then somebody else."""
    if not proposal.needs_second:
        return
    if by == proposal.by and proposal.agreed_at:
        cost = proposal.cost_usd
        why = "nobody knows what it costs" if cost is None else f"it costs about ${cost:,.2f}"
        raise RegistryError(
            f"A second admin has to approve this run, because {why}: ask another to approve {proposal.id}."
        )
    if by != proposal.by and not proposal.agreed_at:
        raise RegistryError(f"{proposal.by} has to agree to {proposal.id} first, and you approve it after that.")
