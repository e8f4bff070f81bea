"""A process that has imported everything, and forks one worker after the other: a start costs next to nothing.

It prints a port of the loopback. Whoever connects sends a Start as a line of JSON, and is told in two lines the
worker's process id, and how it ended.
"""

import json
import os
import signal
import socket
import sys
import time
import traceback
from itertools import count
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn, cast

from sqlalchemy import PoolProxiedConnection
from sqlalchemy.engine.default import DefaultDialect

import training.providers.learning_curve
import training.providers.openai.client
import training.runs.engine
from tests.servers.tuning import KEY
from tests.training.killing import Start
from tests.training.workflow_kit import QUICK, free
from training.providers.embedded import Embedded
from training.providers.openai import OpenAIProvider
from training.registry import open_registry
from training.runs.workbench import Workbench, folder_of
from training.runs.worker import work

if TYPE_CHECKING:
    import sqlite3

# They are imported here, so that no worker has to.
_HERE = (training.runs.engine, training.providers.learning_curve, training.providers.openai.client)


def main() -> None:
    """Serve each connection in a process of its own until standard input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.create_server(("127.0.0.1", 0)) as server:
        sys.stdout.write(f"{server.getsockname()[1]}\n")
        sys.stdout.flush()
        for _ in sys.stdin:
            connection, _address = server.accept()
            if not os.fork():
                _serve(connection.makefile("rw"))
            connection.close()


def _serve(orders: IO[str]) -> NoReturn:
    """Start the workers that are asked for, one at a time."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for line in orders:
        start = Start(**json.loads(line))
        child = os.fork()
        if not child:
            _be_worker(start)
        print(child, file=orders, flush=True)
        print(_ended(child, start.after), file=orders, flush=True)
    os._exit(0)


def _ended(child: int, after: float) -> int:
    """Wait for a worker, kill it when its time is over, and return how it ended."""
    deadline = time.monotonic() + after
    while after and time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    if after:
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _be_worker(start: Start) -> NoReturn:
    try:
        if start.commit:
            _kill_before_commit(start.commit)
        home = Path(start.home)
        openai = OpenAIProvider(start.url, KEY, retries=0, sleep=lambda _: None)
        embedded = Embedded(lambda run: folder_of(home, run))
        with open_registry(home) as registry:
            work(Workbench(home, registry, lambda plan: openai if plan.provider == "openai" else embedded, free, QUICK))
    except BaseException:  # noqa: BLE001 - this is the end of the process
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _kill_before_commit(number: int) -> None:
    """Kill this process before its change of that number reaches the disk, in whichever database."""
    changes: dict[int, int] = {}
    commits = count(1)
    # It has hooks for what is asked of a database, and none for this.
    dialect = cast("Any", DefaultDialect)
    commit = dialect.do_commit

    def committed(self: object, connection: PoolProxiedConnection) -> None:
        sqlite = cast("sqlite3.Connection", connection.driver_connection)
        before, changes[id(sqlite)] = changes.get(id(sqlite), 0), sqlite.total_changes
        # Whoever only read commits too, and nothing changes by that.
        if sqlite.total_changes != before and next(commits) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        commit(self, connection)

    dialect.do_commit = committed


if __name__ == "__main__":
    main()
