"""DBOS, as runs are worked on with it: what they have done outlasts the process."""

import logging
import os
import time
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from training.postgresql import engine_for, named, why
from training.registry import RegistryError, Run
from training.runs.lifeline import Lifeline, lifeline, new_name
from training.runs.queues import AT_ONCE, LOCAL, heard_here, queue_of
from training.runs.takeover import Takeover
from training.runs.unheard import Unheard
from training.runs.workbench import Workbench, log
from training.runs.workflow import Workflow

_NAME = "sarah"
# A constant: every change of the code would strand the runs that are under way otherwise.
_VERSION = "1"
# Steps that do not come back in so many seconds are left to the end of the process.
_GRACE_SECONDS = 2.0
_TO_DO = ["PENDING", "ENQUEUED", "DELAYED"]
# What the shell is told by a process that was cut off: to try again.
_CUT_OFF = 75


@dataclass(frozen=True, slots=True)
class _Shared:
    """What belongs to a worker that is one of several."""

    lifeline: Lifeline
    takeover: Takeover
    unheard: Unheard


class Engine:
    """Begins runs, each once, whoever began it before."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._begun: set[str] = set()
        self.shared: _Shared | None = None
        self.workflow = Workflow(bench)

        def perform(run: str) -> str:
            return self.workflow.perform(run)

        # A process may be killed any number of times.
        self._perform = DBOS.workflow(name="run", max_recovery_attempts=None)(perform)

    def begin(self, run: Run) -> None:
        """Begin a run, unless it is under way; DBOS goes on by itself with those that a crash interrupted."""
        if run.id in self._begun:
            return
        self._begun.add(run.id)
        status = DBOS.get_workflow_status(run.id)
        if status is None:
            with SetWorkflowID(run.id):
                DBOS.enqueue_workflow(queue_of(run), self._perform, run.id)
        elif status.status not in _TO_DO:
            ended = status.status.lower()
            reason = f"The work on {run.id} has ended ({ended}) and left no result: start another run."
            self._bench.registry.update_run(run.id, state="failed", reason=reason)

    def look_after_others(self, runs: Sequence[Run]) -> None:
        """Have the runs of workers that are gone go on, and those tell so that wait for a worker that is not there.

        `runs` are all that have not ended. Raises RegistryError where this worker is cut off itself.
        """
        if self.shared is None:
            return
        database = named(self._bench.database)
        if self.shared.lifeline.is_lost:
            raise RegistryError(f"This worker was cut off from {database}: its runs go on when one is back.")
        try:
            self.shared.takeover.look()
            self.shared.unheard.look(runs)
        except SQLAlchemyError as error:
            raise RegistryError(f"Runs cannot be seen in {database} ({why(error)}): they go on then.") from None

    def raise_what_was_left(self) -> None:
        """Raise RegistryError when runs were left where they are, for what they are kept in cannot be written."""
        for error in self._bench.left:
            if isinstance(error, RegistryError):
                raise error
            told, kept = getattr(error, "orig", None) or error, str(self._bench.home)
            where = named(self._bench.database) if self._bench.database else repr(kept)
            raise RegistryError(
                f"Runs cannot be kept in {where} ({told}): mend that or make room; they go on then."
            ) from error

    def is_idle(self, run: str | None) -> bool:
        """Return whether nothing is left to do, for one run or for all."""
        if run is not None:
            status = DBOS.get_workflow_status(run)
            return status is None or status.status not in _TO_DO
        return not DBOS.list_workflows(status=_TO_DO, app_version=_VERSION, limit=1, load_input=False)

    def cut_off(self) -> None:
        """Stop, because the others take over soon; where a step does not come back, the process ends without it."""
        log.warning("This worker was cut off from the database, and stops its work.")
        self._bench.stop.set()
        self.let_come_back()
        if self._bench.anew:
            self._bench.anew()
        if self.workflow.active():
            log.warning("A step does not come back: the process ends without it.")
            logging.shutdown()
            os._exit(_CUT_OFF)

    def let_come_back(self) -> None:
        """Give the steps that are being done a moment to notice that they are to stop."""
        deadline = time.monotonic() + _GRACE_SECONDS
        while self.workflow.active() and time.monotonic() < deadline:
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop the work and DBOS, in order."""
        self._bench.stop.set()
        self.let_come_back()
        for shown in self._bench.shown.values():
            shown.close()
        DBOS.destroy(destroy_registry=True)
        if self.shared and not self.shared.lifeline.is_lost:
            try:
                self.shared.takeover.give_back(self.workflow.active())
            except SQLAlchemyError as error:
                # The others take them over then.
                log.warning("The runs could not be given back (%s).", why(error))


def launched(bench: Workbench) -> AbstractContextManager[Engine]:
    """Start DBOS where runs are kept, and stop it in order; only one may be started in a process.

    Raises RegistryError when that cannot be used.
    """
    return _among_others(bench) if bench.database else _alone(bench)


@contextmanager
def _alone(bench: Workbench) -> Generator[Engine]:
    """Work with the home's runs.db."""
    path = bench.home.resolve() / "runs.db"
    url = URL.create("sqlite", database=str(path)).render_as_string()
    try:
        _prepare(url, bench.pace.take_up)
    except DBAPIError as error:
        raise RegistryError(
            f"{str(path)!r} cannot be used ({error.orig}): move it away; the runs begin anew, and find their jobs."
        ) from None
    DBOS(config={**_config(bench), "system_database_url": url, "executor_id": "local"})
    engine = Engine(bench)
    try:
        DBOS.launch()
        yield engine
    finally:
        engine.stop()


@contextmanager
def _among_others(bench: Workbench) -> Generator[Engine]:
    """Work with a database that other workers have, too, under a name of one's own."""
    name, pace, heard = new_name(), bench.pace, heard_here()
    with ExitStack() as stack:
        database = engine_for(bench.database, {"idle_in_transaction_session_timeout": "60000"})
        stack.callback(database.dispose)
        DBOS(config={**_config(bench), "system_database_engine": database, "executor_id": name})
        DBOS.listen_queues(heard)
        engine = Engine(bench)
        held = stack.enter_context(lifeline(bench.database, name, pace, engine.cut_off, tunes=LOCAL in heard))
        takeover = Takeover(database, name, _NAME, pace)
        stack.callback(takeover.close)
        engine.shared = _Shared(held, takeover, Unheard(database, bench))
        stack.callback(engine.stop)
        try:
            DBOS.launch()
            for queue, at_once in AT_ONCE.items():
                DBOS.register_queue(queue, worker_concurrency=at_once, polling_interval_sec=pace.take_up)
        except DBAPIError as error:
            raise RegistryError(f"Runs cannot be kept in {named(bench.database)} ({why(error)}): mend that.") from None
        yield engine


def _config(bench: Workbench) -> DBOSConfig:
    return {
        "name": _NAME,
        "application_version": _VERSION,
        "log_level": "WARNING",
        "use_listen_notify": False,
        "notification_listener_polling_interval_sec": bench.pace.take_up,
        # The usual one pickles.
        "serializer": DBOSPortableJSONSerializer(),
    }


def _prepare(url: str, interval: float) -> None:
    """Make the queues before the launch: DBOS looks for new ones only once a second."""
    DBOS.migrate(url)
    client = DBOSClient(system_database_url=url, serializer=DBOSPortableJSONSerializer())
    try:
        for queue, at_once in AT_ONCE.items():
            client.register_queue(
                queue, worker_concurrency=at_once, polling_interval_sec=interval, application_name=_NAME
            )
    finally:
        client.destroy()
