"""DBOS, as runs are worked on with it: what they have done outlasts the process."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, SetWorkflowID
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from training.registry import RegistryError
from training.runs.workbench import Workbench
from training.runs.workflow import Workflow

_NAME = "sarah"
_QUEUE = "runs"
# A constant: every change of the code would strand the runs that are under way otherwise.
_VERSION = "1"
# Runs that go on at the same time; nearly all of their time is waiting.
_AT_ONCE = 16
# Steps that do not come back in so many seconds are left to the end of the process.
_GRACE_SECONDS = 2.0
_TO_DO = ["PENDING", "ENQUEUED", "DELAYED"]


class Engine:
    """Begins runs, each once, whoever began it before."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._begun: set[str] = set()
        self.workflow = Workflow(bench)

        def perform(run: str) -> str:
            return self.workflow.perform(run)

        # A process may be killed any number of times.
        self._perform = DBOS.workflow(name="run", max_recovery_attempts=None)(perform)

    def begin(self, run: str) -> None:
        """Begin a run, unless it is under way; DBOS goes on by itself with those that a crash interrupted."""
        if run in self._begun:
            return
        self._begun.add(run)
        status = DBOS.get_workflow_status(run)
        if status is None:
            with SetWorkflowID(run):
                DBOS.enqueue_workflow(_QUEUE, self._perform, run)
        elif status.status not in _TO_DO:
            ended = status.status.lower()
            reason = f"The work on {run} has ended ({ended}) and left no result: start another run."
            self._bench.registry.update_run(run, state="failed", reason=reason)

    def raise_what_was_left(self) -> None:
        """Raise RegistryError when runs were left where they are, for what they are kept in cannot be written."""
        for error in self._bench.left:
            if isinstance(error, RegistryError):
                raise error
            why = getattr(error, "orig", None) or error
            raise RegistryError(
                f"Runs cannot be kept in {str(self._bench.home)!r} ({why}): mend that or make room; they go on then."
            ) from error

    def is_idle(self, run: str | None) -> bool:
        """Return whether nothing is left to do, for one run or for all."""
        if run is not None:
            status = DBOS.get_workflow_status(run)
            return status is None or status.status not in _TO_DO
        return not DBOS.list_workflows(status=_TO_DO, app_version=_VERSION, limit=1, load_input=False)


@contextmanager
def launched(bench: Workbench) -> Generator[Engine]:
    """Start DBOS on the home's runs.db, and stop it in order; only one may be started in a process.

    Raises RegistryError when the file cannot be used.
    """
    path = bench.home.resolve() / "runs.db"
    url = URL.create("sqlite", database=str(path)).render_as_string()
    try:
        _prepare(url, bench.pace.take_up)
    except DBAPIError as error:
        raise RegistryError(
            f"{str(path)!r} cannot be used ({error.orig}): move it away; the runs begin anew, and find their jobs."
        ) from None
    DBOS(
        config={
            "name": _NAME,
            "system_database_url": url,
            "application_version": _VERSION,
            "executor_id": "local",
            "log_level": "WARNING",
            "notification_listener_polling_interval_sec": bench.pace.take_up,
            # The usual one pickles.
            "serializer": DBOSPortableJSONSerializer(),
        }
    )
    engine = Engine(bench)
    try:
        DBOS.launch()
        yield engine
    finally:
        bench.stop.set()
        _let_come_back(engine)
        for shown in bench.shown.values():
            shown.close()
        DBOS.destroy(destroy_registry=True)


def _prepare(url: str, interval: float) -> None:
    """Make the queue before the launch: DBOS looks for new ones only once a second."""
    DBOS.migrate(url)
    client = DBOSClient(system_database_url=url, serializer=DBOSPortableJSONSerializer())
    try:
        client.register_queue(
            _QUEUE, worker_concurrency=_AT_ONCE, polling_interval_sec=interval, application_name=_NAME
        )
    finally:
        client.destroy()


def _let_come_back(engine: Engine) -> None:
    """Give the steps that are being done a moment to notice that they are to stop."""
    deadline = time.monotonic() + _GRACE_SECONDS
    while engine.workflow.is_active() and time.monotonic() < deadline:
        time.sleep(0.01)
