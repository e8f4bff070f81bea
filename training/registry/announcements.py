"""What PostgreSQL tells of itself: that something was written to the registry."""

import threading
import time
from collections.abc import Callable

import psycopg
from pydantic import SecretStr

from training.postgresql import UnknownDatabase, connected, named, why
from training.registry.records import RegistryError
from training.registry.server import CHANNEL

# Seconds after which a database that was away is tried again.
AGAIN = 5.0


class Announcements:
    """Hears, over a connection of its own, that something was written; to be used from any thread."""

    def __init__(self, address: SecretStr, clock: Callable[[], float] = time.monotonic) -> None:
        self._address = address
        self._clock = clock
        self._connection: psycopg.Connection | None = None
        self._heard = 0
        self._lock = threading.Lock()

    def state(self) -> tuple[int, int, int]:
        """Return what changes with everything that is written, and every few seconds while nothing can be heard.

        It asks nobody, so it costs microseconds.
        """
        with self._lock:
            self._hear()
            away = 0 if self._connection else 1 + int(self._clock() / AGAIN)
            return self._heard, 0, away

    def _hear(self) -> None:
        """Count what has arrived."""
        if self._connection is None:
            return
        server = self._connection.pgconn
        try:
            server.consume_input()
            while server.notifies():
                self._heard += 1
        except psycopg.Error:
            self._connection.close()
            self._connection = None
            # What was written meanwhile is told by nobody.
            self._heard += 1

    def listen(self) -> None:
        """See that what is written from now on is heard; raises RegistryError."""
        if self._connection:
            return
        try:
            connection = connected(self._address, "sarah listens")
            connection.execute(f"LISTEN {CHANNEL}")
        except UnknownDatabase as unknown:
            raise RegistryError(str(unknown)) from None
        except psycopg.Error as error:
            raise RegistryError(
                f"Nothing is heard from {named(self._address)} ({why(error)}): start it, or correct SARAH_DATABASE_URL."
            ) from None
        with self._lock:
            superfluous, self._connection = self._connection, connection
        if superfluous:
            superfluous.close()

    def close(self) -> None:
        """Hear nothing any more."""
        with self._lock:
            if self._connection:
                self._connection.close()
            self._connection = None
