"""A worker's sign of life: a lock at PostgreSQL, which is free as soon as the worker is gone or cut off."""

import os
import secrets
import selectors
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa
from psycopg.pq import ExecStatus
from pydantic import SecretStr

from training.postgresql import UnknownDatabase, connected, named, why
from training.registry import RegistryError
from training.runs.workbench import Pace

# The first half of the lock's number; the second half tells one worker from another.
_WORKERS = 0x5A12A4
# A lock that all workers share which can tune on their own machine.
_TUNERS = 0x5A12A5
_HELD = sa.text(
    "SELECT CAST(objid AS bigint) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
    " AND classid = :locks AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_HOLD = sa.text("SELECT pg_try_advisory_xact_lock(:workers, :number)")


def new_name() -> str:
    """Return a name that no worker has had: this machine, this process, and the number of its lock."""
    return f"{socket.gethostname()}.{os.getpid()}.{secrets.randbits(31)}"


def is_gone(name: str, alive: set[int]) -> bool:
    """Tell whether nobody holds the lock of a worker."""
    return _number(name) not in alive


def _number(name: str) -> int:
    number = name.rpartition(".")[2]
    return int(number) if number.isdecimal() else -1


def alive(connection: sa.Connection) -> set[int]:
    """Return the numbers whose locks somebody holds."""
    return set(connection.scalars(_HELD, {"locks": _WORKERS}))


def anyone_tunes(connection: sa.Connection) -> bool:
    """Tell whether any worker is there that can tune on its own machine."""
    return connection.scalar(_HELD, {"locks": _TUNERS}) is not None


def hold_for_now(connection: sa.Connection, name: str) -> bool:
    """Take the lock of a worker to the end of the transaction, and tell whether it was free."""
    return bool(connection.execute(_HOLD, {"workers": _WORKERS, "number": _number(name)}).scalar())


class Lifeline:
    """Holds the lock of a worker, and sees to it that it is held."""

    def __init__(self, connection: psycopg.Connection, pace: Pace, on_loss: Callable[[], None]) -> None:
        self._connection = connection
        self._pace = pace
        self._on_loss = on_loss
        self._over = threading.Event()
        self.is_lost = False
        self._thread = threading.Thread(target=self._beat, name="lifeline", daemon=True)

    def start(self) -> None:
        """Begin to look after the lock."""
        self._thread.start()

    def end(self) -> None:
        """Let the lock go."""
        self._over.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()
        self._connection.close()

    def _beat(self) -> None:
        heard = time.monotonic()
        while not self._over.wait(self._pace.beat):
            # A process that was frozen has been given up meanwhile.
            if time.monotonic() - heard > self._pace.lease or not self._answers(heard + self._pace.lease):
                self.is_lost = True
                self._on_loss()
                return
            heard = time.monotonic()

    def _answers(self, deadline: float) -> bool:
        """Tell whether the server answers before a moment, without waiting for longer than that."""
        # The usual way waits as long as the network likes.
        server = self._connection.pgconn
        try:
            server.send_query(b"SELECT 1")
            with selectors.DefaultSelector() as waiting:
                waiting.register(server.socket, selectors.EVENT_READ)
                while server.is_busy():
                    if not waiting.select(max(0.0, deadline - time.monotonic())):
                        return False
                    server.consume_input()
            results = list(iter(server.get_result, None))
        except (psycopg.Error, OSError):
            return False
        return [result.status for result in results] == [ExecStatus.TUPLES_OK]


@contextmanager
def lifeline(
    address: SecretStr, name: str, pace: Pace, on_loss: Callable[[], None], *, tunes: bool = False
) -> Generator[Lifeline]:
    """Hold a worker's lock, and that of those who tune on their own machine if it `tunes`; raises RegistryError.

    `on_loss` is called in a thread of its own when it is lost.
    """
    try:
        connection = connected(address, f"sarah worker {os.getpid()}")
        # Whoever says nothing for so long is frozen or cut off.
        connection.execute("SELECT set_config('idle_session_timeout', %s, false)", [str(int(pace.lease * 1000))])
        connection.execute("SELECT pg_advisory_lock(%s, %s)", [_WORKERS, _number(name)])
        if tunes:
            connection.execute("SELECT pg_advisory_lock_shared(%s, 0)", [_TUNERS])
    except UnknownDatabase as unknown:
        raise RegistryError(str(unknown)) from None
    except psycopg.Error as error:
        raise RegistryError(f"No worker can be kept in {named(address)} ({why(error)}): mend that.") from None
    held = Lifeline(connection, pace, on_loss)
    held.start()
    try:
        yield held
    finally:
        held.end()
