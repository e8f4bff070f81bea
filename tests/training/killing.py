"""Starting workers, killing them, and counting what came of it."""

import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from subprocess import PIPE, Popen
from typing import IO, cast

from tests.servers.tuning import BASE, TuningServer, tuning_server
from tests.servers.tuning_faults import Moment
from tests.servers.tuning_routes import PLACES
from tests.training.workflow_kit import conversations, keep, record
from training.registry import Plan, Run, open_registry

Act = Callable[[], None]

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
    """Runs that have not ended."""


@dataclass
class Lane:
    """A server, a process that forks workers, and how often one was killed."""

    folder: Path
    server: TuningServer
    parent: IO[str]
    kills: int = 0
    worker: int = 0
    requests: int = 0
    """Requests of the worker so far."""
    at: dict[tuple[int, Moment], Act] = field(default_factory=dict[tuple[int, Moment], Act])
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
        print(json.dumps(asdict(start)), file=self.parent, flush=True)
        self.worker = int(self.parent.readline())
        ended = int(self.parent.readline())
        self.at.clear()
        assert ended in (0, -signal.SIGKILL), f"a worker ended with {ended}"
        self.kills += ended != 0
        return ended != 0

    def kill(self) -> None:
        """Kill the worker."""
        os.kill(self.worker, signal.SIGKILL)

    def reached(self, when: Moment) -> None:
        """Do what is to happen now, as a request comes or was done."""
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
        names = [*(job.id for job in self.lane.server.jobs), *self.lane.server.store.files]
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
                unfinished=len(registry.unfinished()),
            )


def _without(text: str, names: list[str]) -> str:
    for name in filter(None, names):
        text = text.replace(name, "...")
    return text


@contextmanager
def lanes(folder: Path, number: int) -> Generator[list[Lane]]:
    """Open lanes that are independent of each other, in folders of their own."""
    with ExitStack() as stack:
        parent = stack.enter_context(
            Popen([sys.executable, "-m", PARENT], text=True, stdin=PIPE, stdout=PIPE)  # noqa: S603 - a program of ours
        )
        stack.callback(parent.stdin.close if parent.stdin else parent.kill)
        port = int(cast("IO[str]", parent.stdout).readline())
        yield [stack.enter_context(_lane(folder / str(at), parent, port)) for at in range(number)]


@contextmanager
def _lane(folder: Path, parent: Popen[str], port: int) -> Generator[Lane]:
    dataset = keep(folder / "template", conversations())
    with open_registry(folder / "template") as registry:
        record(registry, dataset)
    print(file=parent.stdin, flush=True)
    with tuning_server() as server, socket.create_connection(("127.0.0.1", port)) as connection:
        server.store.steps = STEPS
        opened = Lane(folder, server, connection.makefile("rw"))
        for route in PLACES:
            server.on(route, lambda _: opened.reached("before"), "before")
            server.on(route, lambda _: opened.reached("after"), "after")
        with opened.parent:
            yield opened
