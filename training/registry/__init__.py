"""The registry: datasets, runs, models, the champion, and who changed what."""

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Unpack

from training.place import Where
from training.providers import Event, Metric
from training.registry import audits, champions, datasets, models, permissions, progress, proposals, runs
from training.registry.database import Database, open_database
from training.registry.records import (
    STEPS,
    AuditLine,
    DatasetRow,
    Model,
    Permission,
    PermittingPlatform,
    Plan,
    Promotion,
    Proposal,
    RegistryError,
    Run,
    RunChanges,
    RunEvent,
    RunState,
    Step,
    Tuned,
    Wanted,
)

if TYPE_CHECKING:
    from training.registry.server import Server

__all__ = [
    "STEPS",
    "AuditLine",
    "DatasetRow",
    "Model",
    "Permission",
    "PermittingPlatform",
    "Plan",
    "Promotion",
    "Proposal",
    "Registry",
    "RegistryError",
    "Run",
    "RunChanges",
    "RunEvent",
    "RunState",
    "Step",
    "Tuned",
    "Wanted",
    "open_registry",
]


class Registry:
    """Everything about training that is kept, for several processes at once.

    An id may be shortened to a beginning that no other has. Every method raises RegistryError when it cannot do it, and
    then nothing has changed. Whoever does something (`by`) and when (`at`, seconds since 1970) is kept with it.
    """

    def __init__(self, database: "Database | Server", clock: Callable[[], float]) -> None:
        self._read, self._write, self._clock = database.read, database.write, clock

    def record_dataset(  # noqa: PLR0913, PLR0917 - a row, field by field
        self,
        id: str,  # noqa: A002 - the field's name
        name: str,
        examples: int,
        train: int,
        validation: int,
        by: str,
        at: float,
    ) -> None:
        """Know a dataset from now on; one that is known already only takes the new name."""
        row = DatasetRow(id, name, examples, train, validation, by, at)
        self._write(lambda connection: datasets.record(connection, row))

    def datasets(self) -> list[DatasetRow]:
        """Return every dataset, newest first."""
        return self._read(datasets.every)

    def dataset_named(self, id_or_name: str) -> DatasetRow:
        """Return the one dataset of that name or id."""
        return self._read(lambda connection: datasets.find(connection, id_or_name))

    def remove_dataset(self, id_or_name: str, by: str, at: float) -> None:
        """Forget a dataset that no run has used."""
        self._write(lambda connection: datasets.remove(connection, id_or_name, by, at))

    def start_run(self, plan: Plan, by: str, at: float) -> Run:
        """Queue a run for a dataset that is recorded."""
        return self._write(lambda connection: runs.start(connection, plan, by, at))

    def propose(self, plan: Plan, cost_usd: float | None, by: str, at: float, *, needs_second: bool) -> Proposal:
        """Keep a run that somebody wants, with its price; it starts when the proposer and, if needed, another agree."""
        return self._write(
            lambda connection: proposals.propose(connection, plan, cost_usd, by, at, needs_second=needs_second)
        )

    def proposal(self, id: str, /) -> Proposal:  # noqa: A002 - positional
        """Return a proposal, also one that was started."""
        return self._read(lambda connection: proposals.find(connection, id))

    def proposals(self, at: float) -> list[Proposal]:
        """Return the proposals that have started nothing and can still be agreed to, newest first."""
        return self._read(lambda connection: proposals.waiting(connection, at))

    def agree(self, id: str, by: str, at: float) -> Proposal:  # noqa: A002 - the field's name
        """Agree to a proposal of the last 24 hours; whoever is the last that has to starts its run, once."""
        return self._write(lambda connection: proposals.agree(connection, id, by, at))

    def run(self, id: str, /) -> Run:  # noqa: A002 - positional
        """Return a run."""
        return self._read(lambda connection: runs.find(connection, id))

    def runs(self) -> list[Run]:
        """Return every run, newest first."""
        return self._read(runs.newest_first)

    def unfinished(self) -> list[Run]:
        """Return the runs that have not ended, oldest first."""
        return self._read(runs.unfinished)

    def update_run(
        self,
        id: str,  # noqa: A002 - positional
        /,
        *,
        by: str = "worker",
        at: float | None = None,
        **changes: Unpack[RunChanges],
    ) -> Run:
        """Change a run that has not ended and return it; one that has ended is returned as it is.

        When it started and ended is filled in where it is not said. The audit log tells of a new state or job.
        """
        now = self._clock() if at is None else at
        return self._write(lambda connection: runs.change(connection, id, changes, by, now))

    def want_cancel(self, id: str, by: str, at: float) -> Run:  # noqa: A002 - the field's name
        """Ask a run to stop for good."""
        return self._write(lambda connection: runs.want(connection, id, "cancel", by, at))

    def want_pause(self, id: str, by: str, at: float) -> Run:  # noqa: A002 - the field's name
        """Ask a run to hold."""
        return self._write(lambda connection: runs.want(connection, id, "pause", by, at))

    def want_resume(self, id: str, by: str, at: float) -> Run:  # noqa: A002 - the field's name
        """Ask a held run to go on."""
        return self._write(lambda connection: runs.want(connection, id, "resume", by, at))

    def heeded(self, run: str, wanted: Wanted) -> Run:
        """Tell that a run did what was wanted, unless somebody wants something else by now."""
        return self._write(lambda connection: runs.heeded(connection, run, wanted))

    def add_events(self, run: str, events: Iterable[Event]) -> int:
        """Keep what a run told, each key once; returns how many were new."""
        kept = list(events)
        return self._write(lambda connection: progress.add_events(connection, run, kept))

    def add_metrics(self, run: str, metrics: Iterable[Metric]) -> int:
        """Keep what a run measured, the newest value of each step; returns how many are new or have changed."""
        kept = list(metrics)
        return self._write(lambda connection: progress.add_metrics(connection, run, kept))

    def events(self, run: str, after: int = 0) -> list[RunEvent]:
        """Return what a run told after an event's seq, in order."""
        return self._read(lambda connection: progress.events(connection, run, after))

    def metrics(self, run: str) -> list[Metric]:
        """Return what a run measured, by name and step."""
        return self._read(lambda connection: progress.metrics(connection, run))

    def register(self, tuned: Tuned, by: str, at: float) -> Model:
        """Keep the model of a run, which succeeds by it; a second time, return the one that is kept."""
        return self._write(lambda connection: models.register(connection, tuned, by, at))

    def model(self, id: str, /) -> Model:  # noqa: A002 - positional
        """Return a model."""
        return self._read(lambda connection: models.find(connection, id))

    def lineage(self, id: str, /) -> list[Model]:  # noqa: A002 - positional
        """Return a model, the model that it was tuned from, and so on."""
        return self._read(lambda connection: list(models.lineage(connection, id)))

    def models(self) -> list[Model]:
        """Return every model, newest first."""
        return self._read(models.newest_first)

    def champion(self) -> Model | None:
        """Return the model that answers customers; None where the models that the bot is set up with answer."""
        return self._read(champions.champion)

    def promotions(self) -> list[Promotion]:
        """Return who answered customers when, oldest first."""
        return self._read(champions.history)

    def see_champion(self, over: str | None) -> Model | None:
        """Return the champion, if it is `over` ("" for none; None: whoever it is); raises RegistryError if not."""
        return self._read(lambda connection: champions.seen(connection, over))

    def promote(  # noqa: PLR0913 - who, when and why belong to it
        self,
        model: str,
        by: str,
        at: float,
        reason: str = "",
        *,
        forced: bool = False,
        over: str | None = None,
        overridden: str = "",
    ) -> Promotion:
        """Let a model answer customers from now on, if the champion is `over` ("" for none; None: whoever it is).

        The audit log tells of what spoke against it and was `overridden`.
        """
        change = Promotion(0, model, at, by, "promote", reason, forced)
        return self._write(lambda connection: champions.promote(connection, change, over, overridden))

    def rollback(self, by: str, at: float, reason: str = "", *, over: str | None = None) -> Promotion:
        """Let the model answer that did before the champion was promoted; a second time, the one before that.

        If the champion is `over`, the id of the model that was seen to answer ("" for none; None: whoever it is).
        """
        return self._write(lambda connection: champions.rollback(connection, by, at, reason, over=over))

    def audit(self, by: str, at: float, action: str, subject: str, detail: str = "") -> None:
        """Write down what somebody did elsewhere; what is done here is written down by itself."""
        self._write(lambda connection: audits.write(connection, by, at, action, subject, detail))

    def audit_log(self, limit: int = 100, without: str = "") -> list[AuditLine]:
        """Return the newest lines of the audit log, newest first, but for those of one action."""
        return self._read(lambda connection: audits.newest_first(connection, limit, without))

    def permit(  # noqa: PLR0913, PLR0917 - a row, field by field
        self,
        platform: PermittingPlatform,
        workspace: str,
        reference: str,
        granted_by: str,
        recorded_by: str,
        recorded_at: float,
        until: float | None = None,
    ) -> Permission:
        """Record a permission to learn from a workspace's messages; only Discord's may be for all ("*")."""
        asked = Permission("", platform, workspace, reference, granted_by, recorded_by, recorded_at, until)
        return self._write(lambda connection: permissions.permit(connection, asked))

    def permissions(self) -> list[Permission]:
        """Return the permissions that were not withdrawn, oldest first, those that are over among them."""
        return self._read(permissions.standing)

    def permission(self, id: str, /) -> Permission:  # noqa: A002 - positional
        """Return a permission, also one that was withdrawn."""
        return self._read(lambda connection: permissions.find(connection, id))

    def withdraw(self, id: str, by: str, at: float) -> Permission:  # noqa: A002 - the field's name
        """End a permission; what was made under it can still be traced to it."""
        return self._write(lambda connection: permissions.withdraw(connection, id, by, at))


@contextmanager
def open_registry(where: Where, clock: Callable[[], float] = time.time) -> Generator[Registry]:
    """Open the registry of a place, made where there is none; raises RegistryError."""
    with open_database(where) as database:
        yield Registry(database, clock)
