"""The process that works on runs: one at a time for each home folder, or several that share a database."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from filelock import FileLock, Timeout

from training.place import Where, place_of
from training.runs.workbench import Interruption, Workbench, log

if TYPE_CHECKING:
    from training.runs.engine import Engine

_LOCK = "training.lock"
# Bytes, after which the log begins anew; the one before is kept.
_LARGEST_LOG = 10_000_000
_LAST_WAIT_SECONDS = 0.5


def work(bench: Workbench, until: str | None = None) -> None:
    """Work on the runs of a home folder until none is left or, with `until` (a run's id), until that one has ended.

    While another process of this machine does, wait for its turn; without `until`, only if nobody else waits already.
    SIGTERM, Ctrl-C and the bench's `stop` end the work at once, and the next start goes on with it. Raises
    RegistryError when the runs cannot be kept.
    """
    with _logged(bench.log_file), _sigterm_exits():
        try:
            while _left(bench, until):
                # One that waits is enough: it finds the runs of those who did not. Whoever lets go looks once more.
                with _held(bench.place.of_this_machine("training.next.lock")) as next_in_turn:
                    if not next_in_turn and until is None:
                        return
                    _take_turn(bench, until)
        except Interruption:
            return
        except (KeyboardInterrupt, SystemExit) as stopping:
            _end_stuck_process(stopping)
            raise


def _left(bench: Workbench, until: str | None) -> bool:
    """Return whether there is something to wait for."""
    return bool(bench.registry.unfinished()) if until is None else not bench.registry.run(until).ended


def _take_turn(bench: Workbench, until: str | None) -> None:
    """Wait until nobody else works, and work; or until there is nothing left to do."""
    while _left(bench, until):
        with _held(bench.place.of_this_machine(_LOCK)) as alone:
            if alone:
                _serve(bench, lambda engine: not _left(bench, until) and engine.is_idle(until))
                return
        bench.interruptible(bench.pace.look)


def take_runs(bench: Workbench, begun: Callable[[], None] = lambda: None) -> None:
    """Take runs from the queues of a shared database, until SIGTERM, Ctrl-C or the bench's `stop` ends that.

    What is under way goes on at the other workers then. `begun` is called once it is ready. Raises RegistryError when
    the runs cannot be kept.
    """
    with _logged(bench.log_file), _sigterm_exits():
        try:
            _serve(bench, lambda _: False, begun)
        except Interruption:
            return
        except (KeyboardInterrupt, SystemExit) as stopping:
            _end_stuck_process(stopping)
            raise


def _serve(bench: Workbench, is_done: Callable[["Engine"], bool], begun: Callable[[], None] = lambda: None) -> None:
    """Work on all runs, those that are added meanwhile too."""
    # DBOS takes half a second to import, and whoever only waits does not need it.
    from training.runs.engine import launched  # noqa: PLC0415

    # Steps are stopped at the end in any case, and the next turn begins afresh.
    with launched(replace(bench, stop=threading.Event(), shown={}, left=[], found={})) as engine:
        begun()
        while True:
            unfinished = bench.registry.unfinished()
            for run in unfinished:
                engine.begin(run)
            engine.look_after_others(unfinished)
            engine.raise_what_was_left()
            if is_done(engine):
                return
            bench.interruptible(bench.pace.look)


def is_at_work(where: Where) -> bool:
    """Return whether a process of this machine works on the runs of a place at this moment, and ends with them."""
    lock = place_of(where).of_this_machine(_LOCK)
    if not lock.exists():
        return False
    with _held(lock) as nobody:
        return not nobody


def start_in_background(where: Where) -> subprocess.Popen[bytes]:
    """Start `python -m training work` in a process of its own that outlives this one, and return it."""
    place = place_of(where)
    place.home.mkdir(parents=True, exist_ok=True)
    around = {"SARAH_HOME": str(place.home)}
    if place.database:
        around["SARAH_DATABASE_URL"] = place.database.get_secret_value()
    with place.of_this_machine("training.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "training", "work"],
            env={**os.environ, **around},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _end_stuck_process(stopping: KeyboardInterrupt | SystemExit) -> None:
    """End the process if a step does not come back, such as one that waits for a server.

    Python would wait for its thread. It is as safe to leave as in a crash.
    """
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("dbos-executor")]
    deadline = time.monotonic() + _LAST_WAIT_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    if any(thread.is_alive() for thread in threads):
        log.warning("A step does not come back: the process ends without it.")
        logging.shutdown()
        os._exit(128 + (signal.SIGTERM if isinstance(stopping, SystemExit) else signal.SIGINT))


@contextmanager
def _held(path: Path) -> Generator[bool]:
    """Hold a lock if it is free, and tell whether it was."""
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


@contextmanager
def _logged(path: Path) -> Generator[None]:
    """Write what happens to a file: nobody looks at what a process in the background prints."""
    if path.exists() and path.stat().st_size > _LARGEST_LOG:
        path.replace(path.with_suffix(".log.1"))
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    # DBOS prints to the terminal where nobody listens to it.
    loggers = [logging.getLogger(name) for name in ("training", "dbos")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        handler.close()


@contextmanager
def _sigterm_exits() -> Generator[None]:
    """Let SIGTERM end the process in order, where this is the main thread, to which signals come."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _exit(number: int, _: FrameType | None) -> NoReturn:
    # As the shell counts them.
    raise SystemExit(128 + number)
