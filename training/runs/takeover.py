"""Runs of workers that are gone: they go back into their queues, and whoever is there goes on with them."""

import time
from collections.abc import Callable, Collection
from itertools import groupby

import sqlalchemy as sa
from dbos import DBOSClient, DBOSPortableJSONSerializer, WorkflowStatus

from training.runs.lifeline import alive, hold_for_now, is_gone
from training.runs.workbench import Pace, log


class Takeover:
    """Looks after the runs of others, and gives its own back; raises SQLAlchemyError when the database is away."""

    def __init__(
        self, engine: sa.Engine, name: str, application: str, pace: Pace, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._name = name
        self._pace = pace
        self._clock = clock
        self._next = 0.0
        # Who is gone, and since when that is seen.
        self._gone: dict[str, float] = {}
        self._client = DBOSClient(
            system_database_engine=engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=application,
            lazy=True,
            # Whoever waits here would not notice that it is to stop.
            retry_connection_errors=False,
        )

    def look(self) -> None:
        """Put the runs of workers back that have been gone for so long that they surely do nothing any more."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + self._pace.beat
        at_work = {flow.executor_id or "" for flow in self._pending(None)} - {self._name}
        if not at_work:
            self._gone = {}
            return
        with self._engine.connect() as connection:
            held = alive(connection)
        self._gone = {name: self._gone.get(name, now) for name in at_work if is_gone(name, held)}
        for name, since in self._gone.items():
            if now - since >= self._pace.take_over:
                self._take_over(name)

    def _take_over(self, name: str) -> None:
        # One at a time, for what is back in its queue may be under way again when the next one looks.
        with self._engine.begin() as connection:
            if hold_for_now(connection, name):
                log.warning("%s is gone: its %d runs go on elsewhere", name, self._put_back(name))

    def give_back(self, active: Collection[str]) -> None:
        """Put one's own runs back, but for those of which a step does not come back: they have to wait."""
        self._put_back(self._name, active)

    def close(self) -> None:
        """Let go of the database."""
        self._client.destroy()

    def _pending(self, name: str | None) -> list[WorkflowStatus]:
        return self._client.list_workflows(
            status="PENDING", executor_id=name, queues_only=True, load_input=False, load_output=False
        )

    def _put_back(self, name: str, active: Collection[str] = ()) -> int:
        """Put the runs of a worker that are not active back into their queues, and return how many there were."""

        def queue(flow: WorkflowStatus) -> str:
            return flow.queue_name or ""

        pending = sorted((flow for flow in self._pending(name) if flow.workflow_id not in active), key=queue)
        for found, flows in groupby(pending, key=queue):
            self._client.resume_workflows([flow.workflow_id for flow in flows], queue_name=found)
        return len(pending)
