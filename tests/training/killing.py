"""Starting workers, killing them, and counting what came of it."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, cast

from tests.servers.tuning import BASE, TuningServer, tuning_server
from tests.servers.tuning_faults import Moment
from tests.servers.tuning_routes import PLACES, Request
from tests.training.workflow_kit import conversations, keep, record
from training.registry import Plan, Run, open_registry

PARENT = "tests.training.killing_parent"
# Steps of a job at the server, one of them at each poll.
STEPS = 4


@dataclass(frozen=True, slots=True)
class Start:
    """One start of a worker, and when it is killed: before a commit (0: none), or after some seconds (0: never)."""

    home: str
    url: str
    commit: int = 0
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Ending:
    """What came of a run, as whoever looks at the registry and at the server sees it."""

    state: str
    jobs: tuple[str, ...]
    """The states of its jobs at the server."""
    files: int
    models: int
    told: tuple[str, ...]
    """What it told, without the names that differ from run to run."""
    measured: int
    unfinished: int
    """Runs in the registry, and workflows in DBOS, that have not ended."""


@dataclass
class Lane:
    """A server, a process that forks workers, and how often one was killed."""

    folder: Path
    server: TuningServer
    orders: IO[str]
    answers: IO[str]
    kills: int = 0
    worker: int = 0
    requests: int = 0
    """Requests of the worker so far."""
    at: dict[tuple[int, Moment], Callable[[], None]] = field(default_factory=dict[tuple[int, Moment], Callable[[], None]])
    """What happens at a request, by its number."""
    stories: int = 0

    def story(self, provider: str = "openai") -> "Story":
        """Begin a story: a home with a dataset and a run, and a server that has forgotten the last one."""
        self.stories += 1
        home = self.folder / f"home-{self.stories}"
        shutil.copytree(self.folder / "template", home)
        self.server.store.jobs.clear()
        self.server.store.files.clear()
        with open_registry(home) as registry:
            plan = Plan(registry.datasets()[0].id, provider, BASE, self.server.url, spending_limit_usd=1.0)
            return Story(self, home, registry.start_run(plan, "kim", 1.0))

    def start(self, start: Start) -> bool:
        """Let a worker work until it ends or is killed, and tell whether it was killed."""
        self.requests = 0
        print(json.dumps(asdict(start)), file=self.orders, flush=True)
        self.worker = int(self.answers.readline())
        ended = int(self.answers.readline())
        self.at.clear()
        assert ended in (0, -signal.SIGKILL), f"a worker ended with {ended}"
        self.kills += ended != 0
        return ended != 0

    def kill(self) -> None:
        """Kill the worker."""
        os.kill(self.worker, signal.SIGKILL)

    def watch(self) -> None:
        """Count the worker's requests, and do what is to happen at them."""
        for route in PLACES:
            self.server.on(route, lambda _: self._reached("before"), "before")
            self.server.on(route, lambda _: self._reached("after"), "after")

    def _reached(self, when: Moment) -> None:
        self.requests += when == "before"
        if act := self.at.get((self.requests, when)):
            act()


@dataclass(frozen=True, slots=True)
class Story:
    """One run in a home of its own, and everything that is done to it."""

    lane: Lane
    home: Path
    run: Run

    def start(self, *, commit: int = 0, after: float = 0.0) -> bool:
        """Start a worker, and tell whether it was killed."""
        return self.lane.start(Start(str(self.home), self.lane.server.url, commit, after))

    def cancel(self) -> None:
        """Ask for the run to be cancelled, unless it has ended."""
        with open_registry(self.home) as registry:
            if not registry.run(self.run.id).ended:
                registry.want_cancel(self.run.id, "kim", 2.0)

    def ending(self) -> Ending:
        """Return what came of the run."""
        jobs = tuple(job.status for job in self.lane.server.jobs)
        names = [job.id for job in self.lane.server.jobs]
        uploads = [file for file in self.lane.server.store.files.values() if file.purpose == "fine-tune"]
        with open_registry(self.home) as registry:
            run, models = registry.run(self.run.id), registry.models()
            names += [run.id, *(model.id for model in models), *(model.served_as for model in models)]
            told = [_without(event.text, names) for event in registry.events(run.id)]
            return Ending(
                state=run.state,
                jobs=jobs,
                files=len(uploads),
                models=len(models),
                told=tuple(sorted(told)),
                measured=len(registry.metrics(run.id)),
                unfinished=len(registry.unfinished()) + _under_way(self.home),
            )


def _without(text: str, names: list[str]) -> str:
    for name in filter(None, names):
        text = text.replace(name, "...")
    return text


def _under_way(home: Path) -> int:
    with closing(sqlite3.connect(home / "runs.db")) as database:
        states = Counter(row[0] for row in database.execute("SELECT status FROM workflow_status"))
    return states.total() - states["SUCCESS"]


@contextmanager
def lane(folder: Path) -> Generator[Lane]:
    """Open a lane in a folder."""
    template = folder / "template"
    dataset = keep(template, conversations())
    with open_registry(template) as registry:
        record(registry, dataset)
    command = [sys.executable, "-m", PARENT]
    with tuning_server() as server, subprocess.Popen(command, text=True, stdin=-1, stdout=-1) as parent:
        server.store.steps = STEPS
        opened = Lane(folder, server, cast("IO[str]", parent.stdin), cast("IO[str]", parent.stdout))
        opened.watch()
        yield opened
        opened.orders.close()
