"""A process that has imported everything, and forks one worker after the other: a start costs next to nothing.

Reads orders from standard input, one JSON object a line, and answers each with two lines: the worker's process id, and
how it ended.
"""

import json
import os
import signal
import sqlite3
import sys
import time
import traceback
from itertools import count
from pathlib import Path
from typing import Any, cast

from openai import OpenAI
from sqlalchemy import PoolProxiedConnection
from sqlalchemy.engine.default import DefaultDialect

import training.engine
import training.providers.openai.client
from tests.servers.tuning import KEY
from tests.training.killing import Start
from tests.training.workflow_kit import QUICK, free
from training.bench import Bench, folder_of
from training.providers.embedded import Embedded
from training.providers.openai import OpenAIProvider
from training.registry import open_registry
from training.worker import work

# They are imported here, so that no worker has to.
_HERE = (OpenAI, training.engine, training.providers.openai.client)


def main() -> None:
    """Do what is ordered until nobody orders any more."""
    for line in sys.stdin:
        start = Start(**json.loads(line))
        child = os.fork()
        if not child:
            _be_worker(start)
        print(child, flush=True)
        print(_waited(child, start.after), flush=True)


def _waited(child: int, after: float) -> int:
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


def _be_worker(start: Start) -> None:
    try:
        if start.commit:
            _kill_before_commit(start.commit)
        home = Path(start.home)
        openai = OpenAIProvider(start.url, KEY, retries=0, sleep=lambda _: None)
        embedded = Embedded(lambda run: folder_of(home, run))
        providers = {"openai": openai, "embedded": embedded}
        with open_registry(home) as registry:
            work(Bench(home, registry, lambda plan: providers[plan.provider], free, QUICK))
    except BaseException:  # noqa: BLE001 - this is the end of the process
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _kill_before_commit(number: int) -> None:
    """Kill this process before its change of that number reaches the disk, in whichever database."""
    changes: dict[int, int] = {}
    commits = count(1)
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
