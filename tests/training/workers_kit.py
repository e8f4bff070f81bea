"""What tests of several workers share: a database and a home that they have in common, and real processes."""

import os
import signal
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen

import psycopg
from pydantic import SecretStr

from tests.kit import OTHER_DATA
from tests.servers.tuning import BASE, KEY, TuningServer
from tests.training.workflow_kit import conversations, keep, record
from training.place import Place
from training.registry import Plan, Registry, Run, open_registry

LONGEST_WAIT = 60.0
MOMENT = 0.02
# Every step of a run at a server, as it is told; and what the server of the tests tells of a job.
STEPS = ["check", "split", "price", "upload", "create", "watch", "collect", "register"]


@dataclass(frozen=True, slots=True)
class Yard:
    """A home and a database that workers share, a registry in it, and a server that tunes."""

    place: Place
    registry: Registry
    server: TuningServer

    def start(self, provider: str = "openai") -> Run:
        """Queue a run."""
        base, url = ("embedded", "") if provider == "embedded" else (BASE, self.server.url)
        dataset = self.registry.datasets()[0].id
        return self.registry.start_run(Plan(dataset, provider, base, url, spending_limit_usd=1000.0), "kim", 1.0)

    def flows(self) -> dict[str, tuple[str, int, str]]:
        """Return of each run its state at DBOS, the process that has it or had it last (0: none), and its queue."""
        query = "SELECT workflow_uuid, status, executor_id, queue_name FROM dbos.workflow_status"
        with psycopg.connect(self.place.database.get_secret_value()) as connection:
            rows = connection.execute(query).fetchall()
        return {
            run: (state, int((executor or "..").split(".")[-2] or 0), queue) for run, state, executor, queue in rows
        }

    def holders(self) -> dict[str, int]:
        """Return the runs that are worked on, and the processes that do so."""
        return {run: process for run, (state, process, _) in self.flows().items() if state == "PENDING"}

    def is_watched(self, *runs: Run) -> bool:
        """Tell whether runs are so far that their jobs go on."""
        return all(self.registry.run(run.id).step == "watch" for run in runs)


@contextmanager
def yard(home: Path, database: SecretStr, server: TuningServer) -> Generator[Yard]:
    """Open a place with a dataset, whose jobs go on until they are let end."""
    dataset = keep(home, conversations())
    server.store.steps_at_a_poll = 0
    place = Place(home, database)
    with open_registry(place) as registry:
        record(registry, dataset)
        yield Yard(place, registry, server)


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that takes runs, and what it said."""

    process: Popen[str]
    said: Path

    @property
    def pid(self) -> int:
        """Its number."""
        return self.process.pid

    def says(self, words: str) -> bool:
        """Tell whether it said something."""
        return words in self.said.read_text("utf-8")

    def end(self) -> int:
        """Stop it in order, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(LONGEST_WAIT)


@contextmanager
def worker(at: Yard, name: str, program: str = "bot") -> Generator[Worker]:
    """Run `sarah worker`, and kill it at the end if it is there still."""
    variables = {
        "SARAH_HOME": str(at.place.home),
        "SARAH_DATABASE_URL": at.place.database.get_secret_value(),
        "SARAH_DATA": os.environ.get("SARAH_DATA", str(OTHER_DATA)),
        "SARAH_TUNING_URL": at.server.url,
        "SARAH_TUNING_KEY": KEY,
    }
    said = at.place.home / f"{name}.txt"
    with said.open("wb") as file:
        process = Popen(  # noqa: S603 - the program of this project
            [sys.executable, "-m", program, "worker"],
            env=os.environ | variables,
            stdout=file,
            stderr=STDOUT,
            stdin=PIPE,
            text=True,
        )
    try:
        started = Worker(process, said)
        come_true(lambda: started.says("Takes runs from") or process.poll() is not None)
        yield started
    finally:
        process.kill()
        process.communicate()


def come_true(what: Callable[[], bool], within: float = LONGEST_WAIT) -> float:
    """Wait until something is so, and return how many seconds that took."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < within
        time.sleep(MOMENT)
    return time.monotonic() - began
